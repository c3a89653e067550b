/**
 * Who may approve and sign certificates of which signer, and which nobody may ask for. In: requests
 * for certificates and their sub-resources. Out: refusals.
 */
import type { CertificateSigningRequest } from "@rktnetes/api/types/certificates-v1";
import type { Authorizer } from "../auth/authorizer.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { requestsMasters } from "./signing-request.ts";
import { isCreate, refused, targetOf, typed } from "./subject.ts";

const REQUESTS = "certificates.k8s.io/certificatesigningrequests";
const CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client";

export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateApproval",
    validate: async (request) => {
      if (request.operation !== "UPDATE" || targetOf(request) !== `${REQUESTS}/approval`) return;
      await checkSigner(authorizer, request, "approve");
    },
  };
}

export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateSigning",
    validate: async (request) => {
      if (request.operation !== "UPDATE" || targetOf(request) !== `${REQUESTS}/status`) return;
      const before = typed<CertificateSigningRequest>(request.old).status;
      const after = typed<CertificateSigningRequest>(request.object).status;
      const failed = (status: typeof before): boolean =>
        (status?.conditions ?? []).some(({ type }) => type === "Failed");
      const isSame = before?.certificate === after?.certificate;
      if (isSame && failed(before) === failed(after)) return;
      await checkSigner(authorizer, request, "sign");
    },
  };
}

export const CERTIFICATE_SUBJECT_RESTRICTION: AdmissionPlugin = {
  name: "CertificateSubjectRestriction",
  validate: (request) => {
    if (!isCreate(request, REQUESTS)) return;
    const { spec } = typed<CertificateSigningRequest>(request.object);
    if (spec.signerName !== CLIENT_SIGNER) return;
    if (!requestsMasters(Buffer.from(spec.request ?? "", "base64"))) return;
    throw refused(
      request,
      `use of ${CLIENT_SIGNER} signer with system:masters group is not allowed`,
    );
  },
};

async function checkSigner(
  authorizer: Authorizer,
  request: AdmissionRequest,
  verb: "approve" | "sign",
): Promise<void> {
  const { signerName } = typed<CertificateSigningRequest>(request.old).spec;
  const domain = signerName.slice(0, signerName.indexOf("/"));
  for (const name of [signerName, `${domain}/*`]) {
    const { allowed } = await authorizer.authorize(request.context.user, {
      verb,
      isResource: true,
      path: "",
      group: "certificates.k8s.io",
      version: "*",
      namespace: "",
      resource: "signers",
      subresource: "",
      name,
    });
    if (allowed) return;
  }
  const signer = JSON.stringify(signerName);
  throw refused(request, `user not permitted to ${verb} requests with signerName ${signer}`);
}

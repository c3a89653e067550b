/**
 * Nodes get the certificates by which they are clients without anybody's doing. In: requests. Out:
 * approval of those whose sender may have such certificates.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import type { SubjectAccessReview } from "@rktnetes/api/types/authorization-v1";
import type { CertificateSigningRequest } from "@rktnetes/api/types/certificates-v1";
import type { Place } from "@rktnetes/client/client";
import { Fault } from "@shared/base";
import type { Controller, ControllerHost, RequestedCertificate } from "../controller.ts";
import { conditionTimeOf, followRequests, pemOf, REQUESTS } from "./requests.ts";
import { KUBELET_CLIENT, kubeletClientProblem } from "./signer-rules.ts";

export const APPROVING: Controller = {
  name: "certificatesigningrequest-approving-controller",
  run,
};

const REVIEWS: Place = {
  group: "authorization.k8s.io",
  version: "v1",
  resource: "subjectaccessreviews",
};

async function run(host: ControllerHost): Promise<void> {
  await followRequests(host, async (object) => {
    await settle(host, object);
    return undefined;
  });
}

async function settle(host: ControllerHost, object: JsonObject): Promise<void> {
  const request = object as unknown as CertificateSigningRequest;
  const { spec, status } = request;
  if ((status?.certificate ?? "") !== "" || spec.signerName !== KUBELET_CLIENT) return;
  const isDecided = (["Approved", "Denied"] as const).some(
    (type) => conditionTimeOf(request, type) !== undefined,
  );
  const requested = isDecided ? undefined : read(host, request);
  if (requested === undefined) return;
  if (kubeletClientProblem(requested, spec.usages ?? []) !== undefined) return;
  if (spec.username === requested.commonName && (await may(host, request, "selfnodeclient"))) {
    await approve(host, object, "Auto approving self kubelet client certificate");
  } else if (await may(host, request, "nodeclient")) {
    await approve(host, object, "Auto approving kubelet client certificate");
  }
}

function read(
  { signer }: ControllerHost,
  request: CertificateSigningRequest,
): RequestedCertificate | undefined {
  try {
    return signer?.read(pemOf(request));
  } catch (error) {
    if (Fault.from(error).kind === "invalid") return undefined; // for people to decide
    throw error;
  }
}

async function may(
  { client }: ControllerHost,
  { spec }: CertificateSigningRequest,
  subresource: string,
): Promise<boolean> {
  const { username = "", uid = "", groups, extra } = spec;
  const resource = "certificatesigningrequests";
  const resourceAttributes = {
    ...{ group: "certificates.k8s.io", version: "*", resource, subresource },
    verb: "create",
  };
  const asked = { user: username, uid, groups: groups ?? [], extra: extra ?? {} };
  const review = await client.create(REVIEWS, {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { ...asked, resourceAttributes },
  });
  return (review as unknown as SubjectAccessReview).status?.allowed ?? false;
}

async function approve(
  { client, clock }: ControllerHost,
  object: JsonObject,
  what: string,
): Promise<void> {
  const { status, metadata } = object as unknown as CertificateSigningRequest;
  const time = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
  const condition = {
    ...{ type: "Approved", status: "True", reason: "AutoApproved" },
    message: `${what} after SubjectAccessReview.`,
    ...{ lastUpdateTime: time, lastTransitionTime: time },
  };
  const conditions = [...(status?.conditions ?? []), condition];
  const place = { ...REQUESTS, name: metadata.name ?? "", subresource: "approval" };
  await client.replace(place, {
    ...object,
    status: { ...status, conditions } as unknown as JsonObject,
  });
}

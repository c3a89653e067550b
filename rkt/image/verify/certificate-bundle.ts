/**
 * Sigstore bundles whose signer is known by a certificate. In: a bundle, the signed image and what
 * a trust policy says; out: who signed which of the image's documents. All offline: the authorities
 * and logs are those of the policy's trusted root, the time is the log's.
 *
 * @see sigstore client specification, "Verification"
 */
import { readFileSync } from "node:fs";
import {
  parseStatement,
  type SignedClaim,
  type SigstoreBundle,
  type SigstoreTrust,
} from "@rkt/spec";
import type { TrustedRoot } from "@sigstore/protobuf-specs";
import { Fault, quote } from "@shared/base";
import type { FetchedDocument } from "../oci/resolve-oci.ts";

/** Who signed, and the signed sentence. */
export interface CertifiedClaim {
  readonly subject: string;
  readonly issuer: string;
  readonly claim: SignedClaim;
}

/** @throws {Fault} "denied", "invalid" · "precondition" the trusted root cannot be read */
export async function checkCertificateBundle(
  bundle: SigstoreBundle,
  documents: readonly FetchedDocument[],
  trust: SigstoreTrust,
): Promise<CertifiedClaim> {
  const { content } = bundle;
  const message =
    content.kind === "message" ? documents.find((d) => d.digest === content.digest) : undefined;
  if (content.kind === "message" && message === undefined) {
    throw new Fault("denied", `its signature is for ${quote(content.digest)}, another image`);
  }
  const identity = await verifyBundle(bundle, message?.bytes, trust.trustedRoot);
  checkIdentity(identity, trust);
  const claim =
    content.kind === "statement" ? parseStatement(content.payload) : { digests: [content.digest] };
  return { subject: trust.subject, issuer: trust.issuer, claim };
}

interface Identity {
  readonly subject: string | undefined;
  readonly issuer: string | undefined;
}

async function verifyBundle(
  { document }: SigstoreBundle,
  artifact: Uint8Array | undefined,
  trustedRoot: string,
): Promise<Identity> {
  const { toSignedEntity, toTrustMaterial, Verifier } = await import("@sigstore/verify");
  const { bundleFromJSON } = await import("@sigstore/bundle");
  const material = toTrustMaterial(await readTrustedRoot(trustedRoot));
  const thresholds = { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 };
  try {
    const bytes = artifact === undefined ? undefined : Buffer.from(artifact);
    const entity = toSignedEntity(bundleFromJSON(document), bytes);
    const { identity } = new Verifier(material, thresholds).verify(entity);
    return { subject: identity?.subjectAlternativeName, issuer: identity?.extensions?.issuer };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Fault("denied", `its sigstore bundle does not hold: ${reason}`);
  }
}

/** Letter for letter: the library would take the subject as a pattern that may match anywhere. */
function checkIdentity({ subject, issuer }: Identity, trust: SigstoreTrust): void {
  if (subject === trust.subject && issuer === trust.issuer) return;
  const found = `${quote(subject ?? "")} of ${quote(issuer ?? "")}`;
  throw new Fault("denied", `it is signed by ${found}, whom no policy names`);
}

async function readTrustedRoot(path: string): Promise<TrustedRoot> {
  const { TrustedRoot: parser } = await import("@sigstore/protobuf-specs");
  try {
    return parser.fromJSON(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    // Not one of those kinds that mean "this signature proves nothing": nothing could be proven.
    throw new Fault("precondition", `read trusted root ${quote(path)}`, { cause });
  }
}

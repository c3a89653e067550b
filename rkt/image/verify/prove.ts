/**
 * The proof that a container image comes from who it says. In: its documents, the place it comes
 * from, and what is demanded; out: the first attached signature by a trusted key that says the
 * right digest and the right name. Fetches no layer.
 */
import {
  type OciOrigin,
  parseSigstoreBundle,
  parseSimpleSigning,
  parseStatement,
  type SignedClaim,
  type SigstoreBundle,
} from "@rkt/spec";
import { describeFault, Fault, type FaultKind, quote } from "@shared/base";
import type { OciSource } from "../fetch/oci-source.ts";
import type { ImageHost } from "../host.ts";
import type { Verification } from "../image.ts";
import type { FetchedDocument } from "../oci/resolve-oci.ts";
import { attachedProofs, type ProofCandidate } from "./attached-proofs.ts";
import { type Demand, unproven } from "./demand.ts";
import { imageKeysFor } from "./image-keys.ts";
import { type ImageKey, isSignedBy } from "./public-key.ts";
import { coversReference, parseSignedIdentity } from "./trust-name.ts";

/** What is to be proven. */
export interface SignedImage {
  readonly origin: OciOrigin;
  /** Outermost first; each names the next, so a signature of one is a signature of all below it. */
  readonly documents: readonly FetchedDocument[];
}

type ProofHost = Pick<ImageHost, "keyTrees" | "note" | "clock">;
type ProofDemand = Demand & { kind: "proof" };

interface Question {
  readonly image: SignedImage;
  readonly demand: ProofDemand;
}

/** Faults that mean "this one proves nothing". */
const NO_PROOF: readonly FaultKind[] = ["denied", "invalid", "corrupt", "unsupported"];

/** @throws {Fault} "denied", and the source's faults */
export async function proveOrigin(
  host: ProofHost,
  source: OciSource,
  question: Question,
): Promise<Verification> {
  const { image, demand } = question;
  let problem: string | undefined;
  for await (const candidate of attachedProofs(
    source,
    image.documents.map((d) => d.digest),
  )) {
    try {
      const proof = await check(host, candidate, question);
      host.note(`image: signature verified:\n  ${describeProof(proof)}`);
      return proof;
    } catch (error) {
      if (!NO_PROOF.includes(Fault.from(error).kind)) throw error;
      problem ??= describeFault(error);
    }
  }
  const reason = problem ?? "no signature is attached to it";
  throw unproven(`image ${quote(demand.name)} verification failed: ${reason}`, demand);
}

function describeProof(proof: Verification): string {
  if (proof.kind === "cosign") return `${proof.identity} (key sha256:${proof.fingerprint})`.trim();
  return proof.kind === "sigstore" ? `${proof.identity} (${proof.issuer})` : proof.kind;
}

async function check(
  host: ProofHost,
  candidate: ProofCandidate,
  question: Question,
): Promise<Verification> {
  if (candidate.kind === "problem") throw new Fault("invalid", candidate.reason);
  if (candidate.kind === "payload") return checkPayload(host, candidate, question);
  const bundle = parseSigstoreBundle(candidate.text);
  if (bundle.certificate === true) return await checkCertificate(bundle, question);
  return checkKeyBundle(host, bundle, question);
}

/** Only a trust policy can say whose certificates count. */
async function checkCertificate(
  bundle: SigstoreBundle,
  { image, demand }: Question,
): Promise<Verification> {
  const trust = demand.rule?.sigstore;
  if (trust === undefined) {
    throw new Fault("denied", "its signature is by a certificate, and no policy says whose count");
  }
  const { checkCertificateBundle } = await import("./certificate-bundle.ts");
  const signer = await checkCertificateBundle(bundle, image.documents, trust);
  const { subject: identity, issuer, claim } = signer;
  const { name } = demand;
  return { kind: "sigstore", identity, issuer, name, digest: digestMeant(claim, image) };
}

/** The name in the payload decides which keys count where the reference has none. */
function checkPayload(
  host: ProofHost,
  { payload, signature }: ProofCandidate & { kind: "payload" },
  { image, demand }: Question,
): Verification {
  const claim = parseSimpleSigning(payload);
  const reference = claim.reference ?? "";
  const identity = parseSignedIdentity(reference);
  const { origin } = image;
  const name = origin.kind === "docker" ? demand.name : identity.name;
  const signer = signerAmong(imageKeysFor(host.keyTrees, name), payload, [signature]);
  const digest = digestMeant(claim, image);
  if (origin.kind === "docker" && !coversReference(identity, origin)) {
    throw new Fault("denied", `it is signed as ${quote(reference)}`);
  }
  if (identity.digest !== undefined && !image.documents.some((d) => d.digest === identity.digest)) {
    throw new Fault("denied", `it is signed as ${quote(reference)}`);
  }
  return { kind: "cosign", fingerprint: signer.fingerprint, identity: reference, digest };
}

/** A bundle names no image: for a layout, whose name nobody knows, root keys only. */
function checkKeyBundle(
  host: ProofHost,
  { content, signatures }: SigstoreBundle,
  { image, demand }: Question,
): Verification {
  const name = image.origin.kind === "docker" ? demand.name : undefined;
  const keys = imageKeysFor(host.keyTrees, name);
  if (content.kind === "statement") {
    const { fingerprint } = signerAmong(keys, content.signed, signatures);
    const digest = digestMeant(parseStatement(content.payload), image);
    return { kind: "cosign", fingerprint, identity: name ?? "", digest };
  }
  const message = image.documents.find(({ digest }) => digest === content.digest);
  if (message === undefined) throw otherDigest(content.digest);
  const { fingerprint } = signerAmong(keys, message.bytes, signatures);
  return { kind: "cosign", fingerprint, identity: name ?? "", digest: message.digest };
}

function signerAmong(
  keys: readonly ImageKey[],
  message: Uint8Array,
  signatures: readonly Uint8Array[],
): ImageKey {
  const signer = keys.find((key) => signatures.some((each) => isSignedBy(key, message, each)));
  if (signer !== undefined) return signer;
  throw new Fault("denied", "its signature is by no key that is trusted for it");
}

/** The document of the image that the claim vouches for. */
function digestMeant({ digests }: SignedClaim, image: SignedImage): FetchedDocument["digest"] {
  const meant = image.documents.find(({ digest }) => digests.includes(digest));
  if (meant !== undefined) return meant.digest;
  throw otherDigest(digests[0] ?? "");
}

function otherDigest(digest: string): Fault {
  return new Fault("denied", `its signature is for ${quote(digest)}, another image`);
}

/**
 * Signatures that lie beside an image. In: a place of images and the digests of its documents; out:
 * one candidate after the other, as fetched: nothing of them is proven yet. What cannot be read is
 * handed out too, as a problem, because another one may do.
 *
 * @see cosign specs/SIGNATURE_SPEC.md, "Storage"; cosign specs/BUNDLE_SPEC.md, "Retrieval"
 */
import {
  type OciArtifact,
  type OciDescriptor,
  type OciDigest,
  parseOciArtifact,
  SIGSTORE_BUNDLE_TYPE,
} from "@rkt/spec";
import { describeFault, Fault, type FaultKind, MiB } from "@shared/base";
import { type Attachments, checkBytes, type OciSource } from "../fetch/oci-source.ts";
import { readSmallBlob } from "../fetch/small-blob.ts";

export type ProofCandidate =
  /** Simple signing: the signed bytes, and the signature over them. */
  | { readonly kind: "payload"; readonly payload: Uint8Array; readonly signature: Uint8Array }
  | { readonly kind: "bundle"; readonly text: string }
  | { readonly kind: "problem"; readonly reason: string };

const PAYLOAD_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json";
const SIGNATURE = "dev.cosignproject.cosign/signature";
const BLOB_BYTES_MAX: number = MiB;
const CANDIDATES_MAX = 64;
/** Each is asked for by itself, also where nothing is in it. */
const REFERRERS_MAX = 256;
/** Whoever puts these beside an image must not keep others from being looked at. */
const SURVIVED: readonly FaultKind[] = [
  ...(["invalid", "corrupt", "not-found", "unsupported", "exhausted"] as const),
];

const UNREACHED: readonly FaultKind[] = ["unavailable", "timeout", "denied"];

export async function* attachedProofs(
  source: OciSource,
  digests: readonly OciDigest[],
): AsyncGenerator<ProofCandidate, void, undefined> {
  let count = 0;
  for (const digest of digests) {
    for await (const candidate of proofsOf(source, digest)) {
      if (count++ === CANDIDATES_MAX) return;
      yield candidate;
    }
  }
}

async function* proofsOf(
  source: OciSource,
  digest: OciDigest,
): AsyncGenerator<ProofCandidate, void, undefined> {
  const { attachments, attachmentsByPlace: places } = source;
  if (places !== undefined) {
    for (const place of places.slice(0, -1)) yield* proofsAtMirror(source, place, digest);
    const last = places.at(-1);
    if (last !== undefined) yield* proofsAt(source, last, digest);
  } else if (attachments !== undefined) yield* proofsAt(source, attachments, digest);
}

/**
 * One that does not answer has no proof; that it failed was said when it was asked for the image.
 */
async function* proofsAtMirror(
  source: OciSource,
  mirror: Attachments,
  digest: OciDigest,
): AsyncGenerator<ProofCandidate, void, undefined> {
  try {
    yield* proofsAt(source, mirror, digest);
  } catch (error) {
    if (!UNREACHED.includes(Fault.from(error).kind)) throw error;
  }
}

async function* proofsAt(
  source: OciSource,
  attachments: Attachments,
  digest: OciDigest,
): AsyncGenerator<ProofCandidate, void, undefined> {
  yield* surviving(async function* () {
    const tagged = await attachments.tagged(`${digest.replace(":", "-")}.sig`);
    if (tagged !== undefined) yield* proofsIn(source, artifactOf(tagged));
  });
  yield* surviving(async function* () {
    const listed = await attachments.referrers(digest);
    for (const entry of listed.filter(mayHoldProof).slice(0, REFERRERS_MAX)) {
      yield* surviving(async function* () {
        const bytes = await source.manifest(entry);
        checkBytes(bytes, entry);
        yield* proofsIn(source, artifactOf(bytes));
      });
    }
  });
}

/** Registries need not tell the type in the list. */
function mayHoldProof({ artifactType }: OciDescriptor): boolean {
  if (artifactType === undefined || SIGSTORE_BUNDLE_TYPE.test(artifactType)) return true;
  return artifactType.startsWith("application/vnd.dev.cosign.");
}

async function* proofsIn(
  source: OciSource,
  artifact: OciArtifact,
): AsyncGenerator<ProofCandidate, void, undefined> {
  for (const blob of artifact.blobs) {
    const signature = blob.annotations?.[SIGNATURE];
    const isBundle = SIGSTORE_BUNDLE_TYPE.test(blob.mediaType);
    if (!isBundle && (blob.mediaType !== PAYLOAD_TYPE || signature === undefined)) continue;
    yield* surviving(async function* () {
      const bytes = await readSmallBlob(source, blob, BLOB_BYTES_MAX);
      if (isBundle) yield { kind: "bundle", text: new TextDecoder().decode(bytes) };
      else {
        const decoded = Buffer.from(signature ?? "", "base64");
        yield { kind: "payload", payload: bytes, signature: decoded };
      }
    });
  }
}

function artifactOf(bytes: Uint8Array): OciArtifact {
  return parseOciArtifact(new TextDecoder().decode(bytes));
}

/** What is wrong with an attachment is a candidate that failed; a network that fails is a fault. */
async function* surviving(
  look: () => AsyncGenerator<ProofCandidate, void, undefined>,
): AsyncGenerator<ProofCandidate, void, undefined> {
  try {
    yield* look();
  } catch (error) {
    if (!SURVIVED.includes(Fault.from(error).kind)) throw error;
    yield { kind: "problem", reason: describeFault(error) };
  }
}

/**
 * Bills of materials that are attached to a container image. In: a reference, or a stored image;
 * out: what its registry or layout has of them. They are shown as they are: nobody proves that they
 * tell the truth.
 *
 * @see OCI image-spec 1.1, manifest.md, subject; cosign's SBOM_SPEC.md; BuildKit's
 * attestation-storage.md
 */
import {
  type ImageReference,
  type OciDescriptor,
  type OciDigest,
  type Platform,
  parseOciArtifact,
  parseOciDocument,
} from "@rkt/spec";
import { Fault, MiB, quote } from "@shared/base";
import { openLayout } from "../fetch/layout.ts";
import type { OciSource } from "../fetch/oci-source.ts";
import { openRegistry } from "../fetch/registry.ts";
import { readSmallBlob } from "../fetch/small-blob.ts";
import { type ImageHost, type Insecure, SECURE } from "../host.ts";
import { type FetchedDocument, resolveImage } from "../oci/resolve-oci.ts";

/** Where container images are, with what is attached to them. */
export type AttachedReference = ImageReference & { readonly kind: "docker" | "oci" };

/** Which image is meant, and what may be left unchecked on the way to it. */
export interface SbomOptions {
  readonly platform: Platform;
  readonly insecure?: Insecure;
  /** The manifest that is meant, where a tag may have moved on. */
  readonly manifest?: OciDigest;
}

/** One bill of materials. */
export interface Sbom {
  readonly digest: OciDigest;
  readonly type: "spdx" | "cyclonedx" | "syft";
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** How it was found. */
  readonly from: "referrer" | "tag" | "index";
  /** The document itself. */
  readonly read: () => Promise<Uint8Array>;
}

const DOCUMENT_BYTES_MAX: number = 128 * MiB;
const IN_TOTO = "application/vnd.in-toto+json";
const PREDICATE_TYPE = "in-toto.io/predicate-type";

/**
 * All that there are, in the order in which they were found.
 *
 * @throws {Fault} "not-found" the image, "unavailable", "denied", "corrupt"
 */
export async function findSboms(
  host: ImageHost,
  reference: AttachedReference,
  options: SbomOptions,
): Promise<readonly Sbom[]> {
  const { insecure = SECURE, platform, manifest } = options;
  const source =
    reference.kind === "docker"
      ? await openRegistry(host, reference, { insecure, credentials: undefined })
      : openLayout(reference);
  const { documents } = await resolveImage(reference, source, platform);
  const isSame = documents.some(({ digest }) => digest === manifest);
  const digests =
    manifest === undefined || isSame ? documents.map(({ digest }) => digest) : [manifest];
  const found = [
    ...(await fromReferrers(source, digests)),
    ...(await fromTags(source, digests)),
    ...(await fromIndex(source, documents, digests)),
  ];
  return [...new Map(found.map((sbom) => [sbom.digest, sbom])).values()];
}

async function fromReferrers(source: OciSource, digests: readonly OciDigest[]): Promise<Sbom[]> {
  const found: Sbom[] = [];
  for (const digest of digests) {
    for (const descriptor of (await source.attachments?.referrers(digest)) ?? []) {
      if (!mayHoldSbom(descriptor)) continue;
      const { blobs } = parseOciArtifact(textOf(await source.manifest(descriptor)));
      found.push(...sbomsOf(source, blobs, "referrer"));
    }
  }
  return found;
}

/** Signatures are referrers too, and there may be many. */
function mayHoldSbom({ artifactType = "" }: OciDescriptor): boolean {
  return artifactType === "" || typeOf(artifactType) !== undefined || /sbom/i.test(artifactType);
}

/** What `cosign attach sbom` pushes. */
async function fromTags(source: OciSource, digests: readonly OciDigest[]): Promise<Sbom[]> {
  const found: Sbom[] = [];
  for (const digest of digests) {
    const bytes = await source.attachments?.tagged(`${digest.replace(":", "-")}.sbom`);
    if (bytes === undefined) continue;
    found.push(...sbomsOf(source, parseOciArtifact(textOf(bytes)).blobs, "tag"));
  }
  return found;
}

/** BuildKit keeps them in the index, as manifests for no platform. */
async function fromIndex(
  source: OciSource,
  documents: readonly FetchedDocument[],
  digests: readonly OciDigest[],
): Promise<Sbom[]> {
  const found: Sbom[] = [];
  for (const { bytes } of documents) {
    const document = parseOciDocument(textOf(bytes));
    if (document.kind !== "index") continue;
    for (const entry of document.manifests.filter((each) => isAttestation(each, digests))) {
      const { blobs } = parseOciArtifact(textOf(await source.manifest(entry)));
      found.push(...sbomsOf(source, blobs, "index"));
    }
  }
  return found;
}

function isAttestation(
  { annotations = {} }: OciDescriptor,
  digests: readonly OciDigest[],
): boolean {
  const about = annotations["vnd.docker.reference.digest"];
  const isAbout = digests.some((digest) => digest === about);
  return annotations["vnd.docker.reference.type"] === "attestation-manifest" && isAbout;
}

function sbomsOf(source: OciSource, blobs: readonly OciDescriptor[], from: Sbom["from"]): Sbom[] {
  return blobs.flatMap((blob) => {
    const { digest, size, mediaType, annotations } = blob;
    const predicate = mediaType === IN_TOTO ? annotations?.[PREDICATE_TYPE] : undefined;
    const type = typeOf(predicate ?? mediaType);
    if (type === undefined) return [];
    const read = async (): Promise<Uint8Array> => {
      const bytes = await readSmallBlob(source, blob, DOCUMENT_BYTES_MAX);
      return predicate === undefined ? bytes : predicateOf(bytes);
    };
    return [{ digest, type, mediaType, sizeBytes: size, from, read }];
  });
}

function typeOf(name: string): Sbom["type"] | undefined {
  if (/spdx/i.test(name)) return "spdx";
  if (/cyclonedx/i.test(name)) return "cyclonedx";
  return /syft/i.test(name) ? "syft" : undefined;
}

/** The document inside of an in-toto statement. */
function predicateOf(statement: Uint8Array): Uint8Array {
  let document: unknown;
  try {
    document = JSON.parse(textOf(statement));
  } catch {
    throw new Fault("corrupt", "read the attestation: it is no JSON");
  }
  if (typeof document === "object" && document !== null && "predicate" in document) {
    return Buffer.from(`${JSON.stringify(document.predicate)}\n`);
  }
  throw new Fault("corrupt", `read the attestation: it has no ${quote("predicate")}`);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/**
 * Manifests of what is attached to an image: signatures, attestations, bills of materials. A text
 * flows in, its subject, type and blobs flow out. Says nothing of what the blobs mean.
 *
 * @see OCI image-spec 1.1, manifest.md, "Guidelines for Artifact Usage"
 */
import { given, parseDocument, readList, readText, readTextMap } from "./document.ts";
import { type OciDescriptor, readDescriptor } from "./oci-image.ts";

/** A manifest whose blobs need not be layers of a file system. */
export interface OciArtifact {
  /** What it is; the media type of its configuration where it does not say. */
  readonly artifactType: string;
  /** What it is attached to; absent where a tag tells. */
  readonly subject?: OciDescriptor;
  readonly blobs: readonly OciDescriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

const LIMIT_BYTES = 4 * 1024 * 1024;
const BLOBS_MAX = 1000;

/** The artifact that a manifest is. Faults: invalid. */
export function parseOciArtifact(text: string): OciArtifact {
  const what = "artifact manifest";
  const document = parseDocument(text, { what, limitBytes: LIMIT_BYTES });
  const config = document["config"] ?? undefined;
  const type = readText(document["artifactType"], "artifactType");
  const subject = document["subject"] ?? undefined;
  const blobs = readList(document["layers"], "layers", readDescriptor) ?? [];
  return given<OciArtifact>({
    artifactType: type || (config === undefined ? "" : readDescriptor(config, "config").mediaType),
    subject: subject === undefined ? undefined : readDescriptor(subject, "subject"),
    blobs: blobs.slice(0, BLOBS_MAX),
    annotations: readTextMap(document["annotations"], "annotations"),
  });
}

/**
 * What a layout holds beside an image. In: the layout's index and a way to read a manifest; out:
 * documents by tag, the manifests that refer to a digest, and the index without any of them.
 * Touches no disk itself.
 *
 * @see OCI Image Specification 1.1, manifest.md, "subject"; cosign's `save`
 */
import { type OciDescriptor, type OciIndex, parseOciArtifact } from "@rkt/spec";
import { Fault } from "@shared/base";
import type { Attachments } from "./oci-source.ts";

const REFERENCE_NAME = "org.opencontainers.image.ref.name";
/** How `cosign save` marks the entries of its layouts. */
const COSIGN_KIND = "kind";
const COSIGN_ATTACHMENTS: readonly string[] = ["sigs", "atts", "sboms"].map(
  (name) => `dev.cosignproject.cosign/${name}`,
);
/** Some writers say of an image too what its configuration is. */
const IMAGE_TYPE = "application/vnd.oci.image.config.v1+json";
const ATTACHED_TAG = /^sha(?:256|512)-[0-9a-f]{64,128}(?:\.(?:sig|att|sbom))?$/;
const ENTRIES_MAX = 200;

export interface LayoutAccess {
  readonly index: () => OciIndex;
  /** The bytes of a manifest, digest and size checked. */
  readonly manifest: (descriptor: OciDescriptor) => Promise<Uint8Array>;
}

export function layoutAttachments({ index, manifest }: LayoutAccess): Attachments {
  return {
    tagged: async (tag) => {
      const { manifests } = index();
      const entry =
        manifests.find((each) => tagOf(each) === tag) ?? savedSignatures(tag, manifests);
      return entry === undefined ? undefined : await manifest(entry);
    },
    referrers: async (digest) => {
      const found: OciDescriptor[] = [];
      for (const entry of index().manifests.filter(mayRefer).slice(0, ENTRIES_MAX)) {
        const artifact = artifactOf(await manifest(entry));
        if (artifact?.subject?.digest !== digest) continue;
        found.push({ ...entry, artifactType: artifact.artifactType });
      }
      return found;
    },
  };
}

/** The images of a layout alone: what is attached to them is none. */
export function withoutAttachments(index: OciIndex): OciIndex {
  return { ...index, manifests: index.manifests.filter((entry) => !isAttachment(entry)) };
}

function isAttachment(entry: OciDescriptor): boolean {
  const kind = entry.annotations?.[COSIGN_KIND] ?? "";
  const tagged = ATTACHED_TAG.test(tagOf(entry) ?? "");
  const { artifactType = IMAGE_TYPE } = entry;
  return artifactType !== IMAGE_TYPE || COSIGN_ATTACHMENTS.includes(kind) || tagged;
}

/** A layout of `cosign save` has one entry for all signatures of its image, without a tag. */
function savedSignatures(
  tag: string,
  manifests: readonly OciDescriptor[],
): OciDescriptor | undefined {
  const kind = `dev.cosignproject.cosign/${tag.slice(tag.lastIndexOf(".") + 1)}s`;
  return manifests.find(({ annotations }) => annotations?.[COSIGN_KIND] === kind);
}

/** What names its platform is an image. */
function mayRefer(entry: OciDescriptor): boolean {
  return entry.platform === undefined;
}

function tagOf(entry: OciDescriptor): string | undefined {
  return entry.annotations?.[REFERENCE_NAME];
}

/** Undefined for an index and for what is no manifest. */
function artifactOf(bytes: Uint8Array): ReturnType<typeof parseOciArtifact> | undefined {
  try {
    return parseOciArtifact(new TextDecoder().decode(bytes));
  } catch (error) {
    if (Fault.from(error).kind === "invalid") return undefined;
    throw error;
  }
}

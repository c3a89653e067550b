/**
 * A container image as the store has it, document by document, for ways out of the store. In: an
 * image of the store; out: its manifest, configuration and layers with the files that hold them.
 * Changes nothing.
 */
import { readFileSync } from "node:fs";
import {
  type DockerReference,
  type OciConfig,
  type OciDescriptor,
  type OciLayer,
  type OciManifest,
  pairLayers,
  parseDockerReference,
  parseOciConfig,
  parseOciManifest,
  valueOf,
} from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { digestOf } from "../fetch/oci-source.ts";
import type { StoredImage } from "../image.ts";
import type { Store } from "../store/store.ts";

export type ReadableStore = Pick<Store, "blobsOf" | "blobPath" | "hasBlob" | "list">;

/** A container image of the store with its documents, as far as they are small, at hand. */
export interface StoredOci {
  readonly image: StoredImage;
  readonly manifestBytes: Uint8Array;
  readonly manifestType: string;
  readonly manifest: OciManifest;
  readonly config: OciConfig;
  readonly configBytes: Uint8Array;
  /** Bottom first; the store has the blob of each. */
  readonly layers: readonly OciLayer[];
  /** As it was named by people; undefined for an image of a layout. */
  readonly name: DockerReference | undefined;
}

const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** @throws {Fault} "unsupported" for an ACI, "not-found" where a layer's blob is gone */
export function readStoredOci(store: ReadableStore, image: StoredImage): StoredOci {
  const read = documentsOf(store, image);
  const own = pairLayers(read.manifest, read.config);
  const layers = own.map((layer) => availableLayer(store, layer));
  const changed = layers.some((layer, at) => layer !== own[at]);
  const { manifestBytes, manifest } = changed ? rewritten(read.manifestBytes, layers) : read;
  const { mediaType } = JSON.parse(manifestBytes.toString()) as { mediaType?: unknown };
  return {
    image,
    manifestBytes,
    manifestType: typeof mediaType === "string" ? mediaType : OCI_MANIFEST,
    manifest,
    config: read.config,
    configBytes: read.configBytes,
    layers,
    name: nameOf(image),
  };
}

interface Documents {
  readonly manifestBytes: Buffer;
  readonly manifest: OciManifest;
  readonly configBytes: Buffer;
  readonly config: OciConfig;
}

function documentsOf(store: ReadableStore, image: StoredImage): Documents {
  if (image.format !== "oci") {
    throw new Fault("unsupported", `image ${quote(image.name)} is an ACI`, {
      hint: "an ACI leaves the store by rkt image export",
    });
  }
  const [manifestDigest, configDigest] = store.blobsOf(image.id);
  if (manifestDigest === undefined || configDigest === undefined) {
    throw new Fault("corrupt", "read the image's record: it names no manifest");
  }
  const manifestBytes = readFileSync(store.blobPath(manifestDigest));
  const configBytes = readFileSync(store.blobPath(configDigest));
  return {
    manifestBytes,
    manifest: parseOciManifest(manifestBytes.toString()),
    configBytes,
    config: parseOciConfig(configBytes.toString()),
  };
}

/** A layer that came with another image may have been compressed in another way there. */
function availableLayer(store: ReadableStore, layer: OciLayer): OciLayer {
  if (store.hasBlob(layer.descriptor.digest)) return layer;
  for (const other of store.list().filter(({ format }) => format === "oci")) {
    const { manifest, config } = documentsOf(store, other);
    const same = pairLayers(manifest, config).find(
      ({ diffId, descriptor }) => diffId === layer.diffId && store.hasBlob(descriptor.digest),
    );
    if (same !== undefined) return same;
  }
  throw new Fault("not-found", `find the archive of layer ${quote(layer.diffId)} in the store`, {
    hint: "remove the image and fetch it again",
  });
}

/** The manifest with these layers: the configuration, which names their content, stays. */
function rewritten(
  bytes: Buffer,
  layers: readonly OciLayer[],
): Pick<Documents, "manifestBytes" | "manifest"> {
  const document = JSON.parse(bytes.toString()) as Record<string, unknown>;
  const descriptors = layers.map(({ descriptor: { mediaType, digest, size } }) => ({
    mediaType,
    digest,
    size,
  }));
  const manifestBytes = Buffer.from(JSON.stringify({ ...document, layers: descriptors }));
  return { manifestBytes, manifest: parseOciManifest(manifestBytes.toString()) };
}

/** The name under which it was fetched, tagged or loaded. */
function nameOf({ manifest, name }: StoredImage): DockerReference | undefined {
  const registry = valueOf(manifest.annotations, "appc.io/docker/registryurl");
  return registry === undefined ? undefined : parseDockerReference(name);
}

export function manifestDescriptor({ manifestBytes, manifestType }: StoredOci): OciDescriptor {
  const digest = digestOf(manifestBytes, "sha256");
  return { mediaType: manifestType, digest, size: manifestBytes.length };
}

/**
 * Another name for a stored container image. In: the image and the name; out: the image under it.
 * Its names from before go on to mean it.
 */
import { type DockerReference, fullDockerReference, toImageManifest } from "@rkt/spec";
import { Fault } from "@shared/base";
import { digestOf } from "../fetch/oci-source.ts";
import type { StoredImage } from "../image.ts";
import type { Store } from "../store/store.ts";
import { readStoredOci, type ReadableStore } from "./stored-oci.ts";

type TagStore = ReadableStore & Pick<Store, "addImage" | "touch">;

/** @throws {Fault} "unsupported" for an ACI, "invalid" for a name with a digest */
export function tagImage(
  store: TagStore,
  image: StoredImage,
  reference: DockerReference,
): StoredImage {
  if (reference.digest !== undefined) {
    throw new Fault("invalid", "tag an image: a digest is not a name that can be given");
  }
  const { config, configBytes, manifestBytes, manifest } = readStoredOci(store, image);
  const digests = { manifest: digestOf(manifestBytes, "sha256"), config: manifest.config.digest };
  const name = fullDockerReference(reference);
  const { lastUsedMs, ...rest } = image;
  const tagged = store.addImage({
    ...rest,
    name,
    manifest: toImageManifest(reference, config, digests),
    blobs: store.blobsOf(image.id),
    references: [`docker://${name}`],
    aliases: [digests.manifest, digestOf(configBytes, "sha256")],
  });
  store.touch(image.id, lastUsedMs);
  return { ...tagged, lastUsedMs };
}

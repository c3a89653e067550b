/**
 * A stored image as an ACI. In: an image of the store; out: the bytes of an uncompressed archive:
 * as it was fetched, or all layers of the image as one.
 *
 * @see appc 0.8.11, aci.md, "Image Archives"
 */
import { type ImageManifest, printImageManifest } from "@rkt/spec";
import { assert } from "@shared/base";
import { fileChunks } from "../fetch/file-chunks.ts";
import { isVouchedFor, type StoredImage } from "../image.ts";
import { decompress } from "../layers/decompress.ts";
import type { Store } from "../store/store.ts";
import { mergedTree, type TreeHost } from "./merged-tree.ts";
import { treeArchive } from "./tree-archive.ts";

export interface ArchiveHost extends TreeHost {
  readonly store: Pick<Store, "layerPath" | "blobPath" | "blobsOf">;
}

/** The image by itself: an ACI bit for bit as before compression, an OCI image squashed. */
export async function ownArchive(
  host: ArchiveHost,
  image: StoredImage,
): Promise<AsyncIterable<Uint8Array>> {
  if (image.format !== "aci") return wholeArchive(host, image);
  const [blob] = host.store.blobsOf(image.id);
  assert(blob !== undefined, "an ACI has one blob");
  const vouched = isVouchedFor(image.verification);
  return (await decompress(fileChunks(host.store.blobPath(blob)), { vouched })).output;
}

/** The image with all that lies below it, as one archive. */
export function wholeArchive(host: ArchiveHost, image: StoredImage): AsyncGenerator<Uint8Array> {
  const layers = image.layers.map((id) => host.store.layerPath(id));
  return aciOf(host, image.manifest, layers);
}

/**
 * An uncompressed ACI of what these layers show.
 *
 * @param layers directories, bottom first
 * @param links paths that become symbolic links, where there is something
 */
export function aciOf(
  host: TreeHost,
  manifest: ImageManifest,
  layers: readonly string[],
  links: ReadonlyMap<string, string> = new Map(),
): AsyncGenerator<Uint8Array> {
  const content = Buffer.from(printImageManifest(manifest, { pretty: false }));
  const first = [{ path: "manifest", content }];
  return treeArchive(host, mergedTree(host, layers), { below: "rootfs", first, links });
}

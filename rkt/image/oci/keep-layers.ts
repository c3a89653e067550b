/**
 * The layers of an image for who may not unpack them. In: a place of images; out: the layers' blobs
 * in the store, digests checked, still packed. Root unpacks them when the image is first used.
 */
import type { OciLayer } from "@rkt/spec";
import { GiB } from "@shared/base";
import { BlobWriter } from "../blob-writer.ts";
import type { OciSource } from "../fetch/oci-source.ts";
import { reported } from "../fetch/progress.ts";
import type { ImageHost } from "../host.ts";
import type { LayerId } from "../image.ts";

type KeepHost = Pick<ImageHost, "store" | "progress">;

const LAYER_BYTES_MAX: number = 64 * GiB;
const LABEL_LENGTH = "sha256:".length + 11;

export async function keepLayers(
  host: KeepHost,
  source: OciSource,
  layers: readonly OciLayer[],
): Promise<LayerId[]> {
  for (const { descriptor } of layers) {
    const { digest, size } = descriptor;
    if (host.store.hasBlob(digest)) continue;
    const expected = { what: digest, digest, sizeBytes: size, bytesMax: LAYER_BYTES_MAX };
    using file = new BlobWriter(host.store, expected);
    const label = `Downloading ${digest.slice(0, LABEL_LENGTH)}`;
    const progress = { id: digest, label, totalBytes: size };
    await file.take(reported(host, await source.blob(descriptor, 0), progress));
    file.commit();
  }
  return layers.map(layerIdOf);
}

export function layerIdOf({ diffId }: OciLayer): LayerId {
  return diffId.replace(":", "-") as LayerId;
}

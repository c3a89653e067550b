/** Where the image store keeps an unpacked layer. Pure. */
import { join } from "node:path";
import type { LayerId } from "@rkt/image";

export function layerPath(dataDir: string, layer: LayerId): string {
  return join(dataDir, "cas", "layers", layer);
}

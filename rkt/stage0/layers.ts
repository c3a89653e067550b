/** The layers of apps: where the image store keeps one, and the list of them in a pod directory. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LayerId } from "@rkt/image";
import { podPaths } from "@rkt/stage1/contract";
import { Fault, quote } from "@shared/base";

/** Directory of an unpacked layer. */
export function layerPath(dataDir: string, layer: LayerId): string {
  return join(dataDir, "cas", "layers", layer);
}

/** The text of the list of layers, bottom first. */
export function printLayers(layers: readonly LayerId[]): string {
  return JSON.stringify(layers);
}

/** The layers of an app, bottom first. @throws {Fault} "not-found", "corrupt" */
export function readLayers(pod: string, app: string): LayerId[] {
  const path = podPaths.appLayers(pod, app);
  const list = parseList(readFileSync(path, "utf8"));
  if (list !== undefined && list.every(isLayerId)) return list;
  throw new Fault("corrupt", `read ${quote(path)}: it is no list of layers`);
}

function parseList(text: string): unknown[] | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The ids become paths: nothing but a digest may pass. */
function isLayerId(value: unknown): value is LayerId {
  return typeof value === "string" && /^(sha256|sha512)-[0-9a-f]{64,128}$/.test(value);
}

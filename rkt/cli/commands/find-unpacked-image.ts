/**
 * A stored image whose files are wanted: what somebody without root's rights fetched is unpacked
 * now.
 */
import process from "node:process";
import { pull, type Store, type StoredImage } from "@rkt/image";
import { platformOf } from "@rkt/spec";
import type { Call } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { findImage } from "./find-image.ts";
import { imageHostOf } from "./image-host.ts";

/** @throws {Fault} as `findImage`; "corrupt" */
export async function findUnpackedImage(
  host: Host,
  call: Call,
  store: Store,
  text: string,
): Promise<StoredImage> {
  const { id } = findImage(store, text);
  const platform = platformOf(process.platform, process.arch);
  const options = { policy: "never", platform } as const;
  return await pull(imageHostOf(host, call, store), { kind: "hash", prefix: id }, options);
}

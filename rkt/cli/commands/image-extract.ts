/**
 * `rkt image extract` and `rkt image render`: write the files of a stored image to a directory, its
 * own ones alone or with those of the images that it depends on.
 */
import { resolve } from "node:path";
import type { StoredImage } from "@rkt/image";
import {
  type ExtractHost,
  extractImage,
  renderImage,
  type DirectoryOptions,
} from "@rkt/image/export";
import { kernel } from "@shared/linux";
import type { Call, Command } from "../grammar/command.ts";
import { switchFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { findUnpackedImage } from "./find-unpacked-image.ts";
import { openStoreOf } from "./open-store.ts";

const rootfsOnly = switchFlag({ name: "rootfs-only", usage: "extract rootfs only" });
const overwrite = switchFlag({ name: "overwrite", usage: "overwrite output directory" });

const flags = [rootfsOnly, overwrite];

export const imageExtract: Command = {
  usage: "image extract IMAGE OUTPUT_DIR",
  description: [
    "IMAGE is the ID of a stored image, or its name.",
    "",
    "Writes the image alone: of an ACI not what it depends on. render does both.",
  ],
  flags,
  grammar: "anywhere",
  run: (host, call) => write(host, call, extractImage),
};

export const imageRender: Command = {
  usage: "image render IMAGE OUTPUT_DIR",
  description: [
    "IMAGE is the ID of a stored image, or its name.",
    "",
    "Writes what an app of the image sees, with all dependencies and layers.",
  ],
  flags,
  grammar: "anywhere",
  run: (host, call) => write(host, call, renderImage),
};

type Writer = (
  host: ExtractHost,
  image: StoredImage,
  path: string,
  options: DirectoryOptions,
) => Promise<void>;

async function write(host: Host, call: Call, writer: Writer): Promise<number | "usage"> {
  const [text, path, more] = call.args;
  if (text === undefined || path === undefined || more !== undefined) return "usage";
  using store = openStoreOf(host, call);
  const image = await findUnpackedImage(host, call, store, text);
  await writer({ kernel, store, self: host.self }, image, resolve(path), {
    rootfsOnly: call.flags.get(rootfsOnly),
    overwrite: call.flags.get(overwrite),
  });
  return 0;
}

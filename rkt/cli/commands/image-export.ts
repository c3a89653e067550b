/** `rkt image export`: writes a stored image to a file, as an uncompressed ACI. */
import { exportImage } from "@rkt/image/export";
import { kernel } from "@shared/linux";
import { resolve } from "node:path";
import type { Call, Command } from "../grammar/command.ts";
import { switchFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { findUnpackedImage } from "./find-unpacked-image.ts";
import { openStoreOf } from "./open-store.ts";

const overwrite = switchFlag({ name: "overwrite", usage: "overwrite output ACI" });

export const imageExport: Command = {
  usage: "image export IMAGE OUTPUT_ACI_FILE",
  description: [
    "IMAGE is the ID of a stored image, or its name.",
    "",
    "An ACI comes out as it went in, uncompressed. Of a container image all layers are written as",
    "one ACI.",
  ],
  flags: [overwrite],
  grammar: "anywhere",
  run: exportOne,
};

async function exportOne(host: Host, call: Call): Promise<number | "usage"> {
  const [text, path, more] = call.args;
  if (text === undefined || path === undefined || more !== undefined) return "usage";
  using store = openStoreOf(host, call);
  const image = await findUnpackedImage(host, call, store, text);
  const options = { overwrite: call.flags.get(overwrite) };
  await exportImage({ kernel, store }, image, resolve(path), options);
  return 0;
}

/** `rkt image save`: writes stored container images to one archive. */
import { resolve } from "node:path";
import { readStoredOci, type SaveFormat, saveImages } from "@rkt/image/push";
import { Fault, quote } from "@shared/base";
import type { Call, Command } from "../grammar/command.ts";
import { choiceFlag, switchFlag, textFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { findImage } from "./find-image.ts";
import { openStoreOf } from "./open-store.ts";

const FORMATS: readonly SaveFormat[] = ["oci-archive", "docker-archive"];

const format = choiceFlag<SaveFormat>(
  {
    name: "format",
    usage: `form of the archive. Accepted values: ${FORMATS.map(quote).join(", ")}`,
    shown: quote("oci-archive"),
  },
  FORMATS,
  "oci-archive",
  () => `must be one of ${FORMATS.map(quote).join(", ")}`,
);

const output = textFlag({ name: "output", usage: "the file to write" });
const overwrite = switchFlag({ name: "overwrite", usage: "overwrite the file" });

export const imageSave: Command = {
  usage: "image save --output=FILE IMAGE...",
  description: [
    "IMAGE is the ID of a stored container image, or its name. The archive is read by docker load,",
    "podman load, skopeo and rkt image load.",
  ],
  flags: [format, output, overwrite],
  grammar: "anywhere",
  run: save,
};

async function save(host: Host, call: Call): Promise<number> {
  const { args, flags } = call;
  if (args.length === 0) throw new Fault("invalid", "must provide at least one image");
  const path = flags.get(output);
  if (path === "") throw new Fault("invalid", "must provide a file: --output=FILE");
  using store = openStoreOf(host, call);
  const images = args.map((text) => readStoredOci(store, findImage(store, text)));
  const options = { format: flags.get(format), overwrite: flags.get(overwrite) };
  await saveImages(store, images, { path: resolve(path), ...options });
  return 0;
}

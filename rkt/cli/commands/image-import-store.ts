/** `rkt image import-store`: the images of a data directory that rkt 1.30 made, taken over. */
import { realpathSync } from "node:fs";
import process from "node:process";
import { importStore, pull } from "@rkt/image";
import { platformOf } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { dir } from "../flags/global.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { imageHostOf } from "./image-host.ts";
import { openStoreOf } from "./open-store.ts";

const SHORT_ID_LENGTH = "sha512-".length + 32;

export const imageImportStore: Command = {
  usage: "image import-store DIR",
  description: [
    "DIR is a data directory of rkt 1.30, such as a copy of /var/lib/rkt. Its images are copied",
    "into the local store under the same IDs; DIR stays as it is.",
  ],
  flags: [],
  grammar: "anywhere",
  needsRoot: true,
  run: importImages,
};

async function importImages(host: Host, call: Call): Promise<number | "usage"> {
  const [directory, more] = call.args;
  if (directory === undefined || more !== undefined) return "usage";
  if (realPath(directory) === realPath(call.flags.get(dir))) {
    throw new Fault("precondition", `import ${quote(directory)}: it is the data directory itself`, {
      hint: `move it aside first: mv ${directory} ${directory}-1.30`,
    });
  }
  using store = openStoreOf(host, call);
  const { images, leftOut } = await importStore(imageHostOf(host, call, store), directory, {
    policy: "never",
    platform: platformOf(process.platform, process.arch),
    pull,
  });
  for (const { id } of images) host.print(`${id.slice(0, SHORT_ID_LENGTH)}\n`);
  for (const { name, reason } of leftOut) {
    host.note(`${call.name}: image ${quote(name)} is left out: ${reason}`);
  }
  host.note(`${call.name}: ${images.length} image(s) successfully imported`);
  return leftOut.length === 0 ? 0 : 254;
}

/** The path itself where there is nothing yet. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

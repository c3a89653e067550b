/** `rkt export`: what an app of an ended pod left flows in, an image of it flows out as a file. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pipeline, Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { type EndedApp, openAppTree } from "@rkt/stage0";
import { crashPoint, Fault } from "@shared/base";
import { kernel } from "@shared/linux";
import type { Call, Command } from "../grammar/command.ts";
import { switchFlag, textFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { openPodOf } from "./open-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

const app = textFlag({
  name: "app",
  usage: "name of the app to export within the specified pod",
});
const overwrite = switchFlag({ name: "overwrite", usage: "overwrite output ACI" });

export const exportApp: Command = {
  usage: "export [--app=APPNAME] UUID OUTPUT_ACI_FILE",
  description: [
    "Writes the files of an app of a pod that has ended, with its image's manifest, as an image.",
    "",
    "Volumes are not part of it.",
  ],
  flags: [app, overwrite],
  grammar: "anywhere",
  needsRoot: true,
  run: exportOne,
};

async function exportOne(host: Host, call: Call): Promise<number | "usage"> {
  const [uuid, file, more] = call.args;
  if (uuid === undefined || file === undefined || more !== undefined) return "usage";
  if (!file.endsWith(".aci")) {
    throw new Fault("invalid", `extension must be .aci (given ${file})`);
  }
  const path = resolve(file);
  const { aciOf, writeArchiveFile } = await import("@rkt/image/app-archive");
  using pod = openPodOf(call, uuid);
  const ended = openAppTree(stage0HostOf(host, call), pod, call.flags.get(app) || undefined);
  crashPoint("export-opened");
  try {
    const mayReplace = call.flags.get(overwrite);
    refuseExisting(path, mayReplace);
    const archive = aciOf({ kernel }, wholeManifest(ended), [ended.tree]);
    await writeArchiveFile(compressed(archive), path, { overwrite: mayReplace });
    crashPoint("export-complete");
    return 0;
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, "error building aci", { cause });
  }
}

function refuseExisting(path: string, mayReplace: boolean): void {
  if (mayReplace || !existsSync(path)) return;
  throw new Fault("already-exists", "target file exists (try --overwrite)");
}

/** The tree holds what dependencies gave: with them, removed files would come back. */
function wholeManifest({ manifest }: EndedApp): EndedApp["manifest"] {
  const { dependencies: _lower, pathWhitelist: _shown, ...rest } = manifest;
  return rest;
}

/** Compression works on memory only, so its threads need not see the mounts of this one. */
async function* compressed(archive: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const gzip = createGzip();
  pipeline(Readable.from(archive), gzip, () => undefined); // a failure comes to who reads
  for await (const bytes of gzip as AsyncIterable<Uint8Array>) {
    yield bytes;
    crashPoint("export-partial");
  }
}

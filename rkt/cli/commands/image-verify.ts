/**
 * `rkt image verify`: compares what is unpacked of images with their archives, and makes again what
 * differs.
 */
import type { StoredImage } from "@rkt/image";
import { checkImage } from "@rkt/image/check";
import { layersInUse, lockPrepare } from "@rkt/stage0";
import { Fault, quote } from "@shared/base";
import { kernel } from "@shared/linux";
import { debug, dir } from "../flags/global.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { printFault } from "../output/fault-lines.ts";
import { findImage } from "./find-image.ts";
import { openStoreOf } from "./open-store.ts";
import { stage0HostOf } from "./stage0-host.ts";

export const imageVerify: Command = {
  usage: "image verify IMAGE...",
  description: [
    "Checks that the files on disk are still those of the images: reads each archive again,",
    "compares its digest, and compares every unpacked file with it, in content and in all else.",
    "",
    "What differs is said and unpacked again, unless a pod uses it.",
  ],
  flags: [],
  grammar: "anywhere",
  run: verifyImages,
};

async function verifyImages(host: Host, call: Call): Promise<number | "usage"> {
  if (call.args.length === 0) return "usage";
  for (const text of call.args) {
    try {
      if (!(await verifyOne(host, call, text))) return 254;
    } catch (error) {
      printFault(host, error, { name: call.name, debug: call.flags.get(debug) });
      return 254;
    }
  }
  return 0;
}

/** No pod is prepared meanwhile: it could take a layer that is being replaced. */
async function verifyOne(host: Host, call: Call, text: string): Promise<boolean> {
  const dataDir = call.flags.get(dir);
  using store = openStoreOf(host, call);
  const image = resolveImage(() => findImage(store, text), text);
  using _noneIsPrepared = lockPrepare(stage0HostOf(host, call), dataDir, "exclusive");
  const use = { layersInUse: layersInUse(dataDir) };
  const seen = new Set<string>();
  for await (const check of checkImage({ kernel, store, self: host.self }, image, use)) {
    seen.add(check.kind);
    if (check.kind === "rebuilt") {
      host.note(`${call.name}: image ${quote(text)}: ${check.difference}; rebuilt ${check.layer}`);
    } else if (check.kind === "in-use") {
      const reason = "a pod uses it, so it stays as it is";
      host.note(`${call.name}: image ${quote(text)}: ${check.difference}; ${reason}`);
    }
  }
  if (seen.has("in-use")) return false;
  host.print(
    seen.size === 1 && seen.has("absent")
      ? `image ${quote(text)} not rendered; no verification needed\n`
      : `successfully verified checksum for image: ${quote(text)} (${quote(image.id)})\n`,
  );
  return true;
}

function resolveImage(find: () => StoredImage, text: string): StoredImage {
  try {
    return find();
  } catch (error) {
    const cause = Fault.from(error);
    if (cause.kind !== "not-found") throw error;
    throw new Fault(cause.kind, `unable to resolve store key for image ${text}: cannot find image`);
  }
}

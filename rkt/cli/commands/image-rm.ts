/**
 * `rkt image rm`: removes images from the local store, with all that no other image and no pod
 * uses.
 */
import type { Store } from "@rkt/image";
import { layersInUse, lockPrepare } from "@rkt/stage0";
import { Fault, quote } from "@shared/base";
import { debug, dir } from "../flags/global.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { printFault } from "../output/fault-lines.ts";
import { findImage } from "./find-image.ts";
import { openStoreOf } from "./open-store.ts";
import { stage0HostOf } from "./stage0-host.ts";

export const imageRm: Command = {
  usage: "image rm IMAGE...",
  description: [
    "Removes these images, where image gc removes all that were not used for long enough.",
  ],
  flags: [],
  grammar: "anywhere",
  run: removeImages,
};

/** One image that cannot be removed does not keep the others. */
async function removeImages(host: Host, call: Call): Promise<number> {
  if (call.args.length === 0) throw new Fault("invalid", "must provide at least one image ID");
  using store = openStoreOf(host, call);
  let removed = 0;
  for (const text of call.args) {
    try {
      await removeOne(host, call, store, text);
      removed++;
    } catch (error) {
      printFault(host, error, { name: call.name, debug: call.flags.get(debug) });
    }
  }
  if (removed > 0) host.note(`${call.name}: ${removed} image(s) successfully removed`);
  return removed === call.args.length ? 0 : 254;
}

/** No pod is prepared meanwhile: whoever waits for the lock will see that the layers are gone. */
async function removeOne(host: Host, call: Call, store: Store, text: string): Promise<void> {
  const { id } = findImage(store, text);
  const dataDir = call.flags.get(dir);
  using _noneIsPrepared = lockPrepare(stage0HostOf(host, call), dataDir, "exclusive");
  await store.removeImage(id, { layersInUse: layersInUse(dataDir) });
  host.print(`successfully removed aci for image: ${quote(id)}\n`);
}

/**
 * `rkt image gc`: removes images that were not used for long enough, and what dead processes left
 * in the store.
 */
import { layersInUse, lockPrepare } from "@rkt/stage0";
import { quote } from "@shared/base";
import { dir } from "../flags/global.ts";
import type { Call, Command } from "../grammar/command.ts";
import { durationFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { openStoreOf } from "./open-store.ts";
import { stage0HostOf } from "./stage0-host.ts";

const gracePeriod = durationFlag(
  {
    name: "grace-period",
    usage: "duration to wait since an image was last used before removing it",
  },
  "24h0m0s",
);

export const imageGc: Command = {
  usage: "image gc",
  description: [
    "Meant to be run from time to time, by a timer or by cron.",
    "",
    "An image goes when it was not used for longer than the grace period and no pod stands on it.",
    "--grace-period=0s removes all that no pod stands on.",
  ],
  flags: [gracePeriod],
  grammar: "anywhere",
  run: collectImages,
};

async function collectImages(host: Host, call: Call): Promise<number> {
  const dataDir = call.flags.get(dir);
  using store = openStoreOf(host, call);
  using _noneIsPrepared = lockPrepare(stage0HostOf(host, call), dataDir, "exclusive");
  const use = { layersInUse: layersInUse(dataDir) };
  const lastUseMs = host.clock.now() - call.flags.get(gracePeriod);
  let removed = 0;
  for (const image of store.list()) {
    const isUsed = image.layers.some((layer) => use.layersInUse.has(layer));
    if (isUsed || image.lastUsedMs > lastUseMs) continue;
    await store.removeImage(image.id, use);
    host.print(`successfully removed aci for image: ${quote(image.id)}\n`);
    removed++;
  }
  await store.collectOrphans(use);
  if (removed > 0) host.note(`${call.name}: ${removed} image(s) successfully removed`);
  return 0;
}

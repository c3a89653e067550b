/**
 * `rkt image gc`: removes images that were not used for long enough, and what dead processes left
 * in the store.
 */
import type { StoredImage } from "@rkt/image";
import { layersInUse, lockPrepare } from "@rkt/stage0";
import { Fault, quote } from "@shared/base";
import { dir } from "../flags/global.ts";
import type { Call, Command } from "../grammar/command.ts";
import { durationFlag, optionalFlag } from "../grammar/flag.ts";
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

const keep = optionalFlag(
  { name: "keep", usage: "how many images of each name to keep, whatever their age" },
  readCount,
);

export const imageGc: Command = {
  usage: "image gc",
  description: [
    "Meant to be run from time to time, by a timer or by cron.",
    "",
    "An image goes when it was not used for longer than the grace period and no pod stands on it.",
    "--grace-period=0s removes all that no pod stands on.",
    "",
    "--keep=2 spares the two newest images of each name: with --grace-period=0s, older versions go",
    "and the current ones stay.",
  ],
  flags: [gracePeriod, keep],
  grammar: "anywhere",
  run: collectImages,
};

async function collectImages(host: Host, call: Call): Promise<number> {
  const dataDir = call.flags.get(dir);
  using store = openStoreOf(host, call);
  using _noneIsPrepared = lockPrepare(stage0HostOf(host, call), dataDir, "exclusive");
  const use = { layersInUse: layersInUse(dataDir) };
  const lastUseMs = host.clock.now() - call.flags.get(gracePeriod);
  const images = store.list();
  const kept = newestOfEachName(images, call.flags.get(keep) ?? 0);
  let removed = 0;
  for (const image of images) {
    const isUsed = image.layers.some((layer) => use.layersInUse.has(layer));
    if (isUsed || image.lastUsedMs > lastUseMs || kept.has(image.id)) continue;
    await store.removeImage(image.id, use);
    host.print(`successfully removed aci for image: ${quote(image.id)}\n`);
    removed++;
  }
  await store.collectOrphans(use);
  if (removed > 0) host.note(`${call.name}: ${removed} image(s) successfully removed`);
  return 0;
}

/** Versions and tags of an image have one name. @param images oldest first */
function newestOfEachName(images: readonly StoredImage[], count: number): Set<string> {
  const kept = new Set<string>();
  const counts = new Map<string, number>();
  for (const { id, manifest } of images.toReversed()) {
    const before = counts.get(manifest.name) ?? 0;
    if (before < count) kept.add(id);
    counts.set(manifest.name, before + 1);
  }
  return kept;
}

function readCount(text: string): number {
  const count = Number(text);
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(count)) return count;
  throw new Fault("invalid", "want a whole number that is not negative");
}

/** `rkt gc`: marks pods that have ended and removes those that have been marked for long enough. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { gcPods, layersInUse, lockPrepare } from "@rkt/stage0";
import { Fault, quote } from "@shared/base";
import { debug, dir, localConfig } from "../flags/global.ts";
import type { Call, Command } from "../grammar/command.ts";
import { durationFlag, switchFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { printFault } from "../output/fault-lines.ts";
import { stage0HostOf } from "./stage0-host.ts";

const expirePrepared = durationFlag(
  { name: "expire-prepared", usage: "duration to wait before expiring prepared pods" },
  "24h0m0s",
);
const gracePeriod = durationFlag(
  {
    name: "grace-period",
    usage: "duration to wait before discarding inactive pods from garbage",
  },
  "30m0s",
);
const markOnly = switchFlag({
  name: "mark-only",
  usage:
    "move exited and aborted pods to the garbage without deleting any, to note when they exited",
});

export const gc: Command = {
  usage: "gc [--grace-period=duration] [--expire-prepared=duration]",
  description: [
    "Meant to be run from time to time, by a timer or by cron.",
    "",
    "A pod goes in two steps: one run of gc moves it to the garbage when it has ended, and a later",
    "run deletes it once it has been there for longer than the grace period.",
    "",
    "--grace-period=0s deletes at once.",
  ],
  flags: [expirePrepared, gracePeriod, markOnly],
  grammar: "anywhere",
  needsRoot: true,
  run: collectGarbage,
};

async function collectGarbage(host: Host, call: Call): Promise<number> {
  const { flags } = call;
  const problems = gcPods(stage0HostOf(host, call), {
    dataDir: flags.get(dir),
    gracePeriodMs: flags.get(gracePeriod),
    expirePreparedMs: flags.get(expirePrepared),
    markOnly: flags.get(markOnly),
    debug: flags.get(debug),
    localConfig: flags.get(localConfig),
  });
  for (const { uuid, fault } of problems) {
    const failure = new Fault(fault.kind, `cannot collect pod ${quote(uuid)}`, { cause: fault });
    printFault(host, failure, { name: call.name, debug: flags.get(debug) });
  }
  if (!flags.get(markOnly)) await collectLeftovers(host, call);
  return problems.length === 0 ? 0 : 254;
}

/** What commands that were killed left in the image store. Whole images are not touched. */
async function collectLeftovers(host: Host, call: Call): Promise<void> {
  const dataDir = call.flags.get(dir);
  if (!existsSync(join(dataDir, "cas"))) return;
  const { openStoreForRoom } = await import("./open-store.ts");
  using store = await openStoreForRoom(host, call);
  using _noneIsPrepared = lockPrepare(stage0HostOf(host, call), dataDir, "exclusive");
  await store.collectOrphans({ layersInUse: layersInUse(dataDir) });
}

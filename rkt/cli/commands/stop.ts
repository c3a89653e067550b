/** `rkt stop`: asks the stage1 of running pods to end them. */
import { stopPod } from "@rkt/stage0";
import { Fault, quote } from "@shared/base";
import { debug } from "../flags/global.ts";
import { uuidFile, uuidsOf } from "../flags/uuid-file.ts";
import type { Call, Command } from "../grammar/command.ts";
import { switchFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { printFault } from "../output/fault-lines.ts";
import { openPodToChange } from "./open-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

const force = switchFlag({ name: "force", usage: "forced stopping" });

export const stop: Command = {
  usage: "stop --uuid-file=FILE | UUID ...",
  description: [],
  flags: [force, uuidFile],
  grammar: "anywhere",
  run: stopPods,
};

/** One pod that cannot be stopped does not keep the others. */
function stopPods(host: Host, call: Call): number | "usage" {
  const uuids = uuidsOf(call);
  if (uuids === undefined) return "usage";
  let failed = 0;
  for (const uuid of uuids) {
    try {
      host.print(`${stopOne(host, call, uuid)}\n`);
    } catch (error) {
      printFault(host, error, { name: call.name, debug: call.flags.get(debug) });
      failed++;
    }
  }
  if (failed > 0) throw new Fault("precondition", `failed to stop ${failed} pod(s)`);
  return 0;
}

function stopOne(host: Host, call: Call, uuid: string): string {
  using pod = openPodToChange(call, uuid);
  const options = { force: call.flags.get(force) };
  const done = stopPod(stage0HostOf(host, call), pod, options);
  return done === "stopped" ? quote(pod.uuid) : `pod ${quote(pod.uuid)} is already stopped`;
}

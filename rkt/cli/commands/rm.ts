/** `rkt rm`: removes pods that have ended or were never run, at once. */
import { removePod } from "@rkt/stage0";
import { Fault, quote } from "@shared/base";
import { debug, localConfig } from "../flags/global.ts";
import { uuidFile, uuidsOf } from "../flags/uuid-file.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { printFault } from "../output/fault-lines.ts";
import { openPodToChange } from "./open-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

export const rm: Command = {
  usage: "rm --uuid-file=FILE | UUID ...",
  description: [
    "Removes these pods now, where gc removes all that have been garbage for long enough.",
  ],
  flags: [uuidFile],
  grammar: "anywhere",
  needsRoot: true,
  run: removePods,
};

/** One pod that cannot be removed does not keep the others. */
function removePods(host: Host, call: Call): number | "usage" {
  const uuids = uuidsOf(call);
  if (uuids === undefined) return "usage";
  let failed = false;
  for (const uuid of uuids) {
    try {
      host.print(`${quote(removeOne(host, call, uuid))}\n`);
    } catch (error) {
      printFault(host, error, { name: call.name, debug: call.flags.get(debug) });
      failed = true;
    }
  }
  if (failed) throw new Fault("precondition", "failed to remove one or more pods");
  return 0;
}

function removeOne(host: Host, call: Call, uuid: string): string {
  using pod = openPodToChange(call, uuid);
  const { flags } = call;
  const options = { debug: flags.get(debug), localConfig: flags.get(localConfig) };
  removePod(stage0HostOf(host, call), pod, options);
  return pod.uuid;
}

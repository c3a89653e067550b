/** `rkt app list`: the apps of one pod and how they stand. */
import { podStatus } from "@rkt/stage0";
import { Fault } from "@shared/base";
import { noLegend } from "../flags/format.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { formatColumns } from "../output/columns.ts";
import { openPodOf } from "./open-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

export const appList: Command = {
  usage: "app list UUID",
  description: [
    "This only lists the name and state of the apps, app status will show more detailed info.",
  ],
  flags: [noLegend],
  grammar: "anywhere",
  failureStatus: 1,
  run: printApps,
};

function printApps(host: Host, call: Call): number | "usage" {
  const [uuid, more] = call.args;
  if (uuid === undefined || more !== undefined) return "usage";
  try {
    using pod = openPodOf(call, uuid);
    const { apps } = podStatus(stage0HostOf(host, call), pod);
    const legend = call.flags.get(noLegend) ? [] : [["NAME", "STATE"]];
    host.print(formatColumns([...legend, ...apps.map(({ name, state }) => [name, state])]));
    return 0;
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, "error listing apps", { cause });
  }
}

/** `rkt stats`: what running pods use, app by app, again and again. */
import { podUsage, type PodUsage } from "@rkt/stage0";
import { durationFlag, switchFlag } from "../grammar/flag.ts";
import { formatFlag, noLegend, TABLE_FORMAT_USAGE } from "../flags/format.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { formatColumns } from "../output/columns.ts";
import { formatJson } from "../output/json.ts";
import { usageDocuments, usageRows, USAGE_LEGEND } from "../output/usage-rows.ts";
import { lookAt, podsToShow } from "./running-pods.ts";

const format = formatFlag(TABLE_FORMAT_USAGE);
const noStream = switchFlag({ name: "no-stream", usage: "print once" });
const interval = durationFlag({ name: "interval", usage: "time between two looks" }, "1s");

export const stats: Command = {
  usage: "stats [--no-stream] [UUID ...]",
  description: [
    "Prints the processor time, memory, network and disk traffic and the number of processes of",
    "the apps of these pods, or of all pods that run, until it is interrupted. CPU 100% is one",
    "processor. The network is that of the whole pod.",
  ],
  flags: [format, interval, noLegend, noStream],
  grammar: "anywhere",
  run: printUsage,
};

/** Clears the screen and goes to its first line. */
const CLEAR = "\u001b[H\u001b[2J";

async function printUsage(host: Host, call: Call): Promise<number> {
  const form = call.flags.get(format);
  for (let before = look(host, call); ; ) {
    await host.clock.sleep(call.flags.get(interval));
    const after = look(host, call);
    const change = { before: before.pods, after: after.pods, elapsedMs: after.atMs - before.atMs };
    if (form !== "") host.print(formatJson(usageDocuments(change), form));
    else {
      const rows = usageRows(change);
      const isLive = !call.flags.get(noStream) && host.columns() !== undefined;
      const text = formatColumns(call.flags.get(noLegend) ? rows : [USAGE_LEGEND, ...rows]);
      host.print(isLive ? `${CLEAR}${text}` : text);
    }
    if (call.flags.get(noStream)) return 0;
    before = after;
  }
}

function look(host: Host, call: Call): { readonly atMs: number; readonly pods: PodUsage[] } {
  const atMs = host.clock.now();
  return {
    atMs,
    pods: podsToShow(host, call).flatMap((uuid) => lookAt(call, uuid, podUsage) ?? []),
  };
}

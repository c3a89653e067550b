/** `rkt top`: the processes of running pods, app by app, as the host sees them. */
import { podProcesses } from "@rkt/stage0";
import { formatFlag, noLegend, TABLE_FORMAT_USAGE } from "../flags/format.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { formatColumns } from "../output/columns.ts";
import { formatJson } from "../output/json.ts";
import { lookAt, podsToShow } from "./running-pods.ts";
import { stage0HostOf } from "./stage0-host.ts";

const format = formatFlag(TABLE_FORMAT_USAGE);

export const top: Command = {
  usage: "top [UUID ...]",
  description: [
    "Prints the processes of these pods, or of all pods that run, by app. Pids and user ids are",
    "those of the host.",
  ],
  flags: [format, noLegend],
  grammar: "anywhere",
  run: printProcesses,
};

const LEGEND = ["UUID", "APP", "USER", "PID", "PPID", "%CPU", "ELAPSED", "TTY", "TIME", "COMMAND"];

function printProcesses(host: Host, call: Call): number {
  const stage0 = stage0HostOf(host, call);
  const found = podsToShow(host, call).flatMap((uuid) => {
    const apps = lookAt(call, uuid, (pod) => podProcesses(stage0, pod)) ?? [];
    return apps.flatMap(({ name, processes }) => processes.map((each) => ({ uuid, name, each })));
  });
  const form = call.flags.get(format);
  if (form !== "") {
    const documents = found.map(({ uuid, name, each }) => ({
      pod: uuid,
      app: name,
      pid: each.pid,
      ppid: each.parentPid,
      uid: each.uid,
      tty: each.terminal,
      cpu_ms: each.cpuMs,
      elapsed_ms: Math.round(each.elapsedMs),
      command: each.command,
    }));
    host.print(formatJson(documents, form));
    return 0;
  }
  const rows = found.map(({ uuid, name, each }) => [
    uuid.slice(0, 8),
    name,
    String(each.uid),
    String(each.pid),
    String(each.parentPid),
    ((each.cpuMs / Math.max(1, each.elapsedMs)) * 100).toFixed(1),
    clockText(each.elapsedMs),
    each.terminal || "?",
    clockText(each.cpuMs),
    printable(each.command.join(" ")),
  ]);
  host.print(formatColumns(call.flags.get(noLegend) ? rows : [LEGEND, ...rows]));
  return 0;
}

/** `1:02`, `3:04:05`, `2-03:04:05` */
function clockText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24];
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60) % 60;
  const end = two(seconds % 60);
  if (days > 0) return `${days}-${two(hours)}:${two(minutes)}:${end}`;
  return hours > 0 ? `${hours}:${two(minutes)}:${end}` : `${minutes}:${end}`;
}

/** What an app calls itself must not steer a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "?");
}

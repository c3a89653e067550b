/**
 * `rkt logs`: what the apps of a pod wrote, from the pod's directory. What an app wrote to its
 * standard output goes to ours, the rest to our standard error. (rkt 1.30 left this to the
 * journal.)
 */
import { existsSync, readFileSync } from "node:fs";
import { type Pod, podStatus, readPodManifest } from "@rkt/stage0";
import { podPaths } from "@rkt/stage1/contract";
import { Fault, parseDuration, quote } from "@shared/base";
import type { Call, Command } from "../grammar/command.ts";
import { optionalFlag, switchFlag, textFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { LogFile, mergeByTime } from "../output/log-file.ts";
import { LogPrinter } from "../output/log-printer.ts";
import { openPodOf } from "./open-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

const POLL_MS = 100;

const app = textFlag({ name: "app", usage: "print the lines of this app only" });
const follow = {
  ...switchFlag({ name: "follow", usage: "go on with new lines until the pod ends" }),
  shorthand: "f",
};
const since = optionalFlag(
  {
    name: "since",
    usage: "leave out lines older than this: a time such as 2026-01-02T15:04:05Z, or 10m ago",
  },
  (text) => text,
);
const supervisor = switchFlag({
  name: "supervisor",
  usage: "print what the supervisor of a detached pod said, instead of the apps' lines",
});
const tail = optionalFlag(
  { name: "tail", usage: "number of lines of each app to start with; all of them unless given" },
  readCount,
);
const timestamps = switchFlag({
  name: "timestamps",
  usage: "put the time at which it was written before each line",
});

export const logs: Command = {
  usage: "logs [--app=APPNAME] [--follow] [--since=TIME] [--tail=N] [--timestamps] UUID",
  description: [
    "Prints what the apps of a pod wrote to their standard output and standard error.",
    "",
    "The lines of several apps come in the order of time, behind the name of their app.",
  ],
  flags: [app, follow, since, supervisor, tail, timestamps],
  grammar: "anywhere",
  run: printLogs,
};

async function printLogs(host: Host, call: Call): Promise<number | "usage"> {
  const [uuid, more] = call.args;
  if (uuid === undefined || more !== undefined) return "usage";
  using pod = openPodOf(call, uuid);
  if (call.flags.get(supervisor)) return printSupervisorLog(host, pod);
  const names = appsOf(pod, call.flags.get(app));
  const files = names.map((name) => new LogFile(name, podPaths.appLog(pod.files, name)));
  const printer = new LogPrinter(host, {
    prefixed: names.length > 1,
    timestamps: call.flags.get(timestamps),
    since: sinceOf(host, call.flags.get(since)),
  });
  const count = call.flags.get(tail);
  if (count !== undefined) for (const file of files) file.skipToLast(count);
  printNew(files, printer);
  if (call.flags.get(follow)) await printUntilEnd(host, call, { pod, files, printer });
  return 0;
}

/** A pod in the foreground has none: its supervisor speaks to the person. */
function printSupervisorLog(host: Host, pod: Pod): number {
  const path = podPaths.supervisorLog(pod.files);
  if (existsSync(path)) host.write("stdout", readFileSync(path));
  return 0;
}

interface Following {
  readonly pod: Pod;
  readonly files: readonly LogFile[];
  readonly printer: LogPrinter;
}

/** The state is asked before the files are read: what is written between the two is not lost. */
async function printUntilEnd(host: Host, call: Call, following: Following): Promise<void> {
  const { pod, files, printer } = following;
  for (let alive = true; alive; ) {
    alive = mayWrite(host, call, pod);
    printNew(files, printer);
    if (alive) await host.clock.sleep(POLL_MS);
  }
}

function mayWrite(host: Host, call: Call, pod: Pod): boolean {
  const { state } = podStatus(stage0HostOf(host, call), pod);
  return state === "running" || state === "preparing" || state === "prepared";
}

function printNew(files: readonly LogFile[], printer: LogPrinter): void {
  for (const line of mergeByTime(files)) printer.print(line);
  printer.flush();
}

/** The chosen app, or all. @throws {Fault} "not-found" */
function appsOf(pod: Pod, chosen: string): readonly string[] {
  const names = readPodManifest(pod).apps.map((each) => each.name);
  if (chosen === "") return names;
  if (names.includes(chosen)) return [chosen];
  throw new Fault("not-found", `app ${quote(chosen)} is not in the pod`, {
    hint: `its apps: ${names.join(", ")}`,
  });
}

/** Milliseconds since the epoch of a time, or of a span before now. @throws {Fault} "invalid" */
function sinceOf(host: Host, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const isTime = /^\d{4}-\d{2}-\d{2}(T|$)/.test(text);
  const ms = isTime ? Date.parse(text) : host.clock.now() - parseDuration(text);
  if (Number.isFinite(ms)) return ms;
  throw new Fault("invalid", `--since: ${quote(text)} is no time`);
}

function readCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count;
  throw new Fault("invalid", `${quote(text)} is no number of lines`);
}

/** `rkt status`: one pod in detail, at once or after it has become ready or has ended. */
import {
  type Pod,
  type PodStatus,
  podStatus,
  waitForExit,
  waitUntilReady,
  type WaitOptions,
} from "@rkt/stage0";
import { Fault, formatTime, parseDuration } from "@shared/base";
import { formatFlag } from "../flags/format.ts";
import { uuidFile, uuidOf } from "../flags/uuid-file.ts";
import type { Call, Command } from "../grammar/command.ts";
import { type Flag, type FlagWords, readBoolean } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { formatJson } from "../output/json.ts";
import { networksText } from "../output/networks-text.ts";
import { podDocument } from "../output/pod-document.ts";
import { openPodOf } from "./open-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

/** False does not wait; undefined waits for as long as it takes. */
type Patience = false | { readonly timeoutMs: number | undefined };

const format = formatFlag(
  "choose the output format, 'json' or 'json-pretty'. " +
    "If empty, the result is printed as key value pairs",
);
const wait = patienceFlag({
  name: "wait",
  usage: "wait for the pod to finish; the output tells the state that it ended in",
});
const waitReady = patienceFlag({ name: "wait-ready", usage: "wait until the pod is ready" });

export const status: Command = {
  usage: "status [--wait=bool|timeout] [--wait-ready=bool|timeout] --uuid-file=FILE | UUID",
  description: [
    "Prints the state of the pod, its times, its pid and the exit status of its apps.",
    "",
    "--wait and --wait-ready take true to wait for as long as it takes, false not to wait, or a",
    "duration: a negative one waits for as long as it takes, zero does not wait.",
  ],
  flags: [format, uuidFile, wait, waitReady],
  grammar: "anywhere",
  run: printStatus,
};

async function printStatus(host: Host, call: Call): Promise<number | "usage"> {
  const uuid = uuidOf(call);
  if (uuid === undefined) return "usage";
  using pod = openPodOf(call, uuid);
  await waitAsAsked(host, call, pod);
  const found = statusOf(host, call, pod);
  const form = call.flags.get(format);
  host.print(form === "" ? formatPairs(found) : formatJson(podDocument(found), form));
  return 0;
}

async function waitAsAsked(host: Host, call: Call, pod: Pod): Promise<void> {
  const stage0 = stage0HostOf(host, call);
  await waitFor("error waiting for pod readiness", call.flags.get(waitReady), (options) =>
    waitUntilReady(stage0, pod, options),
  );
  await waitFor("error waiting for pod to finish", call.flags.get(wait), (options) =>
    waitForExit(stage0, pod, options),
  );
}

async function waitFor(
  failure: string,
  patience: Patience,
  until: (options: WaitOptions) => Promise<void>,
): Promise<void> {
  if (patience === false) return;
  try {
    await until(patience);
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, failure, { cause });
  }
}

function statusOf(host: Host, call: Call, pod: Pod): PodStatus {
  try {
    return podStatus(stage0HostOf(host, call), pod);
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, "unable to print status", { cause });
  }
}

/** The lines of rkt: the ones about running only for a pod that has been run. */
function formatPairs(pod: PodStatus): string {
  const lines = [`state=${pod.state}`];
  if (pod.name !== undefined) lines.push(`name=${pod.name}`);
  if (pod.createdMs !== undefined) lines.push(`created=${formatTime(pod.createdMs)}`);
  if (pod.startedMs !== undefined) lines.push(`started=${formatTime(pod.startedMs)}`);
  if (pod.state === "running" || pod.state === "exited") {
    lines.push(`networks=${networksText(pod.networks)}`);
  }
  if (hasRun(pod)) {
    if (pod.pid !== undefined) lines.push(`pid=${pod.pid}`);
    lines.push(`exited=${pod.state !== "running"}`);
  }
  if (pod.state !== "running") {
    for (const app of pod.apps) {
      if (app.exitCode !== undefined) lines.push(`app-${app.name}=${app.exitCode}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function hasRun({ state }: PodStatus): boolean {
  return state === "running" || state.startsWith("exited");
}

function patienceFlag(words: FlagWords): Flag<Patience> {
  return { ...words, shown: '"false"', bare: "true", initial: false, read: readPatience };
}

/** True and negative durations wait for ever, false and zero not at all. */
function readPatience(text: string): Patience {
  const said = booleanIn(text);
  if (said !== undefined) return said && { timeoutMs: undefined };
  const timeoutMs = parseDuration(text);
  if (timeoutMs === 0) return false;
  return { timeoutMs: timeoutMs < 0 ? undefined : timeoutMs };
}

function booleanIn(text: string): boolean | undefined {
  try {
    return readBoolean(text);
  } catch {
    return undefined; // it may still be a duration
  }
}

/**
 * `rkt stop`: asks the stage1 of running pods to end them, and with a time limit waits until they
 * have.
 */
import { type Pod, stopPod, waitForExit } from "@rkt/stage0";
import { Fault, parseDuration, quote } from "@shared/base";
import { debug } from "../flags/global.ts";
import { uuidFile, uuidsOf } from "../flags/uuid-file.ts";
import type { Call, Command } from "../grammar/command.ts";
import { type Flag, optionalFlag, switchFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { printFault } from "../output/fault-lines.ts";
import { openPodToChange } from "./open-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

const force = switchFlag({ name: "force", usage: "forced stopping" });

/** In ms; undefined for stage1's own measure. */
export const stopTimeout: Flag<number | undefined> = optionalFlag(
  {
    name: "timeout",
    usage:
      "how long apps may take to end before they are killed (example: '--timeout=30s'); with it " +
      "the command waits for the pod's end",
  },
  readTimeout,
);

export const stop: Command = {
  usage: "stop --uuid-file=FILE | UUID ...",
  description: [
    "Asks the apps of these pods to end, by the stop signal of their images or by SIGTERM, and",
    "kills them when they have not ended after 10 seconds, or after --timeout.",
  ],
  flags: [force, stopTimeout, uuidFile],
  grammar: "anywhere",
  run: stopPods,
};

/** One pod that cannot be stopped does not keep the others; all of them end at the same time. */
async function stopPods(host: Host, call: Call): Promise<number | "usage"> {
  const uuids = uuidsOf(call);
  if (uuids === undefined) return "usage";
  const outcomes = await Promise.allSettled(uuids.map((uuid) => stopOne(host, call, uuid)));
  let failed = 0;
  for (const outcome of outcomes) {
    if (outcome.status === "fulfilled") host.print(`${outcome.value}\n`);
    else {
      printFault(host, outcome.reason, { name: call.name, debug: call.flags.get(debug) });
      failed++;
    }
  }
  if (failed > 0) throw new Fault("precondition", `failed to stop ${failed} pod(s)`);
  return 0;
}

async function stopOne(host: Host, call: Call, uuid: string): Promise<string> {
  using pod = openPodToChange(call, uuid);
  const graceMs = call.flags.get(stopTimeout);
  const isForced = call.flags.get(force) || graceMs === 0;
  const options = { force: isForced, ...(graceMs !== undefined && { graceMs }) };
  const done = stopPod(stage0HostOf(host, call), pod, options);
  if (done !== "stopped") return `pod ${quote(pod.uuid)} is already stopped`;
  if (graceMs !== undefined) await waitForEnd(host, call, pod, graceMs);
  return quote(pod.uuid);
}

/** What a supervisor needs to give everything back once the apps are gone. */
const TEAR_DOWN_MS = 10_000;

/** The supervisor keeps the time itself; one that does not is told again, without asking. */
async function waitForEnd(host: Host, call: Call, pod: Pod, graceMs: number): Promise<void> {
  const stage0 = stage0HostOf(host, call);
  try {
    await waitForExit(stage0, pod, { timeoutMs: graceMs + TEAR_DOWN_MS });
  } catch (error) {
    if (Fault.from(error).kind !== "timeout") throw error;
    stopPod(stage0, pod, { force: true });
    await waitForExit(stage0, pod, { timeoutMs: TEAR_DOWN_MS });
  }
}

function readTimeout(text: string): number {
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : parseDuration(text);
  if (ms >= 0) return ms;
  throw new Fault("invalid", `${quote(text)} is before now`);
}

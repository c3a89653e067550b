/** `rkt run-prepared`: a pod of `prepare` flows in, and this process becomes its stage1. */
import { claimPrepared, podStatus } from "@rkt/stage0";
import { Fault } from "@shared/base";
import { detach, interactive } from "../flags/pod.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { openPodOf } from "./open-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";
import { planStart, START_FLAGS, startPod } from "./start-pod.ts";

export const runPrepared: Command = {
  usage: "run-prepared UUID",
  description: ['Runs a pod that "rkt prepare" made, in place of this process.'],
  flags: START_FLAGS,
  grammar: "anywhere",
  needsRoot: true,
  run: runPod,
};

/** The pod's descriptor goes with its lock into stage1: it is not closed here. */
async function runPod(host: Host, call: Call): Promise<number | "usage"> {
  const [uuid, more] = call.args;
  if (uuid === undefined || more !== undefined) return "usage";
  if (call.flags.get(interactive) && call.flags.get(detach)) {
    throw new Fault("invalid", "--interactive does not go with --detach", {
      hint: "prepare the pod with --tty, or with --stdin=stream behind the image",
    });
  }
  const start = planStart(call);
  const pod = openPodOf(call, uuid);
  const stage0 = stage0HostOf(host, call);
  if (call.flags.get(interactive) && podStatus(stage0, pod).apps.length > 1) {
    throw new Fault("invalid", "interactive option only supports pods with one app");
  }
  return await startPod(host, call, await claimPrepared(stage0, pod), start);
}

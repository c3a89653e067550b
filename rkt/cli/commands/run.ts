/**
 * `rkt run`: images of the command line flow in, and this process becomes the pod's stage1. What is
 * wrong with the command line is told before anything is fetched; nothing is left behind by a run
 * that could not start.
 */
import type { PreparedPod } from "@rkt/stage0";
import { kube, uuidFileSave } from "../flags/pod.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import {
  checkPodCall,
  IMAGES_HELP,
  prepareAsAsked,
  PREPARE_FLAGS,
  saveUuid,
} from "./prepare-pod.ts";
import { planStart, START_FLAGS, startPod } from "./start-pod.ts";

export const run: Command = {
  usage:
    "run [--volume=name,kind=host,...] [--mount volume=VOL,target=PATH] " +
    "IMAGE [-- image-args...[---]]...",
  description: [
    "Runs a pod of the apps of these images, in place of this process.",
    "",
    "With --kube, the pod is the one that a file of Kubernetes describes. It may hold several Pods",
    "where --detach is given, and the ConfigMaps and Secrets that they use.",
    "",
    ...IMAGES_HELP,
  ],
  flags: [...PREPARE_FLAGS, ...START_FLAGS, uuidFileSave, kube],
  grammar: "images",
  appArguments: true,
  needsRoot: true,
  run: runImages,
};

async function runImages(host: Host, call: Call): Promise<number> {
  if (call.flags.get(kube) === "") return await runPod(host, call, () => undefined);
  const { runKube } = await import("./run-kube.ts");
  return await runKube(host, { call, command: run, runPod });
}

/** @param fill puts into the prepared pod what no flag can */
async function runPod(
  host: Host,
  call: Call,
  fill: (prepared: PreparedPod) => void,
): Promise<number> {
  checkPodCall(call);
  const start = planStart(call);
  const prepared = await prepareAsAsked(host, call, {
    next: "run",
    onCreated: (uuid) => saveUuid(call.flags.get(uuidFileSave), uuid),
  });
  fill(prepared);
  return await startPod(host, call, prepared, start);
}

/**
 * `rkt run --kube`: a file of Kubernetes flows in; each of its Pods becomes the command line that
 * means the same, and is run like that. Flags that the person gave win.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { type KubePod, parseKubePods } from "@rkt/spec/kube-pod";
import type { PreparedPod } from "@rkt/stage0";
import { podPaths } from "@rkt/stage1/contract";
import { assert, Fault } from "@shared/base";
import * as pod from "../flags/pod.ts";
import type { Call, Command } from "../grammar/command.ts";
import { parseCall } from "../grammar/parse-call.ts";
import type { Host } from "../host.ts";

export interface KubeRun {
  readonly call: Call;
  readonly command: Command;
  /** Runs one pod, and lets `fill` put files into it first. */
  readonly runPod: (
    host: Host,
    call: Call,
    fill: (prepared: PreparedPod) => void,
  ) => Promise<number>;
}

export async function runKube(host: Host, { call, command, runPod }: KubeRun): Promise<number> {
  const path = call.flags.get(pod.kube);
  if (call.apps.length > 0 || call.flags.get(pod.podManifest) !== "") {
    throw new Fault("invalid", "--kube does not go with images or --pod-manifest");
  }
  const text = readFileSync(path === "-" ? 0 : path, "utf8");
  const file = path === "-" ? "standard input" : path;
  const pods = parseKubePods(text, file, { nodeName: hostname() });
  if (pods.length > 1 && !call.flags.get(pod.detach)) {
    throw new Fault("invalid", `${file}: there are ${pods.length} Pods in it`, {
      hint: "Several run in the background only: give --detach.",
    });
  }
  const calls = pods.map((each) => ({ pod: each, call: callOf(call, command, each) }));
  for (const each of calls) {
    for (const note of each.pod.notes) host.note(`${call.name}: warning: ${note}`);
    const status = await runPod(host, each.call, (prepared) => fill(prepared, each.pod));
    if (status !== 0) return status;
  }
  return 0;
}

/** The call of the same pod with words, under the flags that the person gave. */
function callOf(call: Call, command: Command, { words }: KubePod): Call {
  const parsed = parseCall(call.name, command, words);
  assert(parsed !== "help", "no Pod asks for help");
  parsed.call.flags.overwrite(call.flags);
  return parsed.call;
}

function fill({ path: directory }: PreparedPod, { files, stopGraceMs }: KubePod): void {
  for (const { volume, path, bytes, mode } of files) {
    const target = join(podPaths.sharedVolume(directory, volume), path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, bytes);
    chmodSync(target, mode); // mkdir's and open's modes are subject to the umask
  }
  if (stopGraceMs !== undefined) writeFileSync(podPaths.stopGrace(directory), String(stopGraceMs));
}

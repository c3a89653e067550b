/**
 * What a running pod uses, app by app: an open pod flows in, numbers and processes of the kernel
 * flow out. Nothing is kept between two looks.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { appCgroup, podCgroup, podPaths } from "@rkt/stage1/contract";
import { Fault, quote } from "@shared/base";
import {
  cgroupProcesses,
  cgroupUsage,
  type CgroupUsage,
  type InterfaceTraffic,
  interfaceTraffic,
  type ProcessInfo,
  processInfo,
} from "@shared/linux";
import type { Stage0Host } from "./host.ts";
import { readPodManifest } from "./list.ts";
import { type Pod, stateOfPod } from "./pod-dir.ts";
import { readPid } from "./status.ts";

/** One pod at one instant. */
export interface PodUsage {
  readonly uuid: string;
  readonly apps: readonly { readonly name: string; readonly usage: CgroupUsage }[];
  /** Of the pod's own network; empty where it has none of its own. */
  readonly networks: readonly InterfaceTraffic[];
}

/** What the pod's apps have used so far. */
export function podUsage(pod: Pod): PodUsage {
  const cgroup = cgroupOf(pod);
  const apps = readPodManifest(pod).apps.map(({ name }) => ({
    name,
    usage: cgroupUsage(appCgroup(cgroup, name)),
  }));
  return { uuid: pod.uuid, apps, networks: trafficOf(pod) };
}

/** A supervisor in a unit of systemd has its pod there. */
function cgroupOf({ files, uuid }: Pod): string {
  try {
    return readFileSync(podPaths.cgroup(files), "utf8");
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return podCgroup(uuid);
    throw error;
  }
}

function trafficOf(pod: Pod): readonly InterfaceTraffic[] {
  const pid = readPid(pod);
  if (pid === undefined || networkOf(String(pid)) === networkOf("self")) return [];
  return interfaceTraffic(pid);
}

function networkOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined; // it has ended
  }
}

/** The processes of one app, by their pids. */
export interface AppProcesses {
  readonly name: string;
  readonly processes: readonly ProcessInfo[];
}

/** The processes of a pod's apps. @throws {Fault} "precondition" when the pod does not run */
export function podProcesses(host: Pick<Stage0Host, "kernel">, pod: Pod): AppProcesses[] {
  if (stateOfPod(host, pod) !== "running") {
    throw new Fault("precondition", `pod ${quote(pod.uuid)} isn't currently running`);
  }
  const cgroup = cgroupOf(pod);
  return readPodManifest(pod).apps.map(({ name }) => ({
    name,
    processes: cgroupProcesses(appCgroup(cgroup, name)).flatMap((pid) => processInfo(pid) ?? []),
  }));
}

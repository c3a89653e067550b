/**
 * What the pod manifest asks of the pod as a whole: limits go into the pod's control group, which
 * holds those of its apps; kernel parameters into its namespaces. Read only where there is one.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type IsolatorSet, parseIsolators } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { cgroupLayout, controllerMounts } from "@shared/linux";
import type { CgroupPlace } from "./cgroup-place.ts";
import type { RunningPod, Stage1Host } from "./running-pod.ts";
import { type Disk, podGroupFiles, unenforceable } from "./resources.ts";

/** Call once per pod, after its networks are there and before its apps. @returns what was asked */
export function applyPodIsolators(host: Stage1Host, pod: RunningPod): IsolatorSet {
  const isolators = parseIsolators(pod.manifest.isolators ?? []);
  warnOfMissing(host, "the pod", isolators, pod.cgroups.controllers);
  setSysctls(host, pod, isolators.sysctls ?? {});
  limitPod(pod.cgroups, isolators);
  return isolators;
}

/** One line for each limit that this machine cannot keep. */
export function warnOfMissing(
  host: Stage1Host,
  who: string,
  isolators: IsolatorSet,
  controllers: readonly string[],
): void {
  for (const controller of unenforceable(isolators, controllers)) {
    const reason = "this machine has no such cgroup controller";
    host.note(`stage1: warning: ${who} runs without ${controller} limit: ${reason}`);
  }
  if (!isolators.networkBandwidthBits) return;
  const advice = 'use a network with the "bandwidth" plugin';
  host.note(`stage1: warning: ${who} runs without limit of network bandwidth: ${advice}`);
}

/** Disks of this machine, without those that files or memory stand behind. */
export function disksOf(isolators: IsolatorSet): readonly Disk[] {
  if (!isolators.blockBandwidthBytes && !isolators.blockOperations) return [];
  return readdirSync("/sys/block")
    .filter((name) => !/^(loop|ram|zram)\d/.test(name))
    .map((name) => {
      const text = readFileSync(join("/sys/block", name, "dev"), "utf8").trim();
      const [major = 0, minor = 0] = text.split(":").map(Number);
      return { major, minor };
    });
}

function limitPod({ pod, controllers }: CgroupPlace, isolators: IsolatorSet): void {
  const isUnified = cgroupLayout() === "unified";
  const layout = isUnified ? "unified" : "legacy";
  for (const { controller, file, value } of podGroupFiles(isolators, layout, disksOf(isolators))) {
    if (!controllers.includes(controller)) continue;
    if (isUnified) enableBelow(dirname(pod), controller);
    const group = join(isUnified ? "/sys/fs/cgroup" : legacyRoot(controller), pod);
    mkdirSync(group, { recursive: true });
    try {
      writeFileSync(join(group, file), value);
    } catch (cause) {
      throw new Fault("invalid", `limit the pod: write ${quote(value)} to ${file}`, { cause });
    }
  }
}

/** The groups in this one have files of the controller from now on. */
function enableBelow(group: string, controller: string): void {
  writeFileSync(join("/sys/fs/cgroup", group, "cgroup.subtree_control"), `+${controller}`);
}

function legacyRoot(controller: string): string {
  const mount = controllerMounts().find(({ controllers }) => controllers.includes(controller));
  if (mount !== undefined) return mount.path;
  throw new Fault("internal", `find the hierarchy of ${controller}: it is gone`);
}

/** Parameters that belong to a namespace of the pod; others are those of the whole machine. */
export function setSysctls(
  host: Stage1Host,
  { init }: RunningPod,
  sysctls: Readonly<Record<string, string>>,
): void {
  for (const [name, value] of Object.entries(sysctls)) {
    const kind = namespaceOf(name);
    if (kind === undefined) {
      throw new Fault("invalid", `set parameter ${quote(name)}: it is one of the whole machine`);
    }
    const namespace = init.namespaces.get(kind);
    if (namespace === undefined) {
      const what = `the pod shares the host's ${kind} namespace`;
      throw new Fault("invalid", `set parameter ${quote(name)}: ${what}`);
    }
    host.kernel.inNamespace(namespace, kind, () => writeSysctl(name, value));
  }
}

function namespaceOf(name: string): "net" | "ipc" | "uts" | undefined {
  if (/[^\w./-]/.test(name) || name.includes("..")) return undefined;
  if (/^net[./]/.test(name)) return "net";
  if (/^(kernel[./](msg|shm|sem)|fs[./]mqueue[./])/.test(name)) return "ipc";
  return /^kernel[./](domainname|hostname)$/.test(name) ? "uts" : undefined;
}

/** Where a part of the name has a dot, slashes stand between the parts, as sysctl(8) has it. */
function writeSysctl(name: string, value: string): void {
  const path = name.includes("/") ? name : name.replaceAll(".", "/");
  try {
    writeFileSync(join("/proc/sys", path), value);
  } catch (cause) {
    throw new Fault("invalid", `set parameter ${quote(name)} to ${quote(value)}`, { cause });
  }
}

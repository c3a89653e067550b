/**
 * Where the control groups of a pod are: inside of the unit that runs `rkt`, where systemd left
 * that unit's groups to it (`Delegate=`), otherwise beside all units. The group of this process
 * flows in, a place that others find in the pod directory flows out.
 *
 * systemd signals every process that it finds in a unit. The processes that hold the pod together
 * are kept out of its reach, so that an app is asked to end by its supervisor, and ends by itself.
 *
 * @see systemd docs/CGROUP_DELEGATION.md; Linux Documentation/admin-guide/cgroup-v2.rst, "No
 *   Internal Process Constraint"
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { writeFileAtomic } from "@shared/base";
import { cgroupControllers, cgroupLayout, type Kernel } from "@shared/linux";
import { podCgroup, podPaths } from "../contract.ts";

export interface CgroupPlace {
  /** The group that has those of the apps below it, from the root of each hierarchy. */
  readonly pod: string;
  /** Controllers that can be used there. */
  readonly controllers: readonly string[];
  /** The unit that runs the supervisor and has the apps' processes too; undefined elsewhere. */
  readonly unit: string | undefined;
  /** Takes a process that holds the pod together out of the supervisor's group. */
  readonly keep: (pid: number) => void;
}

const ROOT = "/sys/fs/cgroup";
/** The supervisor's part of a unit: a group with groups below it has no processes of its own. */
const SUPERVISOR = "supervisor";

/** The group for the processes that hold the pod together, in a unit or not. */
export function keptCgroup(uuid: string): string {
  return `${podCgroup(uuid)}.kept`;
}

/** Finds the place and moves this process out of its way. Call once, before anything is started. */
export function placeCgroups(
  host: { readonly kernel: Kernel },
  directory: string,
  uuid: string,
): CgroupPlace {
  const beside = { pod: podCgroup(uuid), unit: undefined, keep: () => undefined };
  const own = cgroupLayout() === "unified" ? ownCgroup() : undefined;
  if (own === undefined) return { ...beside, controllers: cgroupControllers() };
  const unit = delegated(host, own);
  const keep = isService(unit ?? own) ? keeperIn(keptCgroup(uuid)) : beside.keep;
  if (unit === undefined || !makeRoom(own, unit)) {
    return { ...beside, controllers: cgroupControllers(), keep };
  }
  const pod = podCgroup(uuid, unit);
  writeFileAtomic(podPaths.cgroup(directory), pod, { durable: false });
  return { pod, controllers: cgroupControllers(join(ROOT, unit)), unit: basename(unit), keep };
}

function ownCgroup(): string | undefined {
  return /^0::(\/.+)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
}

const isService = (cgroup: string): boolean =>
  cgroup.endsWith(".service") || dirname(cgroup).endsWith(".service");

/** This group, or with `DelegateSubgroup=` the one above it, where systemd keeps out of it. */
function delegated({ kernel }: { readonly kernel: Kernel }, own: string): string | undefined {
  return [own, dirname(own)].find((cgroup) => {
    // A container may be told a path that it does not see.
    if (cgroup === "/" || !existsSync(join(ROOT, cgroup))) return false;
    const value = kernel.getXattr(join(ROOT, cgroup), "trusted.delegate");
    return value !== undefined && Buffer.from(value).toString() === "1";
  });
}

/** False where other processes are in the way: then the unit cannot have groups with limits. */
function makeRoom(own: string, unit: string): boolean {
  const leaf = own === unit ? join(own, SUPERVISOR) : own;
  try {
    if (leaf !== own) moveTo(leaf, process.pid);
    const names = cgroupControllers(join(ROOT, unit));
    const words = names.map((name) => `+${name}`).join(" ");
    writeFileSync(join(ROOT, unit, "cgroup.subtree_control"), words);
    return true;
  } catch {
    if (leaf !== own) moveBack(own, leaf);
    return false;
  }
}

function moveTo(cgroup: string, pid: number): void {
  mkdirSync(join(ROOT, cgroup), { recursive: true });
  writeFileSync(join(ROOT, cgroup, "cgroup.procs"), String(pid));
}

function moveBack(own: string, leaf: string): void {
  try {
    moveTo(own, process.pid);
    rmdirSync(join(ROOT, leaf));
  } catch {
    // it never moved, or the supervisor of another pod is there
  }
}

function keeperIn(cgroup: string): (pid: number) => void {
  return (pid) => {
    try {
      moveTo(cgroup, pid);
    } catch {
      // it has ended
    }
  };
}

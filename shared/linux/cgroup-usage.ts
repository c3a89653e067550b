/**
 * What the processes of a control group use: numbers of the kernel's files, of version 1 or 2, flow
 * out. Nothing is written. What the machine does not count is undefined.
 *
 * @see Linux Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cgroupLayout, controllerMounts } from "./cgroups.ts";

/** Since the group was made, or now. */
export interface CgroupUsage {
  /** Time of all processors, in microseconds. */
  readonly cpuUs: number | undefined;
  /** Without what the kernel could drop at once. */
  readonly memoryBytes: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  /** Processes and threads. */
  readonly pids: number | undefined;
  readonly readBytes: number | undefined;
  readonly writeBytes: number | undefined;
}

/** @param path of the group from the root of a hierarchy; one that is not there uses nothing */
export function cgroupUsage(path: string, root: string = "/sys/fs/cgroup"): CgroupUsage {
  return cgroupLayout(root) === "unified" ? usageOfVersion2(join(root, path)) : usageOf(path, root);
}

function usageOfVersion2(directory: string): CgroupUsage {
  const file = (name: string): string | undefined => readIfThere(join(directory, name));
  const io = file("io.stat");
  return {
    cpuUs: field(file("cpu.stat"), "usage_usec"),
    memoryBytes: without(number(file("memory.current")), file("memory.stat"), "inactive_file"),
    memoryLimitBytes: number(file("memory.max")),
    pids: number(file("pids.current")),
    readBytes: sum(io, /rbytes=(\d+)/g),
    writeBytes: sum(io, /wbytes=(\d+)/g),
  };
}

/** Version 1 shows "no limit" as the greatest multiple of a page. */
const NO_LIMIT = 2 ** 62;

function usageOf(path: string, root: string): CgroupUsage {
  const mounts = controllerMounts(root);
  const file = (controller: string, name: string): string | undefined => {
    const mount = mounts.find(({ controllers }) => controllers.includes(controller));
    return mount && readIfThere(join(mount.path, path, name));
  };
  const memory = number(file("memory", "memory.usage_in_bytes"));
  const limit = number(file("memory", "memory.limit_in_bytes"));
  const cpuNs = number(file("cpuacct", "cpuacct.usage"));
  const io = file("blkio", "blkio.throttle.io_service_bytes");
  return {
    cpuUs: cpuNs === undefined ? undefined : Math.floor(cpuNs / 1000),
    memoryBytes: without(memory, file("memory", "memory.stat"), "total_inactive_file"),
    memoryLimitBytes: limit !== undefined && limit < NO_LIMIT ? limit : undefined,
    pids: number(file("pids", "pids.current")),
    readBytes: sum(io, /^\d+:\d+ Read (\d+)$/gm),
    writeBytes: sum(io, /^\d+:\d+ Write (\d+)$/gm),
  };
}

/** Pids of the group's processes and of those in groups below it, in the order of their numbers. */
export function cgroupProcesses(path: string, root: string = "/sys/fs/cgroup"): number[] {
  const roots =
    cgroupLayout(root) === "unified" ? [root] : controllerMounts(root).map((mount) => mount.path);
  const pids = roots.flatMap((each) => [...processesBelow(join(each, path))]);
  return [...new Set(pids)].sort((a, b) => a - b);
}

function* processesBelow(directory: string): Generator<number> {
  for (const pid of readIfThere(join(directory, "cgroup.procs"))?.split("\n") ?? []) {
    if (Number(pid) > 0) yield Number(pid); // 0: of a pid namespace that we do not see
  }
  for (const name of directoriesIn(directory)) yield* processesBelow(join(directory, name));
}

function directoriesIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return []; // it has ended
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // the controller is not there, or the group has ended
  }
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

function field(text: string | undefined, name: string): number | undefined {
  const [, value] = new RegExp(`^${name} (\\d+)$`, "m").exec(text ?? "") ?? [];
  return value === undefined ? undefined : Number(value);
}

function without(
  whole: number | undefined,
  text: string | undefined,
  name: string,
): number | undefined {
  return whole === undefined ? undefined : Math.max(0, whole - (field(text, name) ?? 0));
}

function sum(text: string | undefined, pattern: RegExp): number | undefined {
  if (text === undefined) return undefined;
  return [...text.matchAll(pattern)].reduce((all, [, value]) => all + Number(value), 0);
}

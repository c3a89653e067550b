/** Which control groups this machine has, found by looking; nothing is mounted or created here. */
import { readFileSync, statfsSync } from "node:fs";
import { join } from "node:path";

const CGROUP2_MAGIC = 0x63677270;

/** Which hierarchies of control groups are mounted. */
export type CgroupLayout =
  /** One hierarchy with all controllers. */
  | "unified"
  /** Hierarchies of version 1, and one of version 2 without the controllers beside them. */
  | "hybrid"
  /** Hierarchies of version 1 only. */
  | "legacy"
  | "none";

/** @param root where the hierarchies are mounted, `/sys/fs/cgroup` unless a test brings its own */
export function cgroupLayout(root: string = "/sys/fs/cgroup"): CgroupLayout {
  if (isCgroup2(root)) return "unified";
  if (controllerMounts(root).length === 0) return "none";
  return isCgroup2(join(root, "unified")) ? "hybrid" : "legacy";
}

/**
 * The controllers that can be used, by name: `memory`, `cpu`, `pids`, … Under `unified` those that
 * the root offers, otherwise those that are mounted below `root`.
 */
export function cgroupControllers(root: string = "/sys/fs/cgroup"): string[] {
  if (isCgroup2(root)) {
    return readFileSync(join(root, "cgroup.controllers"), "utf8").split(/\s+/).filter(Boolean);
  }
  return controllerMounts(root).flatMap(({ controllers }) => controllers);
}

/** One hierarchy of version 1. */
export interface ControllerMount {
  readonly path: string;
  /** Empty for a named hierarchy such as systemd's. */
  readonly controllers: string[];
}

const NOT_CONTROLLERS =
  /^(rw|ro|nosuid|nodev|noexec|relatime|noatime|xattr|clone_children|name=.*|release_agent=.*)$/;

/** The hierarchies of version 1 that are mounted below `root`. */
export function controllerMounts(root: string = "/sys/fs/cgroup"): ControllerMount[] {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, path = "", type]) => type === "cgroup" && path.startsWith(`${root}/`))
    .map(([, path = "", , options = ""]) => ({
      path,
      controllers: options.split(",").filter((option) => !NOT_CONTROLLERS.test(option)),
    }));
}

function isCgroup2(path: string): boolean {
  try {
    return statfsSync(path).type === CGROUP2_MAGIC;
  } catch {
    return false; // not there
  }
}

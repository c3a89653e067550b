/**
 * The end of a pod's control groups, wherever they are, in each hierarchy. crun makes those of the
 * apps; this file removes all of them. No hierarchy is ever mounted here.
 */
import { existsSync, readdirSync, readFileSync, rmdirSync, writeFile } from "node:fs";
import { dirname, join } from "node:path";
import type { Clock } from "@shared/base";
import { cgroupLayout, controllerMounts } from "@shared/linux";
import { podCgroup, podPaths } from "../contract.ts";
import { type CgroupPlace, keptCgroup } from "./cgroup-place.ts";

/** The pod's directories in every hierarchy that has some. */
function podCgroupDirectories(pod: string, uuid: string): string[] {
  const layout = cgroupLayout();
  const roots =
    layout === "unified" ? ["/sys/fs/cgroup"] : controllerMounts().map(({ path }) => path);
  if (layout === "hybrid") roots.push("/sys/fs/cgroup/unified");
  const groups = [podCgroup(uuid), keptCgroup(uuid), recordedCgroup(pod, uuid)];
  return roots
    .flatMap((root) => groups.flatMap((group) => (group === undefined ? [] : [join(root, group)])))
    .filter((path) => existsSync(path));
}

/**
 * Moves this process to the cgroup where it is, in the background. The first move on an idle
 * machine waits for an RCU grace period (10 ms) that a second one soon after it does without:
 * started now, the wait is over when crun moves the first app. In a unit of its own it has moved.
 */
export function warmUpMigration({ unit }: Pick<CgroupPlace, "unit">): void {
  if (unit !== undefined) return;
  const directory = ownCgroup();
  if (directory === undefined) return;
  writeFile(join(directory, "cgroup.procs"), "0", () => undefined); // only a head start
}

/** The directory of this process in one of the hierarchies that are mounted. */
function ownCgroup(): string | undefined {
  const memberships = readFileSync("/proc/self/cgroup", "utf8").matchAll(/^\d+:([^:]*):(.*)$/gm);
  const mounts = controllerMounts();
  for (const [, controllers = "", path = ""] of memberships) {
    if (controllers === "" && cgroupLayout() === "unified") return join("/sys/fs/cgroup", path);
    const mount = mounts.find((each) => each.controllers.join(",") === controllers);
    if (mount !== undefined) return join(mount.path, path);
  }
  return undefined;
}

/** How long processes that were killed may take to leave their cgroup, in ms. */
const LEAVE_MS_MAX = 2000;

function recordedCgroup(pod: string, uuid: string): string | undefined {
  try {
    const path = readFileSync(podPaths.cgroup(pod), "utf8");
    return path === podCgroup(uuid, dirname(path)) ? path : undefined; // nobody else's
  } catch {
    return undefined; // it has none but the usual
  }
}

/** Kills what still runs in the pod's cgroups and removes them. */
export async function removePodCgroups(
  host: { readonly clock: Clock },
  pod: string,
  uuid: string,
): Promise<void> {
  const until = host.clock.now() + LEAVE_MS_MAX;
  for (const directory of podCgroupDirectories(pod, uuid)) {
    while (!tryRemove(directory)) {
      if (host.clock.now() > until) return;
      await host.clock.sleep(5);
    }
  }
}

function tryRemove(directory: string): boolean {
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.isDirectory() && !tryRemove(join(directory, entry.name))) return false;
    }
    rmdirSync(directory);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return true;
    killMembers(directory);
    return false;
  }
}

function killMembers(directory: string): void {
  let members: string[];
  try {
    members = readFileSync(join(directory, "cgroup.procs"), "utf8").match(/^[1-9]\d*$/gm) ?? [];
  } catch {
    return; // gone by now
  }
  for (const pid of members) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // it has ended by itself
    }
  }
}

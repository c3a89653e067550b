/**
 * The control groups of a pod: `/rkt-<uuid>/<app>` in each hierarchy. crun makes them; this file
 * says where they are and removes them. No hierarchy is ever mounted here.
 */
import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@shared/base";
import { cgroupLayout, controllerMounts } from "@shared/linux";

/** The pod's directory in every hierarchy that has one. */
function podCgroupDirectories(uuid: string): string[] {
  const layout = cgroupLayout();
  const roots =
    layout === "unified" ? ["/sys/fs/cgroup"] : controllerMounts().map(({ path }) => path);
  if (layout === "hybrid") roots.push("/sys/fs/cgroup/unified");
  return roots.map((root) => join(root, `rkt-${uuid}`)).filter((path) => existsSync(path));
}

/**
 * Moves this process to the cgroup where it is, in the background. The first move on an idle
 * machine waits for an RCU grace period (10 ms) that a second one soon after it does without:
 * started now, the wait is over when crun moves the first app.
 */
export function warmUpMigration(): void {
  const directory = ownCgroup();
  if (directory === undefined) return;
  writeFile(join(directory, "cgroup.procs"), "0").catch(() => undefined); // only a head start
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

/** Kills what still runs in the pod's cgroups and removes them. */
export async function removePodCgroups(
  host: { readonly clock: Clock },
  uuid: string,
): Promise<void> {
  const until = host.clock.now() + LEAVE_MS_MAX;
  for (const directory of podCgroupDirectories(uuid)) {
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

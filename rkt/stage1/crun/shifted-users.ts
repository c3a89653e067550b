/**
 * What a pod with a user namespace of its own needs of its surroundings: places that its root may
 * reach, and volumes whose owners are shifted. All lies in the pod's own mount namespace.
 *
 * The root of such a pod is nobody on the host, so it cannot walk through a data directory that is
 * closed to others. crun opens sources of mounts before it changes its user, but not the root.
 */
import { closeSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "@shared/base";
import { mappedOwners, podPaths } from "../contract.ts";
import type { BindRequest } from "@shared/linux";
import type { BoundVolume } from "./bound-volume.ts";
import type { RunningPod, Stage1Host } from "./running-pod.ts";

/** An empty directory of the host; each such pod sees a file system of its own there. */
const REACHABLE = "/run/rkt-users";

/** Call once per pod, before anything is placed there. */
export function makeReachable(host: Stage1Host, pod: RunningPod): void {
  if (pod.options.privateUsers === undefined) return;
  mkdirSync(REACHABLE, { recursive: true, mode: 0o755 });
  host.kernel.mount({
    source: "rkt-users",
    target: REACHABLE,
    type: "tmpfs",
    flags: ["nosuid", "nodev"],
    data: "mode=755",
  });
}

/** Where crun finds the root of an app. */
export function reachableRoot(host: Stage1Host, pod: RunningPod, app: string): string {
  const root = podPaths.appRoot(pod.directory, app);
  if (pod.options.privateUsers === undefined) return root;
  const target = join(REACHABLE, "roots", app);
  mkdirSync(target, { recursive: true });
  host.kernel.bindMount({ source: root, target, recursive: true });
  return target;
}

/**
 * The volumes of an app with owners as the app has them on disk. Where the file system of one
 * cannot do so, its files belong to nobody, and a line says so.
 */
export function shiftVolumes(
  host: Stage1Host,
  pod: RunningPod,
  app: string,
  volumes: readonly BoundVolume[],
): readonly BoundVolume[] {
  const users = pod.options.privateUsers;
  if (users === undefined || volumes.length === 0) return volumes;
  const fd = host.kernel.newUserNamespace(mappedOwners(users));
  try {
    return volumes.flatMap((volume, at) => {
      const target = join(REACHABLE, "volumes", app, String(at));
      const shifted = shiftVolume(host, volume, target, fd);
      return [shifted, ...volumesBelow(shifted)];
    });
  } finally {
    closeSync(fd);
  }
}

function shiftVolume(
  host: Stage1Host,
  volume: BoundVolume,
  target: string,
  userNamespaceFd: number,
): BoundVolume {
  const { source, recursive } = volume;
  if (source === "") return volume;
  makeMountPoint(source, target);
  const all = bindShifted(host, { source, target, recursive, userNamespaceFd });
  if (all === undefined) return { ...volume, source: target };
  if (recursive && bindEach(host, volume, target, userNamespaceFd)) {
    return { ...volume, source: target };
  }
  host.note(`stage1: warning: files in ${volume.target} belong to nobody: ${all.message}`);
  return volume;
}

/** Why the file system cannot; undefined where it could. */
function bindShifted(host: Stage1Host, request: BindRequest): Fault | undefined {
  try {
    host.kernel.bindMount(request);
    return undefined;
  } catch (error) {
    const fault = Fault.from(error);
    if (fault.kind !== "unsupported") throw fault;
    return fault;
  }
}

/** File systems below one that can be shifted may be of another kind: each gets its own try. */
function bindEach(
  host: Stage1Host,
  volume: BoundVolume,
  target: string,
  userNamespaceFd: number,
): boolean {
  const top = { source: volume.source, target, recursive: false };
  if (bindShifted(host, { ...top, userNamespaceFd }) !== undefined) return false;
  for (const source of mountPointsBelow(volume.source)) {
    const part = source.slice(volume.source.length);
    const below = { source, target: join(target, part), recursive: false };
    const fault = bindShifted(host, { ...below, userNamespaceFd });
    if (fault === undefined) continue;
    const where = join(volume.target, part);
    host.note(`stage1: warning: files in ${where} belong to nobody: ${fault.message}`);
    host.kernel.bindMount(below);
  }
  return true;
}

/** In a user namespace crun 1.8 binds without what is mounted below, so that gets its own turn. */
function volumesBelow(volume: BoundVolume): BoundVolume[] {
  const { source, target, recursive, tmpfs } = volume;
  if (!recursive || tmpfs !== undefined) return [];
  return mountPointsBelow(source).map((point) => ({
    ...volume,
    source: point,
    target: join(target, point.slice(source.length)),
    isFilled: false,
  }));
}

function mountPointsBelow(directory: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => unescapeOctal(line.split(" ")[4] ?? ""))
    .filter((point) => point.startsWith(join(directory, "/")));
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function makeMountPoint(source: string, target: string): void {
  if (statSync(source).isDirectory()) mkdirSync(target, { recursive: true });
  else {
    mkdirSync(join(target, ".."), { recursive: true });
    writeFileSync(target, "");
  }
}

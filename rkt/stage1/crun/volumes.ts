/**
 * The volumes of one app: mounts of the pod manifest and mount points of the image become pairs of
 * source and target.
 *
 * An empty volume that is used for the first time gets what the image has at that place, as users
 * of container images expect.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  fstatSync,
  mkdirSync,
  readdirSync,
  statSync,
} from "node:fs";
import { join, resolve } from "node:path";
import {
  type App,
  type Mount,
  parseQuantity,
  type PodManifest,
  type RuntimeApp,
  type Volume,
  wholeUnits,
} from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import type { Kernel } from "@shared/linux";
import { podPaths } from "../contract.ts";
import type { BoundVolume } from "./bound-volume.ts";

/**
 * Every mount of the app, in the order in which they are made. @throws {Fault} for a mount without
 * its volume
 */
export function bindVolumes(
  pod: string,
  manifest: PodManifest,
  runtimeApp: RuntimeApp,
  app: App,
): BoundVolume[] {
  const isOwn = ({ appVolume }: Mount): boolean => appVolume?.kind === "tmpfs";
  const volumes = new Map((manifest.volumes ?? []).map((volume) => [volume.name, volume]));
  const mounts = runtimeApp.mounts ?? [];
  const explicit = mounts.map((mount) => {
    const point = app.mountPoints?.find(({ path }) => path === mount.path);
    if (isOwn(mount)) return ownTmpfs(mount);
    return bind(pod, volumeOf(mount, volumes), { path: mount.path, readOnly: point?.readOnly });
  });
  const taken = new Set(mounts.map(({ path }) => path));
  const implied = (app.mountPoints ?? [])
    .filter(({ path }) => !taken.has(path))
    .flatMap(({ name, path, readOnly }) => {
      const volume = volumes.get(name);
      return volume === undefined ? [] : [bind(pod, volume, { path, readOnly })];
    });
  return [...explicit, ...implied].sort((a, b) => depth(a.target) - depth(b.target));
}

/** A file system in memory for one app alone. */
function ownTmpfs({ path, appVolume }: Mount): BoundVolume {
  const readOnly = appVolume?.readOnly ?? false;
  const tmpfs = appVolume === undefined ? [] : tmpfsOptions(appVolume);
  return { source: "", target: path, readOnly, recursive: false, tmpfs };
}

/** @see tmpfs(5) */
function tmpfsOptions({ mode = "1777", uid = 0, gid = 0, size }: Volume): string[] {
  const bytes = size === undefined ? [] : [`size=${wholeUnits(parseQuantity(size))}`];
  return [`mode=${mode}`, `uid=${uid}`, `gid=${gid}`, ...bytes];
}

/** Mounts the volumes in memory that apps share. Call once per pod. */
export function mountSharedTmpfs(
  host: { readonly kernel: Kernel },
  pod: string,
  volumes: readonly Volume[],
): void {
  for (const volume of volumes.filter(({ kind }) => kind === "tmpfs")) {
    const target = podPaths.sharedVolume(pod, volume.name);
    mkdirSync(target, { recursive: true, mode: 0o750 });
    const data = tmpfsOptions(volume).join(",");
    const flags = ["nosuid", "nodev"] as const;
    host.kernel.mount({ source: "tmpfs", target, type: "tmpfs", flags, data });
  }
}

function volumeOf(mount: Mount, volumes: ReadonlyMap<string, Volume>): Volume {
  const volume = mount.appVolume ?? volumes.get(mount.volume);
  if (volume !== undefined) return volume;
  throw new Fault(
    "invalid",
    `mount ${quote(mount.path)}: there is no volume ${quote(mount.volume)}`,
  );
}

function bind(
  pod: string,
  volume: Volume,
  point: { readonly path: string; readonly readOnly: boolean | undefined },
): BoundVolume {
  const source =
    volume.kind === "host" ? hostSource(volume) : podPaths.sharedVolume(pod, volume.name);
  return {
    source,
    target: point.path,
    readOnly: volume.readOnly ?? point.readOnly ?? false,
    isFilled: volume.kind === "empty" || isNamedVolume(pod, source),
    recursive: (volume.recursive ?? true) && mayHoldMounts(source),
  };
}

/** Volumes with names lie in the data directory; the pod manifest has their paths. */
function isNamedVolume(pod: string, source: string): boolean {
  return source.startsWith(join(resolve(pod), "../../../volumes/"));
}

/** Looked at here, because crun's own word for it names neither the volume nor the option. */
function hostSource({ name, source = "" }: Volume): string {
  if (statSync(source, { throwIfNoEntry: false }) !== undefined) return source;
  const volume = `mount volume ${quote(name)}`;
  throw new Fault("not-found", `${volume}: stat ${quote(source)}: no such file or directory`);
}

/** A file has nothing below it; crun 1.8 fails to make one recursively read-only. */
function mayHoldMounts(source: string): boolean {
  return statSync(source, { throwIfNoEntry: false })?.isDirectory() ?? true;
}

function depth(path: string): number {
  return path.split("/").filter(Boolean).length;
}

/** Copies what the image has at the targets of empty volumes that still are empty. */
export function fillEmptyVolumes(
  host: { readonly kernel: Kernel },
  root: string,
  volumes: readonly BoundVolume[],
): void {
  for (const { source, target, isFilled = false } of volumes) {
    if (!isFilled || readdirSync(source).length > 0) continue;
    const fd = host.kernel.openInRoot(root, target);
    if (fd === undefined) continue;
    try {
      if (fstatSync(fd).isDirectory()) fillVolume(fd, source, root);
    } finally {
      closeSync(fd);
    }
  }
}

/**
 * The volume's own directory gets the image's mode and owner too, as apps that are not root need,
 * unless somebody gave it others.
 */
function fillVolume(directoryFd: number, target: string, root: string): void {
  const { mode, uid, gid } = statSync(target);
  copyContent(directoryFd, target);
  const { uid: ofRoot } = statSync(root); // another id on the host in a user namespace
  if ((mode & 0o7777) === 0o755 && uid === ofRoot && gid === ofRoot) return;
  chownSync(target, uid, gid);
  chmodSync(target, mode & 0o7777);
}

function copyContent(directoryFd: number, target: string): void {
  if (readdirSync(`/proc/self/fd/${directoryFd}`).length === 0) return;
  const copy = Bun.spawnSync(["cp", "-a", "/proc/self/fd/3/.", target], {
    stdio: ["ignore", "ignore", "pipe", directoryFd],
  });
  if (copy.exitCode === 0) return;
  const reason = copy.stderr.toString().trim();
  throw new Fault("exhausted", `fill volume ${quote(target)} from the image: ${reason}`);
}

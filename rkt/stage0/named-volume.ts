/**
 * Volumes that outlive pods: `volumes/<name>/data` in the data directory. A pod's manifest names
 * that path, so stage1 sees a directory of the host, and who uses a volume is read from manifests.
 */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { parseAcName, type PodManifest, type Volume } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { randomUuid } from "./create-pod.ts";
import type { Stage0Host } from "./host.ts";
import { readPodManifest } from "./list.ts";
import { PHASES, isAfterRun } from "./phase.ts";
import { openPodIn, type Pod, stateOfPod, uuidsIn } from "./pod-dir.ts";
import { lockFile } from "./prepare-lock.ts";

/** What a new volume is like, where it is none yet. */
export interface VolumeWish {
  /** Octal text, "0755" unless told. */
  readonly mode?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** A volume as people see it. */
export interface NamedVolume {
  readonly name: string;
  /** Where its files lie. */
  readonly path: string;
  readonly createdMs: number;
  /** UUIDs of pods that have not ended and name it. */
  readonly pods: readonly string[];
}

function directoryOf(dataDir: string, name: string): string {
  return join(resolve(dataDir), "volumes", parseAcName(name));
}

/** The path of its files. A volume that is not there is made, whole or not at all. */
export function ensureVolume(
  host: Pick<Stage0Host, "random">,
  dataDir: string,
  name: string,
  wish: VolumeWish,
): string {
  const directory = directoryOf(dataDir, name);
  const path = join(directory, "data");
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return path;
  const draft = join(resolve(dataDir), "volumes", `.${randomUuid(host.random)}`);
  mkdirSync(join(draft, "data"), { recursive: true, mode: 0o750 });
  chmodSync(join(draft, "data"), Number.parseInt(wish.mode ?? "0755", 8));
  chownSync(join(draft, "data"), wish.uid ?? 0, wish.gid ?? 0);
  try {
    renameSync(draft, directory);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // Another may have been faster; its volume is as good.
    if (statSync(path, { throwIfNoEntry: false }) === undefined) throw error;
  }
  return path;
}

/** Held while the manifest of a pod with such volumes is made; undefined where it has none. */
export function holdVolumes(
  host: Pick<Stage0Host, "kernel">,
  dataDir: string,
  manifest: PodManifest,
): Disposable | undefined {
  const own = manifest.apps.flatMap(({ mounts = [] }) => mounts.map(({ appVolume }) => appVolume));
  const isNamed = [...(manifest.volumes ?? []), ...own].some((each) => each?.kind === "named");
  return isNamed ? lockVolumes(host, dataDir, "shared") : undefined;
}

/** The manifest with each named volume as the directory of the host that it is. */
export function withNamedVolumes(
  host: Pick<Stage0Host, "random">,
  dataDir: string,
  manifest: PodManifest,
): PodManifest {
  const place = (volume: Volume): Volume => {
    if (volume.kind !== "named") return volume;
    const { name, source = name, readOnly, recursive } = volume;
    return {
      name,
      kind: "host",
      source: ensureVolume(host, dataDir, source, volume),
      ...(readOnly !== undefined && { readOnly }),
      ...(recursive !== undefined && { recursive }),
    };
  };
  return {
    ...manifest,
    ...(manifest.volumes && { volumes: manifest.volumes.map(place) }),
    apps: manifest.apps.map((app) => ({
      ...app,
      ...(app.mounts && {
        mounts: app.mounts.map(({ appVolume, ...mount }) => ({
          ...mount,
          ...(appVolume && { appVolume: place(appVolume) }),
        })),
      }),
    })),
  };
}

/** All volumes by name. */
export function listVolumes(host: Pick<Stage0Host, "kernel">, dataDir: string): NamedVolume[] {
  const users = usersOfPaths(host, dataDir);
  return namesIn(join(resolve(dataDir), "volumes")).map((name) => {
    const directory = directoryOf(dataDir, name);
    const path = join(directory, "data");
    return {
      name,
      path,
      createdMs: statSync(directory).birthtimeMs,
      pods: users.get(path) ?? [],
    };
  });
}

/** The volume of this name. @throws {Fault} "not-found" */
export function findVolume(
  host: Pick<Stage0Host, "kernel">,
  dataDir: string,
  name: string,
): NamedVolume {
  const found = listVolumes(host, dataDir).find((each) => each.name === name);
  if (found !== undefined) return found;
  throw new Fault("not-found", `find volume ${quote(name)}: there is none of that name`);
}

/** Removes a volume and its files. @throws {Fault} "not-found", "precondition" while it is used */
export function removeVolume(
  host: Pick<Stage0Host, "kernel" | "random">,
  dataDir: string,
  name: string,
): void {
  using _nobodyElse = lockVolumes(host, dataDir, "exclusive");
  const { pods } = findVolume(host, dataDir, name);
  const [pod] = pods;
  if (pod !== undefined) {
    throw new Fault("precondition", `remove volume ${quote(name)}: pod ${quote(pod)} uses it`);
  }
  // Gone at once for everybody else, however long the removal takes.
  const draft = join(resolve(dataDir), "volumes", `.${randomUuid(host.random)}`);
  renameSync(directoryOf(dataDir, name), draft);
  rmSync(draft, { recursive: true, force: true });
}

/** In order; what begins with a dot is being made or removed. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => !name.startsWith("."))
      .sort();
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return [];
    throw error;
  }
}

/** UUIDs of pods that have not ended, by each path of the host that they mount. */
function usersOfPaths(
  host: Pick<Stage0Host, "kernel">,
  dataDir: string,
): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>();
  for (const phase of PHASES) {
    for (const uuid of uuidsIn(dataDir, phase)) {
      using pod = openPodIn(dataDir, phase, uuid);
      if (pod === undefined) continue;
      const state = stateOfPod(host, pod, phase);
      if (state === undefined || isAfterRun(state)) continue;
      for (const path of pathsOf(pod)) users.set(path, [...(users.get(path) ?? []), uuid]);
    }
  }
  return users;
}

/** None where the manifest is not yet written: such a pod holds the lock of volumes. */
function pathsOf(pod: Pod): string[] {
  try {
    const { volumes = [], apps } = readPodManifest(pod);
    const own = apps.flatMap(({ mounts = [] }) =>
      mounts.flatMap(({ appVolume }) => appVolume ?? []),
    );
    const sources = [...volumes, ...own].map(({ source = "" }) => source);
    return [...new Set(sources)].filter((source) => source !== "");
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return [];
    throw error;
  }
}

/** Held shared by who makes a pod with volumes, exclusively by who removes one. */
function lockVolumes(
  host: Pick<Stage0Host, "kernel">,
  dataDir: string,
  kind: "shared" | "exclusive",
): Disposable {
  return lockFile(host, join(resolve(dataDir), "locks", "volumes"), kind);
}

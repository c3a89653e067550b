/**
 * Every pod with its true state: a data directory flows in, one record per pod flows out. Reads no
 * more than a list shows, takes no lock for longer than a look, and copes with pods that move or
 * vanish meanwhile.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parsePodManifest, type PodManifest } from "@rkt/spec";
import { type NetworkStatus, podPaths } from "@rkt/stage1/contract";
import { describeFault, Fault } from "@shared/base";
import type { Stage0Host } from "./host.ts";
import { type AppSummary, parseManifestHead } from "./manifest-head.ts";
import type { Phase, PodState } from "./phase.ts";
import { openPodIn, type Pod, stateOfPod, uuidsIn } from "./pod-dir.ts";

/** A pod as a list shows it. */
export interface PodSummary {
  readonly uuid: string;
  /** Undefined where the pod was given none. */
  readonly name: string | undefined;
  readonly state: PodState;
  /** In the order of the pod manifest; empty while the manifest is not written. */
  readonly apps: readonly AppSummary[];
  /** Milliseconds since the epoch; undefined while the pod is not whole. */
  readonly createdMs: number | undefined;
  /** Milliseconds since the epoch; undefined before stage1 has set up the pod. */
  readonly startedMs: number | undefined;
  readonly networks: readonly NetworkStatus[];
  readonly userAnnotations: Readonly<Record<string, string>>;
  readonly userLabels: Readonly<Record<string, string>>;
  /** Why a part of this record could not be read. */
  readonly problem: string | undefined;
}

type ListHost = Pick<Stage0Host, "kernel">;

/** Embryos have nothing to show yet, final garbage nothing any more. */
const LISTED: readonly Phase[] = ["prepare", "prepared", "run", "exited-garbage"];

/** All pods, sorted by UUID. */
export function listPods(host: ListHost, dataDir: string): PodSummary[] {
  const pods = new Map<string, PodSummary>();
  for (const phase of LISTED) {
    for (const uuid of uuidsIn(dataDir, phase)) {
      using pod = openPodIn(dataDir, phase, uuid);
      // A pod that has moved on since is met again in a later phase.
      const summary = pod && summarize(host, pod, phase);
      if (summary !== undefined) pods.set(uuid, summary);
    }
  }
  return [...pods.values()].sort((a, b) => (a.uuid < b.uuid ? -1 : 1));
}

/** The record of one open pod; undefined once it is removed. */
export function summarize(host: ListHost, pod: Pod, seenIn?: Phase): PodSummary | undefined {
  const state = stateOfPod(host, pod, seenIn);
  if (state === undefined) return undefined;
  const started = hasStarted(state);
  const createdMs = modifiedMs(join(pod.files, "pod-created"));
  const manifest = tryRead(() =>
    parseManifestHead(readFileSync(podPaths.manifest(pod.files), "utf8")),
  );
  return {
    uuid: pod.uuid,
    name: manifest.value?.name,
    state,
    apps: manifest.value?.apps ?? [],
    createdMs,
    startedMs: started ? modifiedMs(podPaths.pid(pod.files)) : undefined,
    networks: started ? readNetworks(pod) : [],
    userAnnotations: manifest.value?.userAnnotations ?? {},
    userLabels: manifest.value?.userLabels ?? {},
    problem: createdMs === undefined ? "invalid creation time" : manifest.problem,
  };
}

interface Attempt<T> {
  readonly value: T | undefined;
  readonly problem: string | undefined;
}

/** One damaged pod must not hide the others. */
function tryRead<T>(read: () => T): Attempt<T> {
  try {
    return { value: read(), problem: undefined };
  } catch (error) {
    return { value: undefined, problem: describeFault(error) };
  }
}

/** The manifest of a pod, as preparation wrote it. @throws {Fault} "not-found", "invalid" */
export function readPodManifest(pod: Pod): PodManifest {
  return parsePodManifest(readFileSync(podPaths.manifest(pod.files), "utf8"));
}

/** The networks of a pod while it has any. */
function readNetworks(pod: Pod): readonly NetworkStatus[] {
  const text = readIfPresent(podPaths.netInfo(pod.files));
  if (text === undefined) return [];
  try {
    const value = JSON.parse(text) as unknown;
    return Array.isArray(value) ? value.filter(isNetwork) : [];
  } catch {
    return []; // written by stage1 at this very moment
  }
}

const NETWORK_FIELDS = [
  "netName",
  "netConf",
  "pluginPath",
  "ifName",
  "ip",
  "args",
  "mask",
] as const;

function isNetwork(value: unknown): value is NetworkStatus {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  return NETWORK_FIELDS.every((name) => typeof fields[name] === "string");
}

/** Time of the last change of a file, in ms since the epoch; undefined where there is none. */
export function modifiedMs(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

/** The text of a file; undefined where there is none. */
export function readIfPresent(path: string): string | undefined {
  if (!existsSync(path)) return undefined; // to throw and catch takes longer
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return undefined;
    throw error;
  }
}

function hasStarted(state: PodState): boolean {
  return state !== "preparing" && state !== "aborted prepare" && state !== "prepared";
}

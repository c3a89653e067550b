/**
 * One pod in detail, and waiting for it: an open pod flows in, what stage1 wrote about it flows
 * out. Takes no lock for longer than a look.
 */
import { readlinkSync } from "node:fs";
import type { Mount, PodManifest, RuntimeApp, Volume } from "@rkt/spec";
import { podPaths } from "@rkt/stage1/contract";
import { Fault, quote } from "@shared/base";
import type { Stage0Host } from "./host.ts";
import { modifiedMs, type PodSummary, readIfPresent, readPodManifest, summarize } from "./list.ts";
import type { AppSummary } from "./manifest-head.ts";
import { isAfterRun, type PodState } from "./phase.ts";
import { pathOf, type Pod, stateOfPod } from "./pod-dir.ts";

/** One mount of an app, with both its ends. */
export interface AppMount {
  /** Name of the volume. */
  readonly name: string;
  readonly containerPath: string;
  readonly hostPath: string;
  readonly readOnly: boolean;
}

/** An app in detail. */
export interface AppStatus extends AppSummary {
  readonly state: "created" | "running" | "exited";
  /** Milliseconds since the epoch, with a fraction. */
  readonly createdMs: number | undefined;
  readonly startedMs: number | undefined;
  readonly finishedMs: number | undefined;
  /** Undefined while it runs, and for ever when stage1 died before it could tell. */
  readonly exitCode: number | undefined;
  readonly mounts: readonly AppMount[];
  readonly userAnnotations: Readonly<Record<string, string>>;
  readonly userLabels: Readonly<Record<string, string>>;
}

/** A pod in detail. */
export interface PodStatus extends PodSummary {
  /**
   * Of a process that `enter` may join, in the host's pid namespace; the last one known of a pod
   * that has ended.
   */
  readonly pid: number | undefined;
  /** All apps were started. */
  readonly ready: boolean;
  readonly apps: readonly AppStatus[];
}

type StatusHost = Pick<Stage0Host, "kernel">;

/** How the pod stands. @throws {Fault} "not-found" once it is removed, "corrupt" */
export function podStatus(host: StatusHost, pod: Pod): PodStatus {
  const summary = summarize(host, pod);
  if (summary === undefined) throw gone(pod);
  const [pid, ready] = [readPid(pod), isReady(pod)];
  if (summary.apps.length === 0) return { ...summary, pid, ready, apps: [] };
  const manifest = readPodManifest(pod);
  const apps = manifest.apps.map((app, index) => ({
    ...(summary.apps[index] as AppSummary),
    ...appTimes(pod, summary, app.name),
    mounts: mountsOf(pathOf(pod), manifest, app),
    userAnnotations: app.app?.userAnnotations ?? {},
    userLabels: app.app?.userLabels ?? {},
  }));
  return { ...summary, pid, ready, apps };
}

/** The pid that stage1 left for `enter`; undefined before it is known. */
export function readPid(pod: Pod): number | undefined {
  const text = readIfPresent(podPaths.pid(pod.files))?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

type AppTimes = Pick<AppStatus, "state" | "createdMs" | "startedMs" | "finishedMs" | "exitCode">;

function appTimes(pod: Pod, summary: PodSummary, app: string): AppTimes {
  const statusFile = podPaths.appStatus(pod.files, app);
  const startedMs = modifiedMs(podPaths.appStarted(pod.files, app));
  const finishedMs = modifiedMs(statusFile);
  const code = finishedMs === undefined ? undefined : readIfPresent(statusFile)?.trim();
  return {
    state: appState(summary.state, startedMs, finishedMs),
    createdMs: modifiedMs(podPaths.appCreated(pod.files, app)) ?? summary.createdMs,
    startedMs,
    finishedMs,
    exitCode: code !== undefined && /^\d+$/.test(code) ? Number(code) : undefined,
  };
}

function appState(
  pod: PodState,
  startedMs: number | undefined,
  finishedMs: number | undefined,
): AppStatus["state"] {
  if (isAfterRun(pod) || finishedMs !== undefined) return "exited";
  return startedMs === undefined ? "created" : "running";
}

function mountsOf(path: string, manifest: PodManifest, app: RuntimeApp): AppMount[] {
  return (app.mounts ?? []).flatMap((mount) => {
    const volume = mount.appVolume ?? manifest.volumes?.find(({ name }) => name === mount.volume);
    return volume === undefined ? [] : [appMount(path, mount, volume)];
  });
}

function appMount(path: string, mount: Mount, volume: Volume): AppMount {
  const { name, source, readOnly = false } = volume;
  const hostPath = source ?? podPaths.sharedVolume(path, name);
  return { name, containerPath: mount.path, hostPath, readOnly };
}

/** How long to wait. */
export interface WaitOptions {
  /** Undefined waits for as long as it takes. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal;
}

type WaitHost = Pick<Stage0Host, "kernel" | "clock">;

const POLL_MS = 100;

/** Resolves once the pod has run to its end, or is removed. @throws {Fault} "timeout" */
export function waitForExit(host: WaitHost, pod: Pod, options: WaitOptions = {}): Promise<void> {
  return poll(host, options, () => {
    const state = stateOfPod(host, pod);
    return state === undefined || isAfterRun(state);
  });
}

/**
 * Resolves once all apps were started. @throws {Fault} "timeout"; "precondition" when the pod ended
 * before
 */
export function waitUntilReady(host: WaitHost, pod: Pod, options: WaitOptions = {}): Promise<void> {
  return poll(host, options, () => {
    const state = stateOfPod(host, pod);
    if (isReady(pod)) return true;
    if (state !== undefined && !isAfterRun(state)) return false;
    throw new Fault("precondition", `pod ${quote(pod.uuid)} ended before it was ready`);
  });
}

async function poll(host: WaitHost, options: WaitOptions, done: () => boolean): Promise<void> {
  const endMs = host.clock.now() + (options.timeoutMs ?? Number.POSITIVE_INFINITY);
  while (!done()) {
    const leftMs = endMs - host.clock.now();
    if (leftMs <= 0) throw new Fault("timeout", "context deadline exceeded");
    await host.clock.sleep(Math.min(POLL_MS, leftMs), options.signal);
  }
}

/** Whether all apps were started. */
export function isReady(pod: Pick<Pod, "files">): boolean {
  const link = podPaths.supervisorStatus(pod.files);
  try {
    return readlinkSync(link) === "ready";
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return false;
    throw error;
  }
}

/** What is said of a pod that was removed between two looks. */
export function gone(pod: Pod): Fault {
  return new Fault("not-found", `no matches found for ${quote(pod.uuid)}`);
}

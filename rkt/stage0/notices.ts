/**
 * What happens to pods and their apps, told from what is on disk: a data directory flows in, one
 * notice for each thing that happened flows out, those of the past first. Reads only; nothing runs
 * between commands, and nothing needs to.
 */
import { type FSWatcher, statSync, watch } from "node:fs";
import { join } from "node:path";
import { type PodEvent, podPaths } from "@rkt/stage1/contract";
import { Fault } from "@shared/base";
import type { Stage0Host } from "./host.ts";
import { modifiedMs, readIfPresent, summarize } from "./list.ts";
import { isAfterRun, PHASES } from "./phase.ts";
import { openPodIn, phasePath, type Pod, stateOfPod, uuidsIn } from "./pod-dir.ts";
import { podStatus } from "./status.ts";

/** One thing that happened. */
export interface Notice {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly type: "pod" | "app";
  /** Of a pod: created, prepared, started, exited, removed; of an app: added, started, exited, … */
  readonly event: "created" | "prepared" | "started" | "exited" | "added" | "removed";
  readonly uuid: string;
  /** Of the pod, where it has one. */
  readonly name: string | undefined;
  readonly app?: string;
  /** Exit status of an app. */
  readonly status?: number;
}

type NoticeHost = Pick<Stage0Host, "kernel" | "clock">;

/** What is known of one pod: the notices that were given, and the look of its files then. */
interface KnownPod {
  readonly given: Set<string>;
  look: string;
  name: string | undefined;
}

/** How long a death that no file tells of may stay unseen, in ms. */
const LOOK_MS = 500;

/**
 * All that is on disk, in the order of time; then, until the signal, what happens. Pods that are
 * removed take their past with them.
 */
export async function* followNotices(
  host: NoticeHost,
  dataDir: string,
  options: { readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<Notice> {
  const known = new Map<string, KnownPod>();
  yield* newNotices(host, dataDir, known);
  while (options.follow && !options.signal.aborted) {
    await somethingChanged(host, dataDir, options.signal);
    yield* newNotices(host, dataDir, known);
  }
}

function newNotices(host: NoticeHost, dataDir: string, known: Map<string, KnownPod>): Notice[] {
  const found: Notice[] = [];
  const present = new Set<string>();
  for (const phase of PHASES) {
    for (const uuid of uuidsIn(dataDir, phase)) {
      using pod = openPodIn(dataDir, phase, uuid);
      if (pod === undefined || present.has(uuid)) continue;
      present.add(uuid);
      const entry = known.get(uuid) ?? { given: new Set(), look: "", name: undefined };
      known.set(uuid, entry);
      const look = lookOf(host, pod);
      if (look === entry.look) continue;
      entry.look = look;
      found.push(...unseen(entry, noticesOf(host, pod)));
    }
  }
  for (const [uuid, { name, given }] of known) {
    if (present.has(uuid)) continue;
    known.delete(uuid);
    if (given.size === 0) continue; // it never came to be
    found.push({ timeMs: host.clock.now(), type: "pod", event: "removed", uuid, name });
  }
  return found.sort((a, b) => a.timeMs - b.timeMs);
}

/** Whatever happens to a pod changes one of these. */
function lookOf(host: NoticeHost, pod: Pod): string {
  const events = statSync(podPaths.events(pod.files), { throwIfNoEntry: false });
  const times = [pod.files, podPaths.appStatus(pod.files, ".")].map(modifiedMs);
  return [stateOfPod(host, pod), events?.size, ...times].join(" ");
}

/** The same app may start and end many times: each start counts. */
function unseen(entry: KnownPod, notices: readonly Notice[]): Notice[] {
  const counts = new Map<string, number>();
  return notices.filter((notice) => {
    entry.name = notice.name;
    const kind = `${notice.type} ${notice.event} ${notice.app ?? ""}`;
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    const key = `${kind} ${count}`;
    if (entry.given.has(key)) return false;
    entry.given.add(key);
    return true;
  });
}

function noticesOf(host: NoticeHost, pod: Pod): Notice[] {
  const summary = summarize(host, pod);
  if (summary?.createdMs === undefined) return [];
  const { uuid, name, state, createdMs, startedMs } = summary;
  const ofPod = (event: Notice["event"], timeMs: number): Notice => ({
    ...{ timeMs, type: "pod", event, uuid, name },
  });
  const told = eventsOf(pod) ?? eventsOfStatus(host, pod);
  const notices = [
    ofPod("created", createdMs),
    ...(state === "prepared" ? [ofPod("prepared", createdMs)] : []),
    ...(startedMs === undefined ? [] : [ofPod("started", startedMs)]),
    ...told.flatMap((event) => noticeOfApp(event, { uuid, name })),
  ];
  if (!isAfterRun(state) || startedMs === undefined) return notices;
  // One that was killed could not tell when.
  const last = Math.max(...notices.map(({ timeMs }) => timeMs));
  const endMs = told.find(({ event }) => event === "ended")?.timeMs;
  return [...notices, ofPod("exited", endMs ?? modifiedMs(podPaths.tornDown(pod.files)) ?? last)];
}

const APP_EVENTS = {
  "app-added": "added",
  "app-started": "started",
  "app-exited": "exited",
  "app-removed": "removed",
} as const;

function noticeOfApp(
  { event, timeMs, app, status }: PodEvent,
  pod: Pick<Notice, "uuid" | "name">,
): Notice[] {
  if (event === "ended" || app === undefined) return [];
  const notice = { timeMs, type: "app", event: APP_EVENTS[event], ...pod, app } as const;
  return [status === undefined ? notice : { ...notice, status }];
}

/** Undefined for a stage1 that keeps no such file. A line that was cut short is left out. */
function eventsOf(pod: Pod): PodEvent[] | undefined {
  return readIfPresent(podPaths.events(pod.files))?.split("\n").flatMap(parseEvent);
}

function parseEvent(line: string): PodEvent[] {
  try {
    const value = JSON.parse(line) as Partial<PodEvent> | null;
    if (typeof value?.timeMs !== "number" || typeof value.event !== "string") return [];
    return value.event === "ended" || value.event in APP_EVENTS ? [value as PodEvent] : [];
  } catch {
    return [];
  }
}

function eventsOfStatus(host: NoticeHost, pod: Pod): PodEvent[] {
  try {
    return podStatus(host, pod).apps.flatMap(({ name: app, startedMs, finishedMs, exitCode }) => [
      ...(startedMs === undefined
        ? []
        : [{ timeMs: startedMs, event: "app-started", app } as const]),
      ...(finishedMs === undefined
        ? []
        : [
            {
              ...({ timeMs: finishedMs, event: "app-exited", app } as const),
              ...(exitCode !== undefined && { status: exitCode }),
            },
          ]),
    ]);
  } catch (error) {
    if (["not-found", "corrupt", "invalid"].includes(Fault.from(error).kind)) return [];
    throw error;
  }
}

/** Resolves when a pod moves or a running one tells something, or after a while. */
async function somethingChanged(
  host: NoticeHost,
  dataDir: string,
  signal: AbortSignal,
): Promise<void> {
  const enough = new AbortController();
  const places = [
    ...PHASES.map((phase) => phasePath(dataDir, phase)),
    ...uuidsIn(dataDir, "run").map((uuid) => phasePath(dataDir, "run", uuid)),
  ];
  const watchers = places.flatMap((place) => watchIfThere(place, () => enough.abort()));
  try {
    const either = AbortSignal.any([signal, enough.signal]);
    await host.clock.sleep(LOOK_MS, either).catch(() => undefined);
  } finally {
    for (const watcher of watchers) watcher.close();
  }
}

function watchIfThere(place: string, changed: () => void): FSWatcher[] {
  try {
    const watcher = watch(join(place), changed);
    watcher.on("error", () => undefined); // the place has gone
    return [watcher];
  } catch {
    return []; // it is not there yet, or the machine allows no more: there is a look now and then
  }
}

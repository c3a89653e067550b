/**
 * Garbage collection of pods: a data directory flows in; what has ended is marked, and removed once
 * its grace is over.
 *
 * Never touches a pod whose lock somebody holds, and one pod that resists does not keep the others.
 *
 * @see rkt Documentation/subcommands/gc.md
 */
import { fstatSync } from "node:fs";
import { crashPoint, Fault, quote } from "@shared/base";
import { type CollectOptions, collectPod } from "./collect-pod.ts";
import { formatGoDuration } from "./go-duration.ts";
import type { Stage0Host } from "./host.ts";
import type { Phase } from "./phase.ts";
import { movePod, openPodIn, phaseOf, type Pod, tryLock, uuidsIn } from "./pod-dir.ts";

/** One collection; periods in milliseconds, all pods of one data directory. */
export interface GcRequest extends CollectOptions {
  readonly dataDir: string;
  /** How long an exited pod is kept after it was marked. */
  readonly gracePeriodMs: number;
  /** How long a prepared pod may wait to be run. */
  readonly expirePreparedMs: number;
  /** Only mark; remove nothing. */
  readonly markOnly: boolean;
}

/**
 * One pod that could not be collected; it stays where it is and the next collection meets it again.
 */
export interface GcProblem {
  readonly uuid: string;
  readonly fault: Fault;
}

type GcHost = Pick<Stage0Host, "kernel" | "clock" | "warn" | "print" | "environment">;

/** One collection in rkt's order. Says each step to the person; returns what could not be done. */
export function gcPods(host: GcHost, request: GcRequest): GcProblem[] {
  const { dataDir, gracePeriodMs, expirePreparedMs } = request;
  const problems: GcProblem[] = [];
  const sweep = (phase: Phase, visit: (pod: Pod) => void): void => {
    for (const uuid of uuidsIn(dataDir, phase))
      visitPod(host, { dataDir, phase, uuid }, visit, problems);
  };
  sweep("run", (pod) => mark(host, pod, "run"));
  for (const phase of ["prepare", "embryo"] as const) sweep(phase, (pod) => mark(host, pod, phase));
  if (request.markOnly) return problems;
  sweep("prepared", (pod) => {
    if (isOlderThan(host, pod, expirePreparedMs)) mark(host, pod, "prepared");
  });
  sweep("exited-garbage", (pod) => {
    if (isOlderThan(host, pod, gracePeriodMs)) collect(host, pod, request);
    else host.warn(stillInGrace(pod, gracePeriodMs));
  });
  sweep("garbage", (pod) => collect(host, pod, request));
  return problems;
}

interface Place {
  readonly dataDir: string;
  readonly phase: Phase;
  readonly uuid: string;
}

/** Shows an unowned pod to `visit`, locked. Passes over one that is in use, or has moved on. */
function visitPod(
  host: GcHost,
  { dataDir, phase, uuid }: Place,
  visit: (pod: Pod) => void,
  problems: GcProblem[],
): void {
  try {
    using pod = openPodIn(dataDir, phase, uuid);
    if (pod === undefined || !tryLock(host, pod)) return;
    if (phaseOf(pod) === phase) visit(pod);
  } catch (error) {
    problems.push({ uuid, fault: Fault.from(error) });
  }
}

const MARKS = {
  run: { to: "exited-garbage", words: "moving pod" },
  prepare: { to: "garbage", words: "moving failed prepare" },
  embryo: { to: "garbage", words: "moving failed prepare" },
  prepared: { to: "garbage", words: "moving expired prepared pod" },
} as const;

/**
 * Moves a pod that has ended, or never came to be, to where the sweepers look. The caller holds its
 * lock.
 */
export function mark(host: Pick<Stage0Host, "warn">, pod: Pod, from: keyof typeof MARKS): void {
  const { to, words } = MARKS[from];
  host.warn(`${words} ${quote(pod.uuid)} to garbage`);
  movePod(pod, from, to);
  crashPoint("gc-marked");
}

function collect(host: GcHost, pod: Pod, options: CollectOptions): void {
  host.print(`Garbage collecting pod ${quote(pod.uuid)}`);
  collectPod(host, pod, options);
}

/**
 * The clock of a phase starts with the rename into it, which the directory's change time records.
 */
function isOlderThan(host: Pick<Stage0Host, "clock">, pod: Pod, ageMs: number): boolean {
  // Our clock counts whole milliseconds, the file system's goes on behind the point.
  return Math.floor(fstatSync(pod.fd).ctimeMs) + ageMs <= host.clock.now();
}

function stillInGrace(pod: Pod, graceMs: number): string {
  const grace = formatGoDuration(graceMs);
  return `pod ${quote(pod.uuid)} not removed: still within grace period (${grace})`;
}

/**
 * How long an app that has ended waits before it is started again: longer each time, until it has
 * run well for a while. Pure.
 */
import type { RestartPolicy } from "@rkt/spec";

/** As in docker: a tenth of a second, doubled each time. */
const FIRST_MS = 100;
const LONGEST_MS = 60_000;
/** An app that has run for so long is thought to be well. */
const STEADY_MS = 10_000;

/** The wait after an end, given the one before it, if any. */
export function nextWaitMs(previousMs: number | undefined, ranMs: number): number {
  if (previousMs === undefined || ranMs >= STEADY_MS) return FIRST_MS;
  return Math.min(previousMs * 2, LONGEST_MS);
}

/** Whether an app is started again after an end with `status`. */
export function mayRestart(policy: RestartPolicy, status: number, restarts: number): boolean {
  if (policy.when === "no" || (policy.when === "on-failure" && status === 0)) return false;
  return policy.timesMax === undefined || restarts < policy.timesMax;
}

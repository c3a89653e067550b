/**
 * Removing one pod at a person's word: an open pod flows in; it is refused while anybody works on
 * it, else it goes at once.
 */
import { crashPoint, Fault, quote } from "@shared/base";
import { type CollectOptions, collectPod } from "./collect-pod.ts";
import { mark } from "./gc.ts";
import type { Stage0Host } from "./host.ts";
import type { PodState } from "./phase.ts";
import { movePod, phaseOf, type Pod, stateOfPod, tryLock } from "./pod-dir.ts";
import { gone } from "./status.ts";

/** Why a pod in this state is not removed; rkt's words. */
const REFUSED: Readonly<Partial<Record<PodState, string>>> = {
  running: "is currently running",
  embryo: "is currently being prepared",
  preparing: "is currently being prepared",
  "exited deleting": "is currently being deleted",
  deleting: "is currently being deleted",
};

/**
 * Removes a pod that nobody uses.
 *
 * @throws {Fault} "precondition" with the reason, "not-found" when it is already gone, or what
 * removal met
 */
export function removePod(
  host: Pick<Stage0Host, "kernel" | "warn" | "environment">,
  pod: Pod,
  options: CollectOptions,
): void {
  const state = stateOfPod(host, pod);
  if (state === undefined) throw gone(pod);
  const refusal = REFUSED[state];
  if (refusal !== undefined) {
    throw new Fault("precondition", `pod ${quote(pod.uuid)} ${refusal}`);
  }
  // What was free a moment ago may have been taken since: the lock decides.
  if (!tryLock(host, pod)) {
    throw new Fault("precondition", `pod ${quote(pod.uuid)} is in use by another command`);
  }
  const phase = phaseOf(pod);
  if (phase === undefined) throw gone(pod);
  crashPoint("rm-locked");
  if (phase === "run") movePod(pod, "run", "exited-garbage");
  else if (phase === "prepare" || phase === "prepared") mark(host, pod, phase);
  crashPoint("rm-moved");
  collectPod(host, pod, options);
}

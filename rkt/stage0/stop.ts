/**
 * Stopping a pod: an open pod flows in, its stage1 is told to end it. Waits for the entrypoint, not
 * for the apps.
 */
import { podPaths, stopArgv } from "@rkt/stage1/contract";
import { crashPoint, Fault, quote, writeFileAtomic } from "@shared/base";
import { callEntrypoint } from "./entrypoint.ts";
import type { Stage0Host } from "./host.ts";
import { isAfterRun } from "./phase.ts";
import { pathOf, type Pod, stateOfPod } from "./pod-dir.ts";
import { readStage1Manifest } from "./stage1-image.ts";

/** How a pod is stopped. */
export interface StopOptions {
  /** Without asking the apps. */
  readonly force: boolean;
  /** What apps get to end by themselves; stage1's own measure unless told. */
  readonly graceMs?: number;
}

/**
 * Tells stage1 to stop the pod; with `force` without asking the apps.
 *
 * @throws {Fault} "precondition" when it does not run yet, or stage1 fails; "unsupported" when
 * stage1 cannot stop
 */
export function stopPod(
  host: Pick<Stage0Host, "kernel" | "environment">,
  pod: Pod,
  options: StopOptions,
): "stopped" | "already-stopped" {
  const state = stateOfPod(host, pod);
  if (state === undefined || isAfterRun(state)) return "already-stopped";
  if (state !== "running") throw new Fault("precondition", `pod ${quote(pod.uuid)} is not running`);
  const path = pathOf(pod);
  const stage1 = readStage1Manifest(path);
  const argv = stopArgv(pod.uuid, options);
  if (options.graceMs !== undefined) {
    writeFileAtomic(podPaths.stopGrace(path), `${options.graceMs}\n`, { durable: false });
  }
  crashPoint("stop-told");
  callEntrypoint(host, { pod: path, stage1, entrypoint: "stop", argv });
  crashPoint("stop-called");
  return "stopped";
}

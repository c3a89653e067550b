/**
 * Stopping a pod: an open pod flows in, its stage1 is told to end it. Waits for the entrypoint, not
 * for the apps.
 */
import { stopArgv } from "@rkt/stage1/contract";
import { Fault, quote } from "@shared/base";
import { callEntrypoint } from "./entrypoint.ts";
import type { Stage0Host } from "./host.ts";
import { isAfterRun } from "./phase.ts";
import { pathOf, type Pod, stateOfPod } from "./pod-dir.ts";
import { readStage1Manifest } from "./stage1-image.ts";

/**
 * Tells stage1 to stop the pod; with `force` without asking the apps.
 *
 * @throws {Fault} "precondition" when it does not run yet, or stage1 fails; "unsupported" when
 * stage1 cannot stop
 */
export function stopPod(
  host: Pick<Stage0Host, "kernel" | "environment">,
  pod: Pod,
  options: { readonly force: boolean },
): "stopped" | "already-stopped" {
  const state = stateOfPod(host, pod);
  if (state === undefined || isAfterRun(state)) return "already-stopped";
  if (state !== "running") throw new Fault("precondition", `pod ${quote(pod.uuid)} is not running`);
  const path = pathOf(pod);
  const stage1 = readStage1Manifest(path);
  const argv = stopArgv(pod.uuid, options);
  callEntrypoint(host, { pod: path, stage1, entrypoint: "stop", argv });
  return "stopped";
}

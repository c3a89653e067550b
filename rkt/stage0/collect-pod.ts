/**
 * Taking a pod apart: a pod in exited-garbage or garbage whose lock the caller holds flows in;
 * stage1 gives back what it still has of the host, then the directory goes.
 */
import { existsSync } from "node:fs";
import { gcArgv, podPaths } from "@rkt/stage1/contract";
import { crashPoint } from "@shared/base";
import { callEntrypoint } from "./entrypoint.ts";
import type { Stage0Host } from "./host.ts";
import { movePod, pathOf, phaseOf, type Pod } from "./pod-dir.ts";
import { detachMounts, removeTree } from "./remove-pod.ts";
import { readStage1Manifest } from "./stage1-image.ts";

export interface CollectOptions {
  readonly debug: boolean;
  readonly localConfig: string;
}

/**
 * Removes the pod. When stage1 cannot give back its networks the pod stays: its directory is the
 * only record of them, and the next collection tries again.
 *
 * @throws {Fault} of stage1, or of a removal that was cut short; both may be repeated
 */
export function collectPod(
  host: Pick<Stage0Host, "kernel" | "environment">,
  pod: Pod,
  options: CollectOptions,
): void {
  if (phaseOf(pod) === "exited-garbage") {
    if (isOwing(pod)) giveBack(host, pod, options);
    crashPoint("gc-stage1");
    // From here on stage1 is not needed again, even if the removal is cut short.
    movePod(pod, "exited-garbage", "garbage");
    crashPoint("gc-moved");
  }
  const path = pathOf(pod);
  detachMounts(host.kernel, path);
  crashPoint("gc-unmounted");
  removeTree(path);
}

/**
 * False also for a directory without a pod's manifest, which was never whole: a program of a killed
 * supervisor that outlived the removal of its pod can make one again.
 */
function isOwing({ files }: Pod): boolean {
  return existsSync(podPaths.manifest(files)) && !existsSync(podPaths.tornDown(files));
}

function giveBack(host: Pick<Stage0Host, "environment">, pod: Pod, options: CollectOptions): void {
  const path = pathOf(pod);
  callEntrypoint(host, {
    pod: path,
    stage1: readStage1Manifest(path),
    entrypoint: "gc",
    argv: gcArgv(pod.uuid, options),
  });
}

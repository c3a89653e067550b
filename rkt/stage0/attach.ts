/**
 * Attaching to a running app: an open pod and the names of endpoints flow in, and this process
 * becomes stage1's attach entrypoint.
 */
import process from "node:process";
import { type AttachArguments, attachArgv } from "@rkt/stage1/contract";
import { Fault, quote } from "@shared/base";
import { chooseApp } from "./enter.ts";
import type { Stage0Host } from "./host.ts";
import { pathOf, type Pod, stateOfPod } from "./pod-dir.ts";
import { defined } from "./run.ts";
import { entrypointPath, readStage1Manifest } from "./stage1-image.ts";

/** Which app, and which of its streams; the app is needed where the pod has several. */
export type AttachRequest = AttachArguments;

/**
 * Becomes the client of the app's streams.
 *
 * @throws {Fault} "precondition" when the pod does not run, "ambiguous" or "not-found" for the app,
 * "unsupported"
 */
export function attachToPod(
  host: Pick<Stage0Host, "kernel" | "warn" | "environment">,
  pod: Pod,
  request: AttachRequest,
): never {
  if (stateOfPod(host, pod) !== "running") {
    throw new Fault("precondition", `pod ${quote(pod.uuid)} isn't currently running`);
  }
  const app = chooseApp(host, pod, request.app);
  const path = pathOf(pod);
  const program = entrypointPath(readStage1Manifest(path), path, "attach");
  if (program === undefined) {
    throw new Fault("unsupported", "attach not implemented for pod's stage1");
  }
  process.chdir(path);
  const argv = [program, ...attachArgv({ ...request, app })];
  return host.kernel.execve(program, argv, defined(host.environment));
}

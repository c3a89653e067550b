/**
 * Spine of starting: a prepared and locked pod flows in, and this process becomes its stage1.
 * Mounts happen only in the mount namespace made here, which ends with the pod's last process.
 *
 * Synchronous to the end: only this thread is in the new namespace.
 */
import { LOCK_FD_VARIABLE, type RunArguments } from "@rkt/stage1/contract";
import { assert, crashPoint, Fault } from "@shared/base";
import { enterMountNamespace, mountAppRoots } from "./app-root.ts";
import type { Stage0Host } from "./host.ts";
import { openedPod } from "./pod-dir.ts";
import type { PreparedPod } from "./prepare.ts";
import { discardPod } from "./remove-pod.ts";
import { supportedRunArgv } from "./run-arguments.ts";
import { entrypointPath } from "./stage1-image.ts";
import { readUserRange } from "./user-range.ts";

type RunHost = Pick<Stage0Host, "kernel" | "environment" | "warn">;

/**
 * Becomes the stage1 of the pod: same process, same pid.
 *
 * @throws {Fault} when stage1 cannot be started, "unsupported" where the kernel cannot stack
 * layers; the pod is removed then
 */
export function runPod(host: RunHost, pod: PreparedPod, run: Omit<RunArguments, "uuid">): never {
  const { lockFd, uuid, dataDir } = pod;
  assert(lockFd !== undefined, "only a locked pod is run");
  try {
    const privateUsers = readUserRange(pod.path);
    return becomeStage1(host, pod, lockFd, { ...run, uuid, ...(privateUsers && { privateUsers }) });
  } catch (error) {
    discardPod(host.kernel, openedPod(dataDir, uuid, lockFd));
    throw error;
  }
}

/** Removes a locked pod that will not be started. */
export function abandonPod(host: Pick<Stage0Host, "kernel">, pod: PreparedPod): void {
  const { lockFd, uuid, dataDir } = pod;
  assert(lockFd !== undefined, "only a locked pod is removed");
  discardPod(host.kernel, openedPod(dataDir, uuid, lockFd));
}

function becomeStage1(host: RunHost, pod: PreparedPod, lockFd: number, run: RunArguments): never {
  const program = entrypointPath(pod.stage1, pod.path, "run");
  if (program === undefined) throw new Fault("invalid", "start stage1: it has no run entrypoint");
  const argv = supportedRunArgv(host, pod.stage1, run);
  enterMountNamespace(host.kernel, pod.path);
  crashPoint("run-unshared");
  mountAppRoots(host.kernel, pod, run.privateUsers);
  crashPoint("run-mounted");
  host.kernel.setCloseOnExec(lockFd, false);
  const environment = { ...defined(host.environment), [LOCK_FD_VARIABLE]: String(lockFd) };
  return host.kernel.execve(program, [program, ...argv], environment);
}

/** Without the names that are not set. */
export function defined(
  variables: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables))
    if (value !== undefined) kept[name] = value;
  return kept;
}

/**
 * Starting a pod without becoming it: a prepared and locked pod flows in; a process in a session of
 * its own becomes its stage1, and this one goes on once all apps were started.
 *
 * The pod's lock is never free in between: the new process inherits it.
 */
import { closeSync, openSync, readFileSync } from "node:fs";
import { podPaths, type RunArguments, runArgv } from "@rkt/stage1/contract";
import { assert, crashPoint, Fault } from "@shared/base";
import type { Stage0Host } from "./host.ts";
import { readPodManifest } from "./list.ts";
import { openedPod, pathOf } from "./pod-dir.ts";
import type { PreparedPod } from "./prepare.ts";
import { defined } from "./run.ts";
import { readStage1Manifest } from "./stage1-image.ts";
import { isReady } from "./status.ts";

/** The descriptor at which the new process finds the locked pod directory. */
const INHERITED_FD = 3;
const POLL_MS = 5;

/** How a detached pod is started. */
export interface DetachedStart {
  /**
   * The words that start the program that calls `inheritPod` and `runPod`; the arguments of stage1
   * follow them.
   */
  readonly command: readonly string[];
  readonly run: Omit<RunArguments, "uuid">;
}

/**
 * Starts the pod and waits until its apps were started.
 *
 * @returns undefined, or what was said and the exit status where the pod ended before
 */
export async function startDetached(
  host: Pick<Stage0Host, "clock" | "environment">,
  pod: PreparedPod,
  start: DetachedStart,
): Promise<{ readonly output: string; readonly status: number } | undefined> {
  assert(pod.lockFd !== undefined, "only a locked pod is run");
  const log = podPaths.supervisorLog(pod.path);
  const logFd = openSync(log, "ax", 0o640);
  using _log = { [Symbol.dispose]: () => closeSync(logFd) };
  const child = Bun.spawn(
    [...start.command, ...runArgv({ ...start.run, uuid: pod.uuid })],
    // The supervisor's own lines go to the log; what apps write is in the logs of the apps.
    {
      cwd: pod.path,
      env: defined(host.environment),
      stdio: ["ignore", "ignore", logFd, pod.lockFd],
      detached: true,
    },
  );
  crashPoint("detach-spawned");
  const files = `/proc/self/fd/${pod.lockFd}`;
  while (!isReady({ files })) {
    const status = await Promise.race([child.exited, host.clock.sleep(POLL_MS)]);
    if (status === undefined || isReady({ files })) continue;
    // By descriptor: a pod that could not be started is gone, and its log with it.
    return { output: readFileSync(`/proc/self/fd/${logFd}`, "utf8"), status };
  }
  crashPoint("detach-ready");
  child.unref();
  return undefined;
}

/** The pod that the starter of this process locked. @throws {Fault} "precondition" */
export function inheritPod(
  host: Pick<Stage0Host, "kernel">,
  dataDir: string,
  uuid: string,
): PreparedPod {
  const pod = openedPod(dataDir, uuid, INHERITED_FD);
  const path = pathOf(pod);
  if (!path.endsWith(`/run/${uuid}`)) {
    throw new Fault("precondition", "start a detached pod: it was not handed over");
  }
  host.kernel.setCloseOnExec(INHERITED_FD, true);
  crashPoint("detach-inherited");
  const [manifest, stage1] = [readPodManifest(pod), readStage1Manifest(path)];
  return { uuid, dataDir, path, manifest, stage1, lockFd: INHERITED_FD };
}

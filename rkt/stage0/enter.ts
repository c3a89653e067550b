/**
 * Entering a running app: an open pod and a command flow in, and this process becomes stage1's
 * enter entrypoint.
 */
import process from "node:process";
import { type EnterOptions, enterArgv } from "@rkt/stage1/contract";
import { Fault, quote } from "@shared/base";
import type { Stage0Host } from "./host.ts";
import { readPodManifest } from "./list.ts";
import { pathOf, type Pod, stateOfPod } from "./pod-dir.ts";
import { defined } from "./run.ts";
import { entrypointPath, readStage1Manifest } from "./stage1-image.ts";
import { readPid } from "./status.ts";

/** Which app to enter, and what to become there. */
export interface EnterRequest {
  /** Needed where the pod has several apps. */
  readonly app?: string | undefined;
  /** Empty means a shell. */
  readonly command: readonly string[];
  /** What differs from the app's own. */
  readonly options?: Partial<EnterOptions>;
}

type EnterHost = Pick<Stage0Host, "kernel" | "clock" | "warn" | "environment">;

const DEFAULT_COMMAND = "/bin/bash";
const POLL_MS = 20;

/**
 * Becomes the command inside the app. Waits while stage1 is still making the pod.
 *
 * @throws {Fault} "precondition" when the pod does not run, "ambiguous" or "not-found" for the app,
 * "unsupported"
 */
export async function enterPod(host: EnterHost, pod: Pod, request: EnterRequest): Promise<never> {
  let pid = readPidOfRunning(host, pod);
  const app = chooseApp(host, pod, request.app);
  const command = commandOf(host, request.command);
  while (pid === undefined) {
    await host.clock.sleep(POLL_MS);
    pid = readPidOfRunning(host, pod);
  }
  const path = pathOf(pod);
  const program = entrypointPath(readStage1Manifest(path), path, "enter");
  if (program === undefined) {
    throw new Fault("unsupported", "enter not implemented for pod's stage1");
  }
  process.chdir(path);
  const argv = [program, ...enterArgv(pid, app, command, request.options)];
  return host.kernel.execve(program, argv, defined(host.environment));
}

function readPidOfRunning(host: EnterHost, pod: Pod): number | undefined {
  if (stateOfPod(host, pod) === "running") return readPid(pod);
  throw new Fault("precondition", `pod ${quote(pod.uuid)} isn't currently running`);
}

/** The app that is named, or the only one. @throws {Fault} "not-found", "ambiguous" */
export function chooseApp(
  host: Pick<EnterHost, "warn">,
  pod: Pod,
  wanted: string | undefined,
): string {
  const names = readPodManifest(pod).apps.map(({ name }) => name);
  if (wanted !== undefined && wanted !== "") {
    if (names.includes(wanted)) return wanted;
    const what = `app ${quote(wanted)} is not present in pod`;
    throw new Fault("not-found", what, { hint: `It has: ${names.join(", ")}` });
  }
  const [only] = names;
  if (only === undefined) throw new Fault("precondition", "pod contains zero apps");
  if (names.length === 1) return only;
  host.warn("pod contains multiple apps:");
  for (const name of names) host.warn(`\t${name}`);
  throw new Fault("ambiguous", "unable to determine app name", {
    cause: new Fault("ambiguous", 'specify app using "rkt enter --app= ..."'),
  });
}

function commandOf(host: EnterHost, command: readonly string[]): readonly string[] {
  if (command.length > 0) return command;
  host.warn(`no command specified, assuming ${quote(DEFAULT_COMMAND)}`);
  return [DEFAULT_COMMAND];
}

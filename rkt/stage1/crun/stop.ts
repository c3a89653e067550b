/**
 * The `stop` entrypoint: asks the supervisor to end the apps, or ends them at once with `--force`.
 * The supervisor itself stays until it has given back networks and cgroups. The working directory
 * is the pod's.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { crashPoint, Fault } from "@shared/base";
import { podPaths } from "../contract.ts";

export function stop(argv: readonly string[]): number {
  const pod = process.cwd();
  if (argv.includes("--force")) send(readPid(podPaths.pid(pod)), "SIGKILL");
  else send(readPid(podPaths.supervisorPid(pod)), "SIGTERM");
  crashPoint("stop-signalled");
  return 0;
}

/** A process that has ended by itself since somebody looked is as good as told. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "ESRCH") throw error;
  }
}

function readPid(path: string): number {
  const pid = Number(readFileSync(path, "utf8"));
  if (!Number.isInteger(pid) || pid < 2) {
    throw new Fault("corrupt", `read the pid of the pod: "${path}" holds no pid`);
  }
  return pid;
}

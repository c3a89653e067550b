/**
 * One app as a running process: crun makes the container and stays as its parent until it ends, so
 * that its exit status is the app's.
 */
import { closeSync, fchownSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { type Clock, Fault, quote, writeAll } from "@shared/base";
import type { Kernel } from "@shared/linux";
import { podPaths } from "../contract.ts";
import type { AppConfig } from "./bundle.ts";
import { copyOutput } from "./output.ts";
import type { AnySignal } from "./stop-signal.ts";
import { findProgram } from "../programs.ts";

/** Where this flavour keeps its own files in a pod directory. */
export const crunPaths = {
  /** State directory of crun, its `--root`. */
  state: (pod: string): string => join(pod, "crun"),
  bundle: (pod: string, app: string): string => join(pod, "bundle", app),
  config: (pod: string, app: string): string => join(pod, "bundle", app, "config.json"),
  appPid: (pod: string, app: string): string => join(pod, "bundle", app, "pid"),
  errors: (pod: string, app: string): string => join(pod, "bundle", app, "errors"),
  sharedMemory: (pod: string): string => join(pod, "shm"),
} as const;

export interface StartOptions {
  readonly pod: string;
  readonly name: string;
  readonly config: AppConfig;
  /** The app gets this process's own standard streams. */
  readonly interactive: boolean;
  /** Put before each line of output; empty where one app has the output for itself. */
  readonly prefix: string;
}

export interface AppProcess {
  readonly name: string;
  /**
   * Exit status, or 128 + number of the signal, once all output has been passed on. Rejects if it
   * never started.
   */
  readonly ended: Promise<number>;
  /** Sends a signal to the app's first process; nothing happens once it has ended. */
  signal(signal: AnySignal): void;
}

export function startApp(
  host: { readonly clock: Clock; readonly kernel: Kernel },
  options: StartOptions,
): AppProcess {
  const { pod, name, config } = options;
  mkdirSync(crunPaths.bundle(pod, name), { recursive: true, mode: 0o750 });
  writeFileSync(crunPaths.config(pod, name), JSON.stringify(config));
  const command = crunCommand(pod, [
    `--log=${crunPaths.errors(pod, name)}`,
    "--log-format=json",
    "run",
    `--bundle=${crunPaths.bundle(pod, name)}`,
    `--pid-file=${crunPaths.appPid(pod, name)}`,
    name,
  ]);
  const { child, copied } = options.interactive
    ? { child: Bun.spawn(command, { stdio: ["inherit", "inherit", "inherit"] }), copied: [] }
    : spawnLogged(host, command, options);
  let isOver = false;
  const ended = (async (): Promise<number> => {
    await child.exited;
    isOver = true;
    await Promise.all(copied);
    throwStartFailure(pod, name);
    return (
      child.exitCode ?? 128 + constants.signals[(child.signalCode ?? "SIGKILL") as NodeJS.Signals]
    );
  })();
  const signal = (each: AnySignal): void => {
    void signalOnceStarted(host.clock, { pod, name, signal: each, isOver: () => isOver });
  };
  return { name, ended, signal };
}

/** The words that start crun on the state of a pod. */
export function crunCommand(pod: string, words: readonly string[]): string[] {
  return [
    findProgram("crun"),
    `--root=${crunPaths.state(pod)}`,
    "--cgroup-manager=cgroupfs",
    ...words,
  ];
}

function spawnLogged(
  host: { readonly clock: Clock; readonly kernel: Kernel },
  command: string[],
  options: StartOptions,
): { child: Bun.Subprocess; copied: Promise<void>[] } {
  const logFd = openSync(podPaths.appLog(options.pod, options.name), "a", 0o640);
  const streams = (["stdout", "stderr"] as const).map((stream, index) => {
    const { readFd, writeFd } = host.kernel.pipe();
    // An app of another user opens /dev/stdout anew, which asks for the right to write to the pipe.
    fchownSync(writeFd, options.config.process.user.uid, options.config.process.user.gid);
    return { stream, readFd, writeFd, outFd: index + 1 };
  });
  const [out, error] = streams.map(({ writeFd }) => writeFd);
  const child = Bun.spawn(command, { stdio: ["ignore", out ?? "ignore", error ?? "ignore"] });
  for (const { writeFd } of streams) closeSync(writeFd);
  const copied = streams.map(({ readFd, stream, outFd }) =>
    copyOutput(host, readFd, { stream, outFd, logFd, prefix: options.prefix }),
  );
  void Promise.allSettled(copied).then(() => closeSync(logFd));
  return { child, copied };
}

/**
 * crun writes a line to its log when it could not do its work. What an app still had to say on its
 * terminal when it ended comes there too, as it is, with one newline more: it is passed on.
 */
function throwStartFailure(pod: string, name: string): void {
  const lines = readIfThere(crunPaths.errors(pod, name)).split("\n");
  const isEntry = (line: string): boolean => /^\{ *"msg":.*"level":/.test(line);
  const rest = lines.filter((line) => !isEntry(line)).join("\n");
  if (rest !== "") writeAll(1, Buffer.from(rest.replace(/\n$/, "")));
  const [message] = lines
    .filter(isEntry)
    .map((line) => JSON.parse(line) as { level?: string; msg?: string })
    .filter(({ level }) => level === "error")
    .map(({ msg }) => msg ?? "");
  if (message === undefined) return;
  throw new Fault("invalid", `start app ${quote(name)}: ${message}`);
}

interface AppSignal {
  readonly pod: string;
  readonly name: string;
  readonly signal: AnySignal;
  /** Its pid may belong to another process then. */
  readonly isOver: () => boolean;
}

/** An app whose container is still being made gets the signal when it is there. */
async function signalOnceStarted(clock: Clock, request: AppSignal): Promise<void> {
  const { pod, name, signal, isOver } = request;
  while (!isOver()) {
    const pid = Number(readIfThere(crunPaths.appPid(pod, name)));
    if (pid > 1) return sendSignal(pid, signal);
    await clock.sleep(5);
  }
}

function sendSignal(pid: number, signal: AnySignal): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

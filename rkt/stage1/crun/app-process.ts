/**
 * One app as a running process: crun makes the container and stays as its parent until it ends, so
 * that its exit status is the app's.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Clock, Fault, quote, writeAll } from "@shared/base";
import { terminalSize } from "@shared/linux";
import type { AppStreams } from "./app-streams.ts";
import type { AppConfig } from "./bundle.ts";
import {
  type AppHost,
  type ConnectOptions,
  hasExited,
  spawnConnected,
  statusOf,
} from "./connect-app.ts";
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

export interface StartOptions extends ConnectOptions {
  readonly config: AppConfig;
  /** Of the container: the app's name, or one that no app can have. */
  readonly id: string;
  /** Told of the process that stays as the container's parent. */
  readonly keep: (pid: number) => void;
}

export interface AppProcess {
  readonly name: string;
  /** What others may read and write while it runs. */
  readonly streams: AppStreams;
  /** Resolves to true as soon as the app's own program is seen to run; false if it ended before. */
  readonly started: Promise<boolean>;
  /**
   * Exit status, or 128 + number of the signal, once all output has been passed on. Rejects if it
   * never started.
   */
  readonly ended: Promise<number>;
  /** Sends a signal to the app's first process; nothing happens once it has ended. */
  signal(signal: AnySignal): void;
}

export function startApp(host: AppHost, options: StartOptions): AppProcess {
  const { pod, name, id, config } = options;
  // What an earlier start left would be taken for this one's.
  for (const path of [crunPaths.appPid, crunPaths.errors]) rmSync(path(pod, id), { force: true });
  mkdirSync(crunPaths.bundle(pod, id), { recursive: true, mode: 0o750 });
  writeFileSync(crunPaths.config(pod, id), JSON.stringify(withTerminalSize(config)));
  const { child, streams, copied } = spawnConnected(host, options, (more) =>
    crunCommand(pod, [
      `--log=${crunPaths.errors(pod, id)}`,
      "--log-format=json",
      "run",
      `--bundle=${crunPaths.bundle(pod, id)}`,
      `--pid-file=${crunPaths.appPid(pod, id)}`,
      ...more,
      id,
    ]),
  );
  options.keep(child.pid);
  const ended = (async (): Promise<number> => {
    await child.exited;
    removeContainer(pod, id);
    await copied;
    throwStartFailure(pod, options);
    return statusOf(child);
  })();
  void ended.then(
    (status) => streams.end(status),
    () => streams.end(NEVER_STARTED),
  );
  const container = { pod, id, isOver: () => hasExited(child) };
  const signal = (each: AnySignal): void => {
    void signalOnceStarted(host.clock, { ...container, signal: each });
  };
  const started = whenStarted(host.clock, container, child.pid);
  return { name, streams, started, ended, signal };
}

/** A terminal has the size of the person's from the first instant on. */
function withTerminalSize(config: AppConfig): AppConfig {
  const size = config.process.terminal === true ? terminalSize(0) : undefined;
  if (size === undefined) return config;
  const consoleSize = { height: size.rows, width: size.columns };
  return { ...config, process: { ...config.process, consoleSize } };
}

/** What attached clients end with when the app could not be started, as rkt's own failures do. */
const NEVER_STARTED = 254;

/** A crun that was killed leaves its container running, and its record. */
function removeContainer(pod: string, id: string): void {
  if (!existsSync(join(crunPaths.state(pod), id))) return;
  Bun.spawnSync(crunCommand(pod, ["delete", "--force", id]), { stdio: [null, null, null] });
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

/**
 * crun writes a line to its log when it could not do its work. What an app still had to say on its
 * terminal when it ended comes there too, as it is, with one newline more: it is passed on.
 */
function throwStartFailure(pod: string, { id, name }: StartOptions): void {
  const lines = readIfThere(crunPaths.errors(pod, id)).split("\n");
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

interface Container {
  readonly pod: string;
  readonly id: string;
  /** Its pid may belong to another process then. */
  readonly isOver: () => boolean;
}

interface AppSignal extends Container {
  readonly signal: AnySignal;
}

/**
 * The process that crun makes is a copy of crun until it becomes the app's program, which is
 * another file.
 */
async function whenStarted(clock: Clock, container: Container, crun: number): Promise<boolean> {
  const { pod, id, isOver } = container;
  for (;;) {
    await clock.sleep(2);
    if (isOver()) return false;
    const pid = Number(readIfThere(crunPaths.appPid(pod, id)));
    const program = pid > 1 ? programOf(pid) : undefined;
    if (program !== undefined && program !== programOf(crun)) return true;
  }
}

/** Device and inode; undefined for a process that is gone. */
function programOf(pid: number): string | undefined {
  const found = statSync(`/proc/${pid}/exe`, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

/** An app whose container is still being made gets the signal when it is there. */
async function signalOnceStarted(clock: Clock, request: AppSignal): Promise<void> {
  const { pod, id, signal, isOver } = request;
  while (!isOver()) {
    const pid = Number(readIfThere(crunPaths.appPid(pod, id)));
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

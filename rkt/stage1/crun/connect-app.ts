/**
 * The streams of an app, connected before it is started: pipes, a terminal of its own, or those of
 * the person who runs the pod. Options flow in; the process that makes the app, and what it writes,
 * flow out.
 */
import { closeSync, fchmodSync } from "node:fs";
import { constants } from "node:os";
import type { Clock } from "@shared/base";
import { isTerminal, type Kernel, setNonBlocking, terminalSize } from "@shared/linux";
import { AppLog, type LogSettings } from "./app-log.ts";
import { AppStreams } from "./app-streams.ts";
import { expectTerminal } from "./app-terminal.ts";
import { lendTerminal } from "./own-terminal.ts";
import { copyOutput } from "./output.ts";
import { PatientWriter, withoutWaiting } from "./patient-writer.ts";
import {
  endpointsOf,
  hasOwnTerminal,
  PERSONS_TERMINAL,
  type Stdio,
  withTerminal,
} from "./stdio.ts";

export interface AppHost {
  readonly clock: Clock;
  readonly kernel: Kernel;
}

export interface ConnectOptions {
  readonly pod: string;
  readonly uuid: string;
  /** Of the app, whose log gets the output. */
  readonly name: string;
  readonly stdio: Stdio;
  readonly logs: LogSettings;
  /** Descriptors for the app, from its number 3 on. */
  readonly sockets: readonly number[];
  /** Put before each line of output; empty where one app has the output for itself. */
  readonly prefix: string;
}

export interface Connected {
  readonly child: Bun.Subprocess;
  readonly streams: AppStreams;
  /** All that the app wrote has been read. */
  readonly copied: Promise<unknown>;
}

/** crun acts on variables that a service manager set for this process. */
const NO_VARIABLES = {};

/** Whether a process that was started has ended. */
export function hasExited(child: Bun.Subprocess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Exit status of one that has, or 128 + number of the signal. */
export function statusOf({ exitCode, signalCode }: Bun.Subprocess): number {
  return exitCode ?? 128 + constants.signals[(signalCode ?? "SIGKILL") as NodeJS.Signals];
}

/** Starts crun with the app's streams connected as its modes say. */
export function spawnConnected(
  host: AppHost,
  options: ConnectOptions,
  command: (more: readonly string[]) => string[],
): Connected {
  const { pod, uuid, name, sockets } = options;
  const withSockets = (more: readonly string[]): string[] =>
    command([...more, ...(sockets.length > 0 ? [`--preserve-fds=${sockets.length}`] : [])]);
  const stdio = withTerminal(options.stdio, isTerminal(0));
  const streams = new AppStreams(host.clock, endpointsOf(stdio));
  const log = new AppLog(() => host.clock.now(), { pod, uuid, name }, options.logs);
  const output = { streams, log };
  const connected = hasOwnTerminal(stdio)
    ? spawnOnTerminal(host, output, { ...options, stdio }, withSockets)
    : spawnOnPipes(host, output, options, withSockets([]));
  void connected.copied.finally(() => log[Symbol.dispose]()).catch(() => undefined);
  return { ...connected, streams };
}

interface Output {
  readonly streams: AppStreams;
  readonly log: AppLog;
}

function spawnOnPipes(
  host: AppHost,
  output: Output,
  options: ConnectOptions,
  command: string[],
): Omit<Connected, "streams"> {
  const { stdio, prefix } = options;
  const ends: number[] = [];
  // An app of another user opens /dev/stdout anew, which asks for the right to use the pipe. Only
  // who may look into the app's processes can find it.
  const give = (fd: number): number => {
    fchmodSync(fd, 0o666);
    ends.push(fd);
    return fd;
  };
  const pipes: { readonly stream: "stdout" | "stderr"; readonly readFd: number }[] = [];
  const outputOf = (stream: "stdout" | "stderr"): "inherit" | "ignore" | number => {
    if (stdio[stream] === "interactive") return "inherit";
    if (stdio[stream] === "null") return "ignore";
    const { readFd, writeFd } = host.kernel.pipe();
    pipes.push({ stream, readFd });
    return give(writeFd);
  };
  const child = Bun.spawn(command, {
    stdio: [
      inputOf(host, output, stdio, give),
      outputOf("stdout"),
      outputOf("stderr"),
      ...options.sockets,
    ],
    env: NO_VARIABLES,
  });
  for (const end of ends) closeSync(end);
  const copies = pipes.map(({ stream, readFd }) => {
    const out = stdio[stream] === "log" ? ownStream(host.clock, stream) : undefined;
    return copyOutput(readFd, { ...output, stream, prefix, out }).finally(() => closeSync(readFd));
  });
  return { child, copied: Promise.all(copies) };
}

function inputOf(
  host: AppHost,
  { streams }: Output,
  { stdin }: Stdio,
  give: (fd: number) => number,
): "inherit" | "ignore" | number {
  if (stdin !== "stream") return stdin === "interactive" ? "inherit" : "ignore";
  const { readFd, writeFd } = host.kernel.pipe();
  setNonBlocking(writeFd);
  streams.setInput(writeFd);
  return give(readFd);
}

function spawnOnTerminal(
  { clock }: AppHost,
  output: Output,
  { prefix, stdio, sockets }: ConnectOptions,
  command: (more: readonly string[]) => string[],
): Omit<Connected, "streams"> {
  const { streams } = output;
  const expected = expectTerminal(clock);
  const child = Bun.spawn(command([`--console-socket=${expected.socket}`]), {
    stdio: ["ignore", "ignore", "ignore", ...sockets],
    env: NO_VARIABLES,
  });
  const copy = async (): Promise<void> => {
    using _expected = expected;
    const terminal = await expected.receive(() => hasExited(child));
    if (terminal === undefined) return; // it never started
    try {
      streams.setTerminal(terminal);
      using _person = stdio === PERSONS_TERMINAL ? connectPerson(streams) : undefined;
      const out = ownStream(clock, "stdout");
      await copyOutput(terminal, { ...output, stream: "stdout", prefix, out });
    } finally {
      streams.dropTerminal();
      closeSync(terminal);
    }
  };
  return { child, copied: copy() };
}

/** What the person types goes to the app, until it ends. */
export function connectPerson(streams: AppStreams): Disposable {
  const keys = Bun.stdin.stream().getReader();
  const pass = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await keys.read();
      if (done) return;
      await streams.write(value);
    }
  };
  const size = terminalSize(0);
  if (size !== undefined) streams.resize(size);
  const terminal = lendTerminal((changed) => streams.resize(changed));
  void pass();
  return {
    [Symbol.dispose]: () => {
      terminal[Symbol.dispose]();
      void keys.cancel();
    },
  };
}

const ownStreams = new Map<"stdout" | "stderr", PatientWriter>();

/** This process's own output, shared by all apps, so that their lines do not mix. */
export function ownStream(clock: Clock, stream: "stdout" | "stderr"): PatientWriter {
  const known = ownStreams.get(stream);
  if (known !== undefined) return known;
  const writer = new PatientWriter(clock, withoutWaiting(stream === "stdout" ? 1 : 2));
  ownStreams.set(stream, writer);
  return writer;
}

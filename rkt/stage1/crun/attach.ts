/**
 * The `attach` entrypoint: connects the streams of whoever called it with those of a running app.
 * The working directory is the pod's. Out: the app's exit status, or 0 once the person has
 * detached.
 *
 * A terminal that was put into raw mode is put back on every way out but SIGKILL.
 */
import { writeSync } from "node:fs";
import { constants } from "node:os";
import process from "node:process";
import { Fault } from "@shared/base";
import { type TerminalSize, terminalSize } from "@shared/linux";
import { parseAttachArguments } from "../arguments.ts";
import type { Endpoint } from "../contract.ts";
import {
  ATTACH_SOCKET,
  encodeFrame,
  encodeJson,
  FrameReader,
  KIND,
  parseAnswer,
  parseStatus,
} from "./attach-protocol.ts";
import { DEFAULT_DETACH_KEYS, DetachKeys, parseDetachKeys } from "./detach-keys.ts";
import { lendTerminal } from "./own-terminal.ts";

export async function attach(argv: readonly string[]): Promise<number> {
  const { app, endpoints, detachKeys } = parseAttachArguments(argv);
  const keys = new DetachKeys(parseDetachKeys(detachKeys || DEFAULT_DETACH_KEYS));
  const server = await connect();
  await server.send(encodeJson(KIND.call, { app, endpoints, size: terminalSize(0) }));
  const answer = parseAnswer(await server.answer);
  if ("error" in answer) throw new Fault("precondition", `attach failed: ${answer.error}`);
  if (endpoints === "list") {
    writeToEnd(1, Buffer.from(answer.endpoints.map((each) => `${each}\n`).join("")));
    return 0;
  }
  return await exchange(server, answer.endpoints, keys);
}

async function exchange(
  server: Server,
  endpoints: readonly Endpoint[],
  keys: DetachKeys,
): Promise<number> {
  const isOnTerminal = endpoints.includes("tty-in") && process.stdin.isTTY;
  using _terminal = isOnTerminal ? lendTerminal(tellSize(server)) : undefined;
  using _signals = onEndingSignals();
  const ways = [server.end, _signals.ended];
  if (endpoints.includes("tty-in") || endpoints.includes("stdin")) {
    const isInputOnly = endpoints.length === 1;
    ways.push(sendInput(server, isOnTerminal ? keys : undefined, isInputOnly));
  }
  return await Promise.race(ways);
}

/** Resolves once there is a reason to end: nobody is left, or the person has detached. */
async function sendInput(
  server: Server,
  keys: DetachKeys | undefined,
  isInputOnly: boolean,
): Promise<number> {
  for await (const chunk of Bun.stdin.stream()) {
    const { passed, isDetached } = keys?.add(chunk) ?? { passed: chunk, isDetached: false };
    for (let at = 0; at < passed.length; at += INPUT_BYTES) {
      await server.send(encodeFrame(KIND.stdin, passed.subarray(at, at + INPUT_BYTES)));
    }
    if (isDetached) return 0;
  }
  if (isInputOnly) return 0;
  return await server.end;
}

const INPUT_BYTES = 64 * 1024;

interface Server {
  /** The first thing that it says. */
  readonly answer: Promise<Buffer>;
  /** The app's exit status. Rejects when the server has cut this client off, or has gone. */
  readonly end: Promise<number>;
  /** Resolves once the kernel has taken it. */
  send(frame: Buffer): Promise<void>;
}

async function connect(): Promise<Server> {
  const answer = Promise.withResolvers<Buffer>();
  const end = Promise.withResolvers<number>();
  end.promise.catch(() => undefined); // it may come before anybody waits for it
  const drained: (() => void)[] = [];
  const reader = new FrameReader();
  const lost = new Fault("unavailable", "attach failed: the supervisor of the pod has gone");
  const gone = (): void => {
    answer.reject(lost);
    end.reject(lost);
    for (const go of drained.splice(0)) go();
  };
  const socket = await openSocket({
    data: (_socket, bytes) => {
      for (const { kind, bytes: said } of reader.add(bytes)) {
        if (kind === KIND.answer) answer.resolve(Buffer.from(said));
        else if (kind === KIND.stdout || kind === KIND.stderr) writeToEnd(kind, said);
        else if (kind === KIND.status) {
          const status = parseStatus(said);
          if ("exit" in status) end.resolve(status.exit);
          else end.reject(new Fault("unavailable", `attach failed: ${status.error}`));
        }
      }
    },
    drain: () => drained.splice(0).forEach((go) => go()),
    close: gone,
    error: gone,
  });
  const send = async (frame: Buffer): Promise<void> => {
    for (let at = 0; at < frame.length; ) {
      const sent = socket.write(frame.subarray(at));
      if (sent < 0) return;
      at += sent;
      if (at < frame.length) await new Promise<void>((resolve) => drained.push(resolve));
    }
  };
  return { answer: answer.promise, end: end.promise, send };
}

/** Whoever started us may have made our streams non-blocking; nobody else waits meanwhile. */
function writeToEnd(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at, bytes.length - at);
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      if (code === "EPIPE") process.exit(128 + constants.signals.SIGPIPE);
      if (code !== "EAGAIN" && code !== "EINTR") throw error;
      Bun.sleepSync(1);
    }
  }
}

async function openSocket(handlers: Bun.SocketHandler<undefined>): Promise<Bun.Socket> {
  try {
    return await Bun.connect({ unix: ATTACH_SOCKET, socket: handlers });
  } catch (cause) {
    throw new Fault("precondition", "attach failed: no app of the pod has been started", { cause });
  }
}

function tellSize(server: Server): (size: TerminalSize) => void {
  return (size) => void server.send(encodeJson(KIND.resize, size));
}

const ENDING: readonly NodeJS.Signals[] = ["SIGHUP", "SIGINT", "SIGTERM", "SIGQUIT"];

/** A signal ends this client and not the app. */
function onEndingSignals(): Disposable & { readonly ended: Promise<number> } {
  const { promise, resolve } = Promise.withResolvers<number>();
  const take = (signal: NodeJS.Signals): void => resolve(128 + constants.signals[signal]);
  for (const signal of ENDING) process.on(signal, take);
  return {
    ended: promise,
    [Symbol.dispose]: () => {
      for (const signal of ENDING) process.off(signal, take);
    },
  };
}

/**
 * The effects that a command may have on the person who called it. Made once by `main.ts`; tests
 * bring their own. What a command does to the machine goes through the packages that it calls.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { type Clock, Fault, systemClock } from "@shared/base";

/** What `rkt` was started with and how it speaks. */
export interface Host {
  readonly clock: Clock;
  /** Between 0 and 1. */
  readonly random: () => number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How to start this executable again as `rkt`. */
  readonly self: readonly string[];
  /** Writes a result to standard output, as it is. */
  readonly print: (text: string) => void;
  /** Writes bytes of an app to one of our streams, as they are. */
  readonly write: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
  /** Columns of the terminal that standard error is; undefined where it is none. */
  readonly columns: () => number | undefined;
  /** Writes one line to standard error. */
  readonly note: (line: string) => void;
}

/** The host of a process that a person or a program started. */
export function openHost(start: Pick<Host, "environment" | "self">): Host {
  return {
    environment: start.environment,
    self: start.self,
    clock: systemClock,
    columns: terminalColumns,
    random: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
    print: (text) => writeWhole(1, Buffer.from(text)),
    write: (stream, bytes) => writeWhole(stream === "stdout" ? 1 : 2, bytes),
    note: (line) => writeWhole(2, Buffer.from(`${line}\n`)),
  };
}

/** A terminal need not tell how wide it is. */
const COLUMNS_UNKNOWN = 80;

/** To ask is to open `process.stderr`, which costs 2 ms: most commands never do. */
function terminalColumns(): number | undefined {
  return process.stderr.isTTY ? process.stderr.columns || COLUMNS_UNKNOWN : undefined;
}

/**
 * Writes all of the bytes. Standard output may be a pipe that another process made non-blocking, so
 * a full one is waited for; one that nobody reads any more ends the process as SIGPIPE would end
 * any other.
 */
function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const code = (error as { readonly code?: unknown }).code;
      if (code === "EPIPE") process.exit(141);
      if (code !== "EAGAIN") throw Fault.from(error);
      Bun.sleepSync(1);
    }
  }
}

/**
 * What an app writes: read from its pipe, passed on to the terminal or file of the person who ran
 * the pod, and kept in the app's log in the CRI form `<RFC 3339 time> stdout|stderr F|P <text>`.
 *
 * Never loses a byte of the log because the reader of standard output has gone.
 */
import { closeSync, writeSync } from "node:fs";
import type { Clock } from "@shared/base";

/** Longest text of one log line, in bytes; what is longer goes on as further lines marked P. */
const LOG_TEXT_BYTES_MAX = 16_384;
const NEWLINE = 10;

export interface OutputOptions {
  readonly stream: "stdout" | "stderr";
  /** Descriptor of the app's log, shared by both streams: each line is one write. */
  readonly logFd: number;
  /** Descriptor that gets the bytes as they are: 1 or 2. */
  readonly outFd: number;
  /** Put before each line on `outFd`, where several apps share it. */
  readonly prefix: string;
}

/** Reads `readFd` to its end and closes it. */
export async function copyOutput(
  host: { readonly clock: Clock },
  readFd: number,
  options: OutputOptions,
): Promise<void> {
  const log = new LineSplitter((text, isWhole) => {
    const time = new Date(host.clock.now()).toISOString().replace("Z", "000000Z");
    const head = Buffer.from(`${time} ${options.stream} ${isWhole ? "F" : "P"} `);
    writePatiently(options.logFd, Buffer.concat([head, text, Buffer.of(NEWLINE)]));
  });
  const out = prefixed(options);
  try {
    for await (const chunk of Bun.file(readFd).stream()) {
      out.write(Buffer.from(chunk));
      log.add(Buffer.from(chunk));
    }
    log.end();
    out.end();
  } finally {
    closeSync(readFd);
  }
}

interface Sink {
  write(bytes: Buffer): void;
  end(): void;
}

function prefixed(options: OutputOptions): Sink {
  let isOpen = true;
  const write = (bytes: Buffer): void => {
    isOpen &&= writePatiently(options.outFd, bytes);
  };
  if (options.prefix === "") return { write, end: () => undefined };
  const prefix = Buffer.from(options.prefix);
  let isFresh = true;
  const lines = new LineSplitter((text, isWhole) => {
    write(Buffer.concat([isFresh ? prefix : Buffer.of(), text, Buffer.from(isWhole ? "\n" : "")]));
    isFresh = isWhole;
  });
  return { write: (bytes) => lines.add(bytes), end: () => lines.end() };
}

/** Cuts a stream of bytes into lines without their newline; a line too long comes in parts. */
export class LineSplitter {
  readonly #emit: (text: Buffer, isWhole: boolean) => void;
  #rest: Buffer = Buffer.of();

  constructor(emit: (text: Buffer, isWhole: boolean) => void) {
    this.#emit = emit;
  }

  add(chunk: Buffer): void {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const end = rest.indexOf(NEWLINE);
      if (end !== -1 && end <= LOG_TEXT_BYTES_MAX) {
        this.#emit(rest.subarray(0, end), true);
        rest = rest.subarray(end + 1);
      } else if (rest.length >= LOG_TEXT_BYTES_MAX) {
        this.#emit(rest.subarray(0, LOG_TEXT_BYTES_MAX), false);
        rest = rest.subarray(LOG_TEXT_BYTES_MAX);
      } else break;
    }
    this.#rest = Buffer.from(rest);
  }

  /** Emits what came after the last newline, as a line of its own. */
  end(): void {
    if (this.#rest.length > 0) this.#emit(this.#rest, true);
    this.#rest = Buffer.of();
  }
}

/** Writes all bytes; a full pipe is waited for. False once nobody reads any more. */
function writePatiently(fd: number, bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at, bytes.length - at);
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      if (code === "EAGAIN") Bun.sleepSync(1);
      else if (code !== "EINTR") return false;
    }
  }
  return true;
}

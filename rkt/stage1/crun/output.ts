/**
 * What an app writes: read from its pipe or terminal, kept in the app's log, shown to all who watch
 * and passed on to the terminal or file of the person who ran the pod.
 *
 * Never loses a byte of the log because the reader of standard output is slow or has gone.
 */
import type { AppLog, LogRecord } from "./app-log.ts";
import type { AppStreams } from "./app-streams.ts";
import type { PatientWriter } from "./patient-writer.ts";

/** Longest text of one log line, in bytes; what is longer goes on as further lines marked P. */
const LOG_TEXT_BYTES_MAX = 16_384;
const NEWLINE = 10;

export interface OutputOptions {
  readonly stream: "stdout" | "stderr";
  readonly log: Pick<AppLog, "add">;
  readonly streams: Pick<AppStreams, "say">;
  /** Gets the bytes as they are; nobody where the app is for those who attach only. */
  readonly out: Pick<PatientWriter, "write"> | undefined;
  /** Put before each line on `out`, where several apps share it. */
  readonly prefix: string;
}

/** Reads `readFd` to its end; the caller closes it. */
export async function copyOutput(readFd: number, options: OutputOptions): Promise<void> {
  const { stream, log, streams, out } = options;
  let records: LogRecord[] = [];
  const lines = new LineSplitter((text, isWhole) => records.push({ stream, text, isWhole }));
  const flush = (): void => {
    log.add(records);
    records = [];
  };
  const mark = prefixer(options.prefix);
  const sent = new SentAhead(out);
  for await (const bytes of chunksOf(readFd)) {
    lines.add(bytes);
    flush();
    streams.say(stream, bytes);
    await sent.write(mark.add(bytes));
  }
  lines.end();
  flush();
  await sent.write(mark.end());
  await sent.end();
}

/** What may wait for the person who ran the pod before the app has to wait, in bytes. */
const AHEAD_BYTES_MAX = 1 << 20;

/** Output that its reader has not taken yet; the log and others do not wait for it. */
class SentAhead {
  readonly #out: OutputOptions["out"];
  #waitingBytes = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(out: OutputOptions["out"]) {
    this.#out = out;
  }

  /** Resolves at once, unless too much waits. */
  async write(bytes: Buffer): Promise<void> {
    if (this.#out === undefined || bytes.length === 0) return;
    this.#waitingBytes += bytes.length;
    this.#last = this.#pass(this.#out, bytes);
    if (this.#waitingBytes > AHEAD_BYTES_MAX) await this.#last;
  }

  async #pass(out: Pick<PatientWriter, "write">, bytes: Buffer): Promise<void> {
    await out.write(bytes);
    this.#waitingBytes -= bytes.length;
  }

  async end(): Promise<void> {
    await this.#last;
  }
}

/** A terminal ends with an error once its last process has closed it. */
async function* chunksOf(fd: number): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of Bun.file(fd).stream()) yield Buffer.from(chunk);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "EIO") throw error;
  }
}

interface Prefixer {
  add(bytes: Buffer): Buffer;
  end(): Buffer;
}

function prefixer(text: string): Prefixer {
  if (text === "") return { add: (bytes) => bytes, end: () => Buffer.of() };
  const prefix = Buffer.from(text);
  let isFresh = true;
  let pieces: Buffer[] = [];
  const lines = new LineSplitter((line, isWhole) => {
    if (isFresh) pieces.push(prefix);
    pieces.push(line, Buffer.from(isWhole ? "\n" : ""));
    isFresh = isWhole;
  });
  const take = (): Buffer => {
    const taken = Buffer.concat(pieces);
    pieces = [];
    return taken;
  };
  return {
    add: (bytes) => {
      lines.add(bytes);
      return take();
    },
    end: () => {
      lines.end();
      return take();
    },
  };
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

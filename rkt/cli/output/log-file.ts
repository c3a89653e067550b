/**
 * The log of one app, read as it grows: lines `<RFC 3339 time> stdout|stderr F|P <text>`, where P
 * is a part of a line that the app has not ended yet. Bytes flow through unchanged; a line that is
 * still being written is left for later.
 *
 * @see Kubernetes, CRI log format
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Fault } from "@shared/base";

/** One record of a log. */
export interface LogLine {
  readonly app: string;
  /** As written: RFC 3339, UTC, up to nine digits of a second. */
  readonly time: string;
  readonly stream: "stdout" | "stderr";
  /** Whether the app ended the line here. */
  readonly ended: boolean;
  readonly text: Uint8Array;
}

const BLOCK = 64 * 1024;
const LINE_FEED = 10;

/** Reads one log from front to end, again and again. It holds no descriptor between reads. */
export class LogFile {
  readonly app: string;
  readonly #path: string;
  #offset = 0;

  constructor(app: string, path: string) {
    this.app = app;
    this.#path = path;
  }

  /** The whole records from where the last reading ended. */
  *lines(): Generator<LogLine> {
    const fd = openIfThere(this.#path);
    if (fd === undefined) return;
    try {
      for (const record of recordsFrom(fd, this.#offset)) {
        this.#offset += record.length + 1;
        const line = parseRecord(this.app, record);
        if (line !== undefined) yield line;
      }
    } finally {
      closeSync(fd);
    }
  }

  /** Goes on at the last `count` lines of what there is now. */
  skipToLast(count: number): void {
    const fd = openIfThere(this.#path);
    if (fd === undefined) return;
    try {
      this.#offset = offsetOfLast(fd, count);
    } finally {
      closeSync(fd);
    }
  }
}

/** All new lines of several logs, earliest first; lines of one log keep their order. */
export function* mergeByTime(files: readonly LogFile[]): Generator<LogLine> {
  const sources = files.map((file) => file.lines());
  const heads = sources.map((source) => source.next().value as LogLine | undefined);
  for (;;) {
    let first: number | undefined;
    heads.forEach((head, at) => {
      const best = first === undefined ? undefined : heads[first];
      if (head !== undefined && (best === undefined || isEarlier(head, best))) first = at;
    });
    const line = first === undefined ? undefined : heads[first];
    if (first === undefined || line === undefined) return;
    yield line;
    heads[first] = sources[first]?.next().value as LogLine | undefined;
  }
}

/**
 * Times of different precision: without the Z the longer of two equal beginnings is the later one.
 */
function isEarlier(left: LogLine, right: LogLine): boolean {
  return left.time.replace("Z", "") < right.time.replace("Z", "");
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return undefined; // the app has not started yet
    throw error;
  }
}

/** Records without their line feeds; what follows the last line feed is not yielded. */
function* recordsFrom(fd: number, offset: number): Generator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array();
  for (let at = offset; ; ) {
    const block = Buffer.allocUnsafe(BLOCK);
    const got = readSync(fd, block, 0, BLOCK, at);
    if (got === 0) return;
    at += got;
    const bytes = Buffer.concat([rest, block.subarray(0, got)]);
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(LINE_FEED, start);
      if (end === -1) break;
      yield bytes.subarray(start, end);
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
}

/** Undefined for a record that is none of ours: damaged by a power cut, say. */
function parseRecord(app: string, record: Uint8Array): LogLine | undefined {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  const head = /^(\S+) (stdout|stderr) ([FP]) ?/.exec(bytes.toString("latin1", 0, 80));
  if (head === null) return undefined;
  const [whole, time = "", stream, tag] = head;
  const text = bytes.subarray(whole.length);
  return { app, time, stream: stream === "stdout" ? "stdout" : "stderr", ended: tag === "F", text };
}

/**
 * Where the last `count` lines begin. Parts belong to the line that they begin, so the search
 * counts ended records from the end and stops behind the one too many.
 */
function offsetOfLast(fd: number, count: number): number {
  const size = fstatSync(fd).size;
  let end = endOfRecords(fd, size);
  const whole = end;
  let open = true;
  for (let seen = 0; end > 0; ) {
    const start = lineFeedBefore(fd, end - 1) + 1;
    const line = parseRecord("", readRange(fd, start, end - 1));
    const counts = line?.ended === true || (open && line !== undefined);
    open = false;
    if (counts && ++seen > count) return end;
    end = start;
  }
  return count === 0 ? whole : 0;
}

function endOfRecords(fd: number, size: number): number {
  return lineFeedBefore(fd, size) + 1;
}

/** Offset of the last line feed before `before`, -1 where there is none. */
function lineFeedBefore(fd: number, before: number): number {
  for (let end = before; end > 0; ) {
    const start = Math.max(0, end - BLOCK);
    const found = readRange(fd, start, end).lastIndexOf(LINE_FEED);
    if (found !== -1) return start + found;
    end = start;
  }
  return -1;
}

function readRange(fd: number, start: number, end: number): Buffer {
  const block = Buffer.alloc(end - start);
  const got = readSync(fd, block, 0, block.length, start);
  return block.subarray(0, got);
}

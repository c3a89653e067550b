/**
 * The log of one app, read as it grows: lines `<RFC 3339 time> stdout|stderr F|P <text>`, where P
 * is a part of a line that the app has not ended yet. Bytes flow through unchanged; a line that is
 * still being written is left for later.
 *
 * @see Kubernetes, CRI log format
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
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

/** One of the files of a log, open. */
interface OpenFile {
  readonly fd: number;
  readonly inode: number;
}

/**
 * Reads one log from front to end, again and again, across its rotated files: `<path>.1` is the one
 * before `<path>`, the highest number the oldest. It holds no descriptor between reads.
 */
export class LogFile {
  readonly app: string;
  readonly #path: string;
  /** Of the file where the last reading ended; undefined before the first. */
  #inode: number | undefined;
  #offset = 0;

  constructor(app: string, path: string) {
    this.app = app;
    this.#path = path;
  }

  /** The whole records from where the last reading ended. */
  *lines(): Generator<LogLine> {
    if (this.#isUnchanged()) return;
    const files = openAll(this.#path);
    try {
      // A file that is no longer there was rotated away: the oldest is all there is.
      const from = Math.max(
        0,
        files.findIndex(({ inode }) => inode === this.#inode),
      );
      for (const file of files.slice(from)) yield* this.#linesOf(file);
    } finally {
      closeAll(files);
    }
  }

  *#linesOf({ fd, inode }: OpenFile): Generator<LogLine> {
    // The number of a file that was removed may be given to the next one.
    if (inode !== this.#inode || fstatSync(fd).size < this.#offset) this.#offset = 0;
    this.#inode = inode;
    for (const record of recordsFrom(fd, this.#offset)) {
      this.#offset += record.length + 1;
      const line = parseRecord(this.app, record);
      if (line !== undefined) yield line;
    }
  }

  #isUnchanged(): boolean {
    const stat = statSync(this.#path, { throwIfNoEntry: false });
    return stat !== undefined && stat.ino === this.#inode && stat.size === this.#offset;
  }

  /** Goes on at the last `count` lines of what there is now. */
  skipToLast(count: number): void {
    const files = openAll(this.#path);
    try {
      let missing = count;
      for (const { fd, inode } of files.toReversed()) {
        const isNewest = inode === files.at(-1)?.inode;
        const found = findLast(fd, missing, isNewest);
        this.#inode = inode;
        this.#offset = found.offset;
        missing -= found.count;
        if (found.isEnough) return;
      }
    } finally {
      closeAll(files);
    }
  }
}

/** Oldest first. A rotation while they are opened is noticed, and they are opened again. */
function openAll(path: string): OpenFile[] {
  for (let attempt = 0; ; attempt++) {
    const files: OpenFile[] = [];
    for (let age = 0; ; age++) {
      const fd = openIfThere(age === 0 ? path : `${path}.${age}`);
      if (fd !== undefined) files.unshift({ fd, inode: fstatSync(fd).ino });
      else if (age > 0) break; // the newest may just have been renamed
    }
    const newest = statSync(path, { throwIfNoEntry: false })?.ino;
    const isWhole = newest === undefined || newest === files.at(-1)?.inode;
    const isTwice = new Set(files.map(({ inode }) => inode)).size < files.length;
    if ((isWhole && !isTwice) || attempt === 10) return files;
    closeAll(files);
  }
}

function closeAll(files: readonly OpenFile[]): void {
  for (const { fd } of files) closeSync(fd);
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

interface Found {
  readonly offset: number;
  readonly count: number;
  /** False where older files hold the rest. */
  readonly isEnough: boolean;
}

/**
 * Where the last `wanted` lines begin. Parts belong to the line that they begin, so the search
 * counts ended records from the end and stops behind the one too many. Parts at the end of a file
 * that is not the newest belong to the first line of the next.
 */
function findLast(fd: number, wanted: number, isNewest: boolean): Found {
  let end = endOfRecords(fd, fstatSync(fd).size);
  const whole = end;
  let open = isNewest;
  let count = 0;
  while (end > 0) {
    const start = lineFeedBefore(fd, end - 1) + 1;
    const line = parseRecord("", readRange(fd, start, end - 1));
    const counts = line?.ended === true || (open && line !== undefined);
    open = false;
    if (counts && ++count > wanted) return { offset: end, count: wanted, isEnough: true };
    end = start;
  }
  return { offset: wanted === 0 ? whole : 0, count, isEnough: false };
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

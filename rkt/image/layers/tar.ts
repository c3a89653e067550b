/**
 * A streaming tar reader. In: the bytes of an uncompressed archive, in pieces of any size; out:
 * calls of a handler, entry by entry, with their content. Knows ustar, star, GNU and POSIX extended
 * headers, and sparse files in all four forms. Never holds an entry's content; what it must hold
 * (names, extended headers, sparse maps) is bounded.
 *
 * @see POSIX.1-2017 pax; GNU tar manual, "Tar Internals"
 */
import { Fault } from "@shared/base";
import type { TarEntry, TarEntryType } from "./tar-entry.ts";
import { BLOCK_BYTES, broken, parseTarHeader, type TarHeader } from "./tar-header.ts";
import { decimal, type PaxRecords, parsePax, paxPath, paxTime, paxXattrs } from "./tar-pax.ts";
import * as sparse from "./tar-sparse.ts";

/** Receives the entries in the order of the archive. */
export interface TarHandler {
  /** An entry begins. */
  entry(entry: TarEntry): void;
  /**
   * Bytes of the current file, ascending; holes are left out. The chunk is only good during the
   * call.
   */
  data(chunk: Uint8Array, offset: number): void;
  /** The current entry is complete. */
  end(): void;
}

const TYPE_OF_FLAG: Readonly<Record<string, TarEntryType>> = {
  "0": "file",
  "1": "hard-link",
  "2": "symlink",
  "3": "character-device",
  "4": "block-device",
  "5": "directory",
  "6": "fifo",
  "7": "file",
  D: "directory",
  S: "file",
};

const EXTENDED_BYTES_MAX = 1024 * 1024;
const ID_MAX = 0xffff_fffe;

type State =
  | "header" // a header block comes
  | "extended" // the body of an x, g, L or K entry
  | "sparse-extension" // a further block of an old GNU sparse map
  | "sparse-map" // a block of a sparse map of format 1.0
  | "data"
  | "skip" // bytes that mean nothing, up to the next header
  | "finished"; // the end was marked; what follows is padding

/** Feed it with `write`, then call `finish`. All its faults are "corrupt" or "unsupported". */
export class TarReader {
  readonly #handler: TarHandler;
  #state: State = "header";
  /** Bytes of a block that is not yet complete. */
  readonly #partial: Buffer[] = [];
  #partialBytes = 0;
  #headers = 0;
  #zeroBlocks = 0;
  /** Bytes that the current state still has to see, padding not included. */
  #left = 0;
  #padding = 0;
  #extendedFlag = "";
  #global: ReadonlyMap<string, Buffer> = new Map();
  #local: PaxRecords = { values: new Map(), sparsePairs: [] };
  #longPath: string | undefined;
  #longLinkPath: string | undefined;
  #entry: TarEntry | undefined;
  #segments: sparse.Segment[] = [];
  #segment = 0;
  #segmentDone = 0;
  #readMap = sparse.segmentsOfBlocks();

  constructor(handler: TarHandler) {
    this.#handler = handler;
  }

  /** Headers seen so far, extended ones included. */
  get headers(): number {
    return this.#headers;
  }

  /** The next bytes of the archive. */
  write(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = 0; at < bytes.length && this.#state !== "finished"; ) {
      at += this.#consume(at === 0 ? bytes : bytes.subarray(at));
    }
  }

  /**
   * No more bytes come. An archive may end without the two empty blocks, as GNU tar has it, but not
   * elsewhere.
   */
  finish(): void {
    const seen = this.#headers + this.#zeroBlocks + this.#partialBytes;
    if (seen === 0) throw broken("it is empty");
    const between = this.#state === "header" && this.#partialBytes === 0;
    const whole = between && !this.#awaitsEntry();
    if (!whole && this.#state !== "finished") throw broken("it is truncated");
  }

  #awaitsEntry(): boolean {
    const local = this.#local.values.size > 0 || this.#local.sparsePairs.length > 0;
    return local || this.#longPath !== undefined || this.#longLinkPath !== undefined;
  }

  /** Uses some bytes of what has come, at least one. */
  #consume(bytes: Buffer): number {
    switch (this.#state) {
      case "header":
        return this.#collect(bytes, BLOCK_BYTES, (block) => this.#onHeader(block));
      case "extended":
        return this.#collect(bytes, this.#left, (body) => this.#onExtended(body));
      case "sparse-extension":
        return this.#collect(bytes, BLOCK_BYTES, (block) => this.#onSparseExtension(block));
      case "sparse-map":
        return this.#collect(bytes, BLOCK_BYTES, (block) => this.#onSparseMap(block));
      case "data":
        return this.#onData(bytes);
      default:
        return this.#skip(bytes);
    }
  }

  /**
   * Hands out exactly `size` bytes as soon as they are there; they are only good during the call.
   */
  #collect(bytes: Buffer, size: number, then: (whole: Buffer) => void): number {
    const taken = Math.min(bytes.length, size - this.#partialBytes);
    if (taken === size) {
      then(bytes.subarray(0, size));
      return taken;
    }
    this.#partial.push(Buffer.from(bytes.subarray(0, taken)));
    this.#partialBytes += taken;
    if (this.#partialBytes === size) {
      const whole = Buffer.concat(this.#partial);
      this.#partial.length = 0;
      this.#partialBytes = 0;
      then(whole);
    }
    return taken;
  }

  #skip(bytes: Buffer): number {
    const taken = Math.min(bytes.length, this.#padding);
    this.#padding -= taken;
    if (this.#padding === 0) this.#state = "header";
    return taken;
  }

  /** Skips to the next block boundary after a body of `size` bytes, and `more` bytes before it. */
  #skipPadding(size: number, more = 0): void {
    this.#padding = more + ((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
    this.#state = this.#padding === 0 ? "header" : "skip";
  }

  #onHeader(block: Buffer): void {
    if (block[0] === 0 && block.every((byte) => byte === 0)) {
      if (++this.#zeroBlocks === 2) this.#state = "finished";
      return;
    }
    this.#zeroBlocks = 0;
    this.#headers++;
    const header = parseTarHeader(block);
    if (header.size < 0) throw broken("a size is negative");
    if ("xgLKX".includes(header.flag)) this.#beginExtended(header);
    else if (header.flag === "V") this.#skipPadding(header.size, header.size);
    else this.#beginEntry(header, block);
  }

  #beginExtended(header: TarHeader): void {
    if (header.size > EXTENDED_BYTES_MAX) throw broken("an extended header is too large");
    this.#extendedFlag = header.flag;
    this.#left = header.size;
    this.#state = "extended";
    if (header.size === 0) this.#onExtended(Buffer.alloc(0));
  }

  #onExtended(body: Buffer): void {
    this.#skipPadding(body.length);
    const kept = Buffer.from(body);
    const zero = kept.indexOf(0);
    const name = kept.toString("latin1", 0, zero < 0 ? kept.length : zero);
    if (this.#extendedFlag === "L") this.#longPath = name;
    else if (this.#extendedFlag === "K") this.#longLinkPath = name;
    else if (this.#extendedFlag === "g") this.#addGlobal(parsePax(kept));
    else this.#local = parsePax(kept);
  }

  #addGlobal(records: PaxRecords): void {
    const merged = new Map([...this.#global, ...records.values]);
    let bytes = 0;
    for (const [key, value] of merged) bytes += key.length + value.length;
    if (bytes > EXTENDED_BYTES_MAX) throw broken("the global extended headers are too large");
    this.#global = merged;
  }

  #beginEntry(header: TarHeader, block: Buffer): void {
    const values = this.#effectiveRecords();
    const longNames = { path: this.#longPath, linkPath: this.#longLinkPath };
    const type = typeOf(header, values, longNames.path);
    const size = values.get("size");
    const storedSize = size === undefined ? header.size : decimal(size);
    const hasData = type === "file" || header.flag === "D";
    this.#entry = entryOf(header, type, { values, ...longNames });
    this.#left = hasData ? storedSize : 0;
    this.#padding = hasData ? (BLOCK_BYTES - (storedSize % BLOCK_BYTES)) % BLOCK_BYTES : 0;
    const { sparsePairs } = this.#local;
    this.#local = { values: new Map(), sparsePairs: [] };
    this.#longPath = undefined;
    this.#longLinkPath = undefined;
    if (header.flag === "D") return this.#skipContent();
    if (header.flag === "S") return this.#beginOldSparse(block);
    if (type === "file" && isSparse(values, sparsePairs)) {
      return this.#beginPaxSparse(values, sparsePairs);
    }
    this.#start(type === "file" ? [{ offset: 0, size: storedSize }] : [], this.#left);
  }

  #effectiveRecords(): Map<string, Buffer> {
    const values = new Map([...this.#global, ...this.#local.values]);
    for (const [key, value] of values) {
      if (value.length === 0 && !key.startsWith("SCHILY.xattr.")) values.delete(key);
    }
    return values;
  }

  /** A directory of an incremental archive lists its files; that list is of no use here. */
  #skipContent(): void {
    const listed = this.#left;
    this.#left = 0;
    const padding = this.#padding;
    this.#padding = 0;
    this.#start([], 0);
    this.#padding = listed + padding;
    this.#state = this.#padding === 0 ? "header" : "skip";
  }

  #beginOldSparse(block: Buffer): void {
    this.#segments = sparse.oldGnuSegments(block, "header");
    this.#resize(sparse.oldGnuRealSize(block));
    if (sparse.oldGnuContinues(block, "header")) this.#state = "sparse-extension";
    else this.#startSparse();
  }

  #onSparseExtension(block: Buffer): void {
    for (const segment of sparse.oldGnuSegments(block, "extension")) this.#segments.push(segment);
    if (this.#segments.length > sparse.SEGMENTS_MAX) throw broken("a sparse map is too long");
    if (!sparse.oldGnuContinues(block, "extension")) this.#startSparse();
  }

  #beginPaxSparse(values: ReadonlyMap<string, Buffer>, pairs: readonly number[]): void {
    const realSize = values.get("GNU.sparse.realsize") ?? values.get("GNU.sparse.size");
    if (realSize === undefined) throw broken("a sparse file lacks its size");
    this.#resize(decimal(realSize));
    const map = values.get("GNU.sparse.map");
    const [major, minor] = ["major", "minor"].map((key) => values.get(`GNU.sparse.${key}`));
    if (major !== undefined) {
      const version = `${major.toString("latin1")}.${minor?.toString("latin1") ?? "0"}`;
      if (version === "1.0") {
        this.#readMap = sparse.segmentsOfBlocks();
        this.#state = "sparse-map";
        return;
      }
      if (version !== "0.0" && version !== "0.1") throw unsupported(`sparse format ${version}`);
    }
    this.#segments = map ? sparse.segmentsOfText(map) : sparse.segmentsOfPairs(pairs);
    this.#startSparse();
  }

  #onSparseMap(block: Buffer): void {
    this.#left -= BLOCK_BYTES;
    if (this.#left < 0) throw broken("a sparse map is longer than its file");
    const segments = this.#readMap(block);
    if (segments === undefined) return;
    this.#segments = segments;
    this.#startSparse();
  }

  #resize(size: number): void {
    if (size < 0) throw broken("a size is negative");
    if (this.#entry !== undefined) this.#entry = { ...this.#entry, size };
  }

  #startSparse(): void {
    const realSize = this.#entry?.size ?? 0;
    this.#start(sparse.checkedSegments(this.#segments, realSize, this.#left), this.#left);
  }

  #start(segments: sparse.Segment[], stored: number): void {
    if (this.#entry === undefined) return;
    this.#segments = segments;
    this.#segment = 0;
    this.#segmentDone = 0;
    this.#left = stored;
    this.#handler.entry(this.#entry);
    if (stored === 0) this.#endEntry();
    else this.#state = "data";
  }

  #onData(bytes: Buffer): number {
    const segment = this.#segments[this.#segment];
    if (segment === undefined) throw broken("a sparse map contradicts the size of its data");
    const taken = Math.min(bytes.length, segment.size - this.#segmentDone);
    this.#handler.data(bytes.subarray(0, taken), segment.offset + this.#segmentDone);
    this.#segmentDone += taken;
    this.#left -= taken;
    if (this.#segmentDone === segment.size) {
      this.#segment++;
      this.#segmentDone = 0;
    }
    if (this.#left === 0) this.#endEntry();
    return taken;
  }

  #endEntry(): void {
    this.#entry = undefined;
    this.#segments = [];
    this.#state = this.#padding === 0 ? "header" : "skip";
    this.#handler.end();
  }
}

interface Extensions {
  readonly values: ReadonlyMap<string, Buffer>;
  readonly path: string | undefined;
  readonly linkPath: string | undefined;
}

function entryOf(header: TarHeader, type: TarEntryType, extensions: Extensions): TarEntry {
  const { values } = extensions;
  const value = <T>(key: string, parse: (bytes: Buffer) => T): T | undefined => {
    const bytes = values.get(key);
    return bytes === undefined ? undefined : parse(bytes);
  };
  const path = value("GNU.sparse.name", paxPath) ?? value("path", paxPath);
  const link = value("linkpath", paxPath) ?? extensions.linkPath ?? header.linkPath;
  return {
    type,
    path: path ?? extensions.path ?? header.path,
    linkPath: type === "symlink" || type === "hard-link" ? link : "",
    mode: header.mode,
    uid: checkedId(value("uid", decimal) ?? header.uid),
    gid: checkedId(value("gid", decimal) ?? header.gid),
    size: type === "file" ? (value("size", decimal) ?? header.size) : 0,
    mtime: value("mtime", paxTime) ?? { seconds: header.seconds, nanoseconds: 0 },
    device: {
      major: value("SCHILY.devmajor", decimal) ?? header.major,
      minor: value("SCHILY.devminor", decimal) ?? header.minor,
    },
    xattrs: paxXattrs(values),
  };
}

function typeOf(
  header: TarHeader,
  values: ReadonlyMap<string, Buffer>,
  longPath: string | undefined,
): TarEntryType {
  const type = TYPE_OF_FLAG[header.flag];
  if (type === undefined) throw unsupported(`entry type ${JSON.stringify(header.flag)}`);
  if (type !== "file" || header.flag === "S") return type;
  const path = values.get("path")?.toString("latin1") ?? longPath ?? header.path;
  return path.endsWith("/") ? "directory" : type; // V7 had no type for directories
}

function isSparse(values: ReadonlyMap<string, Buffer>, pairs: readonly number[]): boolean {
  const keys = ["GNU.sparse.major", "GNU.sparse.map"];
  return pairs.length > 0 || keys.some((key) => values.has(key));
}

function checkedId(id: number): number {
  if (id < 0 || id > ID_MAX) throw broken("a user or group id is out of range");
  return id;
}

function unsupported(what: string): Fault {
  return new Fault("unsupported", `read the archive: ${what} is not supported`);
}

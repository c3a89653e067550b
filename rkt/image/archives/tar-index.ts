/**
 * A tar archive as a directory of files that are read where they lie. In: a path; out: names with
 * their places in the file. A compressed archive is written out plain first, in the store's file
 * system, and goes when the index is disposed. Reads headers only; unpacks nothing.
 */
import { closeSync, fstatSync, openSync, readSync, rmSync } from "node:fs";
import { posix } from "node:path";
import { Fault, GiB, MiB, quote, writeAll } from "@shared/base";
import { fileChunks } from "../fetch/file-chunks.ts";
import type { LayoutFiles } from "../fetch/layout.ts";
import { decompress, sniffCompression } from "../layers/decompress.ts";
import { BLOCK_BYTES, broken, parseTarHeader, type TarHeader } from "../layers/tar-header.ts";
import { decimal, parsePax } from "../layers/tar-pax.ts";
import type { Store } from "../store/store.ts";

/** Where the content of a file lies in the archive. */
interface Slice {
  readonly from: number;
  readonly sizeBytes: number;
}

export interface TarIndex extends LayoutFiles, Disposable {
  readonly sizeOf: (name: string) => number;
}

const PLAIN_BYTES_MAX: number = 64 * GiB;
const ENTRIES_MAX = 100_000;
const EXTENDED_BYTES_MAX: number = MiB;

/** @throws {Fault} "not-found", "invalid", "corrupt", "exhausted" */
export async function openTarIndex(
  store: Pick<Store, "newBlobFile">,
  path: string,
): Promise<TarIndex> {
  const plain = await plainCopy(store, path);
  const at = plain ?? path;
  const dispose = (): void => {
    if (plain !== undefined) rmSync(plain, { force: true });
  };
  try {
    const slices = readSlices(at);
    const find = (name: string): Slice => sliceOf(slices, name, path);
    return {
      place: path,
      has: (name) => slices.has(name),
      sizeOf: (name) => find(name).sizeBytes,
      read: (name, bytesMax) => readSlice(at, name, { ...find(name), bytesMax }),
      chunks: (name, from) => {
        const slice = find(name);
        return fileChunks(at, { from: slice.from + from, sizeBytes: slice.sizeBytes - from });
      },
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    dispose();
    throw new Fault(Fault.from(error).kind, `open ${quote(path)}`, { cause: error });
  }
}

/** Undefined where the archive is not compressed. */
async function plainCopy(
  store: Pick<Store, "newBlobFile">,
  path: string,
): Promise<string | undefined> {
  if (sniffCompression(readBeginning(path)) === "none") return undefined;
  const { path: copy, fd } = store.newBlobFile();
  try {
    const { output } = await decompress(fileChunks(path));
    let bytes = 0;
    for await (const chunk of output) {
      bytes += chunk.length;
      if (bytes > PLAIN_BYTES_MAX) throw new Fault("exhausted", `open ${quote(path)}: too large`);
      writeAll(fd, chunk);
    }
    return copy;
  } catch (error) {
    rmSync(copy, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function readBeginning(path: string): Uint8Array {
  const fd = openSync(path, "r");
  try {
    if (!fstatSync(fd).isFile()) throw new Fault("invalid", `open ${quote(path)}: not a file`);
    const block = Buffer.alloc(BLOCK_BYTES);
    return block.subarray(0, readSync(fd, block, 0, BLOCK_BYTES, 0));
  } finally {
    closeSync(fd);
  }
}

function readSlice(
  path: string,
  name: string,
  { from, sizeBytes, bytesMax }: Slice & { readonly bytesMax: number },
): Uint8Array {
  if (sizeBytes > bytesMax) {
    throw new Fault("exhausted", `read ${quote(name)}: larger than ${bytesMax} bytes`);
  }
  const fd = openSync(path, "r");
  try {
    return readAt(fd, from, sizeBytes);
  } finally {
    closeSync(fd);
  }
}

function sliceOf(slices: ReadonlyMap<string, Slice>, name: string, path: string): Slice {
  const slice = slices.get(name);
  if (slice !== undefined) return slice;
  throw new Fault("not-found", `open ${quote(path)}: no ${quote(name)} in it`);
}

/** Names of links and what they stand for; `docker save` once wrote equal layers so. */
type Links = Map<string, string>;

function readSlices(path: string): ReadonlyMap<string, Slice> {
  const fd = openSync(path, "r");
  try {
    const end = fstatSync(fd).size;
    const slices = new Map<string, Slice>();
    const links: Links = new Map();
    for (const { header, from } of headersOf(fd, end)) {
      if (slices.size + links.size > ENTRIES_MAX) throw broken("it has too many entries");
      const name = plainName(header.path);
      if (name === undefined) continue;
      if (["0", "7"].includes(header.flag)) slices.set(name, { from, sizeBytes: header.size });
      if (header.flag === "1") links.set(name, plainName(header.linkPath) ?? "");
      if (header.flag === "2") {
        links.set(name, posix.join(posix.dirname(name), header.linkPath));
      }
    }
    for (const [name, target] of links) {
      const slice = slices.get(target);
      if (slice !== undefined && !slices.has(name)) slices.set(name, slice);
    }
    return slices;
  } finally {
    closeSync(fd);
  }
}

function plainName(path: string): string | undefined {
  const name = posix.normalize(path);
  return name.startsWith("../") || name.startsWith("/") ? undefined : name;
}

interface Placed {
  readonly header: TarHeader;
  /** Where its content begins. */
  readonly from: number;
}

/** The entries, with what extended headers say of their names and sizes. */
function* headersOf(fd: number, end: number): Generator<Placed> {
  let changes: Partial<Pick<TarHeader, "path" | "linkPath" | "size">> = {};
  for (let at = 0; at + BLOCK_BYTES <= end; ) {
    const block = readAt(fd, at, BLOCK_BYTES);
    if (block.every((byte) => byte === 0)) return;
    const own = parseTarHeader(block);
    const extended = "xgLK".includes(own.flag);
    const header = extended ? own : { ...own, ...changes };
    const from = at + BLOCK_BYTES;
    if (header.size < 0 || from + header.size > end) throw broken("it is truncated");
    if (extended) {
      if (own.size > EXTENDED_BYTES_MAX) throw broken("an extended header is too large");
      changes = { ...changes, ...changesOf(own.flag, readAt(fd, from, own.size)) };
    } else {
      yield { header, from };
      changes = {};
    }
    at = from + Math.ceil(header.size / BLOCK_BYTES) * BLOCK_BYTES;
  }
}

function changesOf(flag: string, body: Buffer): Partial<TarHeader> {
  const text = (): string => body.toString("latin1").replace(/\0.*$/s, "");
  if (flag === "L") return { path: text() };
  if (flag === "K") return { linkPath: text() };
  if (flag === "g") return {};
  const { values } = parsePax(body);
  const [path, linkPath, size] = ["path", "linkpath", "size"].map((key) => values.get(key));
  return {
    ...(path !== undefined && { path: path.toString("latin1") }),
    ...(linkPath !== undefined && { linkPath: linkPath.toString("latin1") }),
    ...(size !== undefined && { size: decimal(size) }),
  };
}

function readAt(fd: number, from: number, sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let done = 0; done < sizeBytes; ) {
    const size = readSync(fd, bytes, done, sizeBytes - done, from + done);
    if (size === 0) throw broken("it is truncated");
    done += size;
  }
  return bytes;
}

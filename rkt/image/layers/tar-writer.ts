/**
 * A small tar writer. In: entries; out: the bytes of a POSIX archive, the same for the same
 * entries. What does not fit an ustar header goes into an extended one. Never asks the clock, the
 * disk or the user database.
 *
 * @see POSIX.1-2017 pax, "ustar Interchange Format"
 */
import { assert } from "@shared/base";
import { byteString, bytesOf, isAscii, type TarEntryType, type Xattr } from "./tar-entry.ts";
import { BLOCK_BYTES } from "./tar-header.ts";
import { formatPax } from "./tar-pax.ts";

export interface NewTarEntry {
  readonly type: TarEntryType;
  /** Relative, as text; a directory's ending slash is added. */
  readonly path: string;
  readonly linkPath?: string;
  /** Permission bits; 0o755 for directories, 0o777 for symlinks, 0o644 for the rest unless told. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Whole seconds since the epoch; 0 unless told. */
  readonly mtimeSeconds?: number;
  readonly device?: { readonly major: number; readonly minor: number };
  readonly xattrs?: readonly Xattr[];
  /** The paths are byte strings, as they come from a disk; text unless told. */
  readonly inBytes?: boolean;
}

/** An entry with all its content at hand. */
export interface NewTarFile extends NewTarEntry {
  readonly content?: Uint8Array;
}

const FLAG: Readonly<Record<TarEntryType, string>> = {
  file: "0",
  "hard-link": "1",
  symlink: "2",
  "character-device": "3",
  "block-device": "4",
  directory: "5",
  fifo: "6",
};

/** The two empty blocks that end an archive. */
export const TAR_END: Uint8Array = new Uint8Array(2 * BLOCK_BYTES);

/**
 * A whole archive in memory: for small ones. Larger ones are made of the three functions that this
 * one calls.
 */
export function writeTar(entries: Iterable<NewTarFile>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const entry of entries) {
    const content = entry.content ?? new Uint8Array(0);
    assert(entry.type === "file" || content.length === 0, "only a file has content");
    parts.push(tarHeader(entry, content.length), content, tarPadding(content.length));
  }
  return Buffer.concat([...parts, TAR_END]);
}

/** What stands before the content of an entry of `size` bytes. */
export function tarHeader(entry: NewTarEntry, size: number): Uint8Array {
  const slash = entry.type === "directory" && !entry.path.endsWith("/") ? "/" : "";
  const inBytes = entry.inBytes === true ? (text: string): string => text : byteString;
  const path = inBytes(entry.path) + slash;
  const linkPath = inBytes(entry.linkPath ?? "");
  const records = paxRecords(entry, { path, linkPath, size });
  const header = ustarHeader(entry, { path, linkPath, size, flag: FLAG[entry.type] });
  if (records.length === 0) return header;
  const body = formatPax(records);
  const about: NewTarEntry = { type: "file", path: "pax" };
  const names = { path: "././@PaxHeader", linkPath: "" };
  const extended = ustarHeader(about, { ...names, size: body.length, flag: "x" });
  return Buffer.concat([extended, body, tarPadding(body.length), header]);
}

/** What stands after the content of an entry of `size` bytes. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
}

interface Fields {
  readonly path: string;
  readonly linkPath: string;
  readonly size: number;
}

const NAME_BYTES = 100;
const OCTAL_7 = 0o777_7777;
const OCTAL_11 = 0o777_7777_7777;

function paxRecords(
  entry: NewTarEntry,
  fields: Fields,
): (readonly [string, string | Uint8Array])[] {
  const records: (readonly [string, string | Uint8Array])[] = [];
  const whenOver = (key: string, value: number, max: number): void => {
    if (value > max || value < 0) records.push([key, String(value)]);
  };
  const fits = (name: string): boolean => name.length <= NAME_BYTES && isAscii(name);
  whenOver("gid", entry.gid ?? 0, OCTAL_7);
  if (!fits(fields.linkPath)) records.push(["linkpath", fields.linkPath]);
  whenOver("mtime", entry.mtimeSeconds ?? 0, OCTAL_11);
  if (!fits(fields.path)) records.push(["path", fields.path]);
  for (const { name, value } of entry.xattrs ?? []) {
    const key = name.replaceAll("%", "%25").replaceAll("=", "%3D");
    records.push([`SCHILY.xattr.${key}`, value]);
  }
  whenOver("size", fields.size, OCTAL_11);
  whenOver("uid", entry.uid ?? 0, OCTAL_7);
  return records;
}

function ustarHeader(entry: NewTarEntry, fields: Fields & { readonly flag: string }): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, at: number, length: number): void => {
    const max = 8 ** (length - 1) - 1;
    const digits = Math.min(Math.max(value, 0), max).toString(8);
    block.write(digits.padStart(length - 1, "0"), at, "latin1");
  };
  bytesOf(fields.path).copy(block, 0, 0, NAME_BYTES);
  octal((entry.mode ?? defaultMode(entry.type)) & 0o7777, 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.gid ?? 0, 116, 8);
  octal(fields.size, 124, 12);
  octal(entry.mtimeSeconds ?? 0, 136, 12);
  block.fill(" ", 148, 156);
  block.write(fields.flag, 156, "latin1");
  bytesOf(fields.linkPath).copy(block, 157, 0, NAME_BYTES);
  block.write("ustar\u000000", 257, "latin1");
  octal(entry.device?.major ?? 0, 329, 8);
  octal(entry.device?.minor ?? 0, 337, 8);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148, "latin1");
  return block;
}

function defaultMode(type: TarEntryType): number {
  if (type === "directory") return 0o755;
  return type === "symlink" ? 0o777 : 0o644;
}

/**
 * Extended headers of POSIX archives. In: the body of an `x` or `g` entry; out: the records that
 * mean something to us. Values stay bytes: those of extended attributes are any bytes.
 *
 * @see POSIX.1-2017 pax, "pax Extended Header"; GNU tar manual, "Sparse Formats"
 */
import { byteString, type TarTime, type Xattr } from "./tar-entry.ts";
import { broken } from "./tar-header.ts";

const XATTR_PREFIX = "SCHILY.xattr.";
const KEYS: ReadonlySet<string> = new Set([
  "path",
  "linkpath",
  "size",
  "uid",
  "gid",
  "mtime",
  "SCHILY.devmajor",
  "SCHILY.devminor",
  "GNU.sparse.major",
  "GNU.sparse.minor",
  "GNU.sparse.name",
  "GNU.sparse.size",
  "GNU.sparse.realsize",
  "GNU.sparse.map",
]);

/** Records by key. An empty value says that a global record does not count here. */
export interface PaxRecords {
  readonly values: Map<string, Buffer>;
  /** Offsets and sizes in turn, of sparse format 0.0, where the keys repeat. */
  readonly sparsePairs: number[];
}

/** @throws {Fault} "corrupt" */
export function parsePax(body: Buffer): PaxRecords {
  const values = new Map<string, Buffer>();
  const sparsePairs: number[] = [];
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const digits = space < 0 ? "" : body.toString("latin1", at, space);
    const end = at + Number(digits);
    const equals = body.indexOf(0x3d, space);
    const whole = /^[1-9]\d{0,9}$/.test(digits) && end <= body.length && body[end - 1] === 0x0a;
    if (!whole || equals < 0 || equals >= end) throw broken("an extended header is malformed");
    const key = body.toString("utf8", space + 1, equals);
    const value = body.subarray(equals + 1, end - 1);
    if (key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes") {
      sparsePairs.push(decimal(value));
    } else if (KEYS.has(key) || key.startsWith(XATTR_PREFIX)) {
      values.set(key, value);
    }
    at = end;
  }
  return { values, sparsePairs };
}

/** A path of an extended header as byte string. */
export function paxPath(value: Buffer): string {
  if (value.includes(0)) throw broken("a name in an extended header holds a zero byte");
  return value.toString("latin1");
}

/** A whole number that is not negative. */
export function decimal(value: Buffer | string): number {
  const digits = value.toString("latin1");
  const result = Number(digits);
  if (!/^\d{1,16}$/.test(digits) || !Number.isSafeInteger(result)) {
    throw broken("a number in an extended header is not one");
  }
  return result;
}

/**
 * `-1.25` is 2 seconds before the epoch and 750,000,000 ns. Digits beyond the ninth are dropped.
 */
export function paxTime(value: Buffer): TarTime {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(value.toString("latin1"));
  if (match === null) throw broken("a time in an extended header is not one");
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (match[1] === "") return { seconds, nanoseconds };
  if (nanoseconds === 0) return { seconds: 0 - seconds, nanoseconds };
  return { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

/**
 * The extended attributes among records. GNU tar writes `%3D` and `%25` for `=` and `%` in their
 * names.
 */
export function paxXattrs(values: ReadonlyMap<string, Buffer>): Xattr[] {
  const xattrs: Xattr[] = [];
  for (const [key, value] of values) {
    if (!key.startsWith(XATTR_PREFIX)) continue;
    const name = key.slice(XATTR_PREFIX.length).replaceAll("%3D", "=").replaceAll("%25", "%");
    xattrs.push({ name, value });
  }
  return xattrs;
}

/** The body of an extended header, keys in the order given. */
export function formatPax(records: Iterable<readonly [string, string | Uint8Array]>): Buffer {
  const parts: Buffer[] = [];
  for (const [key, value] of records) {
    const bytes = typeof value === "string" ? Buffer.from(value, "latin1") : value;
    const keyBytes = Buffer.from(byteString(key), "latin1");
    const rest = keyBytes.length + bytes.length + 3;
    let length = rest + String(rest).length;
    if (rest + String(length).length !== length) length = rest + String(length).length;
    parts.push(Buffer.from(`${length} `), keyBytes, Buffer.from("="), Buffer.from(bytes));
    parts.push(Buffer.from("\n"));
  }
  return Buffer.concat(parts);
}

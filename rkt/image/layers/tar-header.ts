/**
 * One 512-byte header block of a tar archive: V7, POSIX ustar, star and GNU. In: the block; out:
 * its fields as they stand there. Never looks at extended headers.
 *
 * @see POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"
 */
import { Fault } from "@shared/base";

export const BLOCK_BYTES = 512;

export interface TarHeader {
  /** The type flag as a character; a zero byte is `0`. */
  readonly flag: string;
  readonly path: string;
  readonly linkPath: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly seconds: number;
  readonly major: number;
  readonly minor: number;
}

/** The fields of a header block. @throws {Fault} "corrupt" */
export function parseTarHeader(block: Buffer): TarHeader {
  checkSum(block);
  const magic = block.toString("latin1", 257, 263);
  return {
    flag: block[156] === 0 ? "0" : String.fromCharCode(block[156] ?? 0),
    path: headerPath(block, magic),
    linkPath: text(block, 157, 100),
    mode: number(block, 100, 8) & 0o7777,
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: number(block, 124, 12),
    seconds: number(block, 136, 12),
    major: magic.startsWith("ustar") ? number(block, 329, 8) : 0,
    minor: magic.startsWith("ustar") ? number(block, 337, 8) : 0,
  };
}

/** Only POSIX headers have a prefix; GNU ones keep other things there, star ones end it earlier. */
function headerPath(block: Buffer, magic: string): string {
  const name = text(block, 0, 100);
  if (magic !== "ustar\0") return name;
  const star = block.toString("latin1", 508, 512) === "tar\0";
  const prefix = text(block, 345, star ? 131 : 155);
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** A field up to its first zero byte, as byte string. */
function text(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at);
  return block.toString("latin1", at, end < 0 || end > at + length ? at + length : end);
}

/** A numeric field: octal digits, or base 256 when its first bit is set. */
export function number(block: Buffer, at: number, length: number): number {
  const first = block[at] ?? 0;
  if ((first & 0x80) !== 0) return base256(block, at, length);
  const digits = text(block, at, length).trim();
  if (digits === "") return 0;
  if (!/^[0-7]+$/.test(digits)) throw broken("a number in a header is not octal");
  return Number.parseInt(digits, 8);
}

/** Big-endian two's complement in all bits but the first. */
function base256(block: Buffer, at: number, length: number): number {
  const negative = block[at] === 0xff;
  let value = negative ? -1n : BigInt((block[at] ?? 0) & 0x7f);
  for (let i = at + 1; i < at + length; i++) value = value * 256n + BigInt(block[i] ?? 0);
  if (negative) value = BigInt.asIntN(length * 8, value);
  const result = Number(value);
  if (!Number.isSafeInteger(result)) throw broken("a number in a header is too large");
  return result;
}

/**
 * The sum of all bytes, those of the sum itself taken as spaces. Old programs added signed bytes.
 */
function checkSum(block: Buffer): void {
  let unsigned = 8 * 32;
  let high = 0;
  for (let i = 0; i < BLOCK_BYTES; i++) {
    if (i === 148) i = 156;
    const byte = block[i] ?? 0;
    unsigned += byte;
    if (byte > 127) high++;
  }
  const claimed = number(block, 148, 8);
  if (claimed !== unsigned && claimed !== unsigned - high * 256) {
    throw broken("the checksum of a header does not match");
  }
}

/** What is wrong with an archive that breaks the format. */
export function broken(what: string): Fault {
  return new Fault("corrupt", `read the archive: ${what}`);
}

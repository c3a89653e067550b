/**
 * What a tar archive consists of, whatever dialect wrote it. Data only.
 *
 * Names are byte strings: one character (0 to 255) per byte, because a name in an archive is bytes
 * and need not be UTF-8. ASCII reads as itself; `bytesOf` and `byteString` convert.
 */

export type TarEntryType =
  | "file"
  | "hard-link"
  | "symlink"
  | "character-device"
  | "block-device"
  | "directory"
  | "fifo";

export interface TarTime {
  /** Seconds since the epoch; negative before it. */
  readonly seconds: number;
  /** 0 to 999,999,999, counted forward from the second. */
  readonly nanoseconds: number;
}

export interface Xattr {
  readonly name: string;
  readonly value: Uint8Array;
}

export interface TarEntry {
  readonly type: TarEntryType;
  /** Byte string, as in the archive: may start with `./` or `/`, a directory may end in `/`. */
  readonly path: string;
  /** Byte string: target of a symlink, or path of the entry that a hard link means. */
  readonly linkPath: string;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of a file once it is unpacked, holes included; 0 for all else. */
  readonly size: number;
  readonly mtime: TarTime;
  readonly device: { readonly major: number; readonly minor: number };
  readonly xattrs: readonly Xattr[];
}

/** A text as byte string. */
export function byteString(text: string): string {
  return isAscii(text) ? text : Buffer.from(text).toString("latin1");
}

/** The bytes of a byte string. */
export function bytesOf(byteText: string): Buffer {
  return Buffer.from(byteText, "latin1");
}

/** A byte string as far as a person can read it. */
export function readable(byteText: string): string {
  return isAscii(byteText) ? byteText : bytesOf(byteText).toString();
}

export function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is what ASCII is
  return /^[\u0000-\u007f]*$/.test(text);
}

/**
 * The C library, opened on first use. The only file that speaks bun:ffi.
 *
 * In: numbers, strings, bytes. Out: results, or a Fault made of errno. Never keeps a pointer after
 * a call.
 */
import { dlopen, FFIType, ptr, read } from "bun:ffi";
import type { Pointer } from "bun:ffi";
import { errnoKind, errnoWords, Fault } from "@shared/base";
import { constants } from "node:os";

const { i32, i64, u64, ptr: pointer } = FFIType;

const SYMBOLS = {
  __errno_location: { args: [], returns: pointer },
  flock: { args: [i32, i32], returns: i32 },
  fcntl: { args: [i32, i32, i64], returns: i32 },
  unshare: { args: [i32], returns: i32 },
  setns: { args: [i32, i32], returns: i32 },
  mount: { args: [pointer, pointer, pointer, u64, pointer], returns: i32 },
  umount2: { args: [pointer, i32], returns: i32 },
  chroot: { args: [pointer], returns: i32 },
  execve: { args: [pointer, pointer, pointer], returns: i32 },
  prctl: { args: [i32, u64, u64, u64, u64], returns: i32 },
  sethostname: { args: [pointer, u64], returns: i32 },
  mknod: { args: [pointer, i32, u64], returns: i32 },
  lsetxattr: { args: [pointer, pointer, pointer, u64, i32], returns: i32 },
  lgetxattr: { args: [pointer, pointer, pointer, u64], returns: i64 },
  llistxattr: { args: [pointer, pointer, u64], returns: i64 },
  socket: { args: [i32, i32, i32], returns: i32 },
  setsockopt: { args: [i32, i32, i32, pointer, i32], returns: i32 },
  bind: { args: [i32, pointer, i32], returns: i32 },
  listen: { args: [i32, i32], returns: i32 },
  accept4: { args: [i32, pointer, pointer, i32], returns: i32 },
  connect: { args: [i32, pointer, i32], returns: i32 },
  recvmsg: { args: [i32, pointer, i32], returns: i64 },
  getsockname: { args: [i32, pointer, pointer], returns: i32 },
  send: { args: [i32, pointer, u64, i32], returns: i64 },
  recv: { args: [i32, pointer, u64, i32], returns: i64 },
  ioctl: { args: [i32, u64, pointer], returns: i32 },
  pipe2: { args: [pointer, i32], returns: i32 },
  syncfs: { args: [i32], returns: i32 },
  renameat2: { args: [i32, pointer, i32, pointer, i32], returns: i32 },
  utimensat: { args: [i32, pointer, pointer, i32], returns: i32 },
  syscall: { args: [i64, i64, pointer, pointer, i64], returns: i64 },
} as const;

type Bytes = NodeJS.ArrayBufferView | null;

/** The functions of the C library that this package uses, as C declares them. */
export interface Libc {
  readonly __errno_location: () => Pointer | null;
  readonly flock: (fd: number, operation: number) => number;
  readonly fcntl: (fd: number, command: number, argument: number) => number;
  readonly unshare: (flags: number) => number;
  readonly setns: (fd: number, type: number) => number;
  readonly mount: (from: Bytes, on: Bytes, type: Bytes, flags: bigint, data: Bytes) => number;
  readonly umount2: (target: Bytes, flags: number) => number;
  readonly chroot: (path: Bytes) => number;
  readonly execve: (path: Bytes, argv: Bytes, env: Bytes) => number;
  readonly prctl: (option: number, a: bigint, b: bigint, c: bigint, d: bigint) => number;
  readonly sethostname: (name: Bytes, length: bigint) => number;
  readonly mknod: (path: Bytes, mode: number, device: bigint) => number;
  readonly lsetxattr: (p: Bytes, name: Bytes, value: Bytes, size: bigint, flags: number) => number;
  readonly lgetxattr: (path: Bytes, name: Bytes, value: Bytes, size: bigint) => bigint;
  readonly llistxattr: (path: Bytes, list: Bytes, size: bigint) => bigint;
  readonly socket: (domain: number, type: number, protocol: number) => number;
  readonly setsockopt: (fd: number, level: number, name: number, v: Bytes, size: number) => number;
  readonly bind: (fd: number, address: Bytes, size: number) => number;
  readonly listen: (fd: number, backlog: number) => number;
  readonly accept4: (fd: number, address: Bytes, size: Bytes, flags: number) => number;
  readonly connect: (fd: number, address: Bytes, size: number) => number;
  readonly recvmsg: (fd: number, message: Bytes, flags: number) => bigint;
  readonly getsockname: (fd: number, address: Bytes, size: Bytes) => number;
  readonly send: (fd: number, bytes: Bytes, size: bigint, flags: number) => bigint;
  readonly recv: (fd: number, into: Bytes, size: bigint, flags: number) => bigint;
  readonly ioctl: (fd: number, request: bigint, argument: Bytes) => number;
  readonly pipe2: (ends: Bytes, flags: number) => number;
  readonly syncfs: (fd: number) => number;
  readonly renameat2: (from: number, a: Bytes, to: number, b: Bytes, flags: number) => number;
  readonly utimensat: (fd: number, path: Bytes, times: Bytes, flags: number) => number;
  readonly syscall: (nr: bigint, a: bigint, b: Bytes, c: Bytes, d: bigint) => bigint;
}

let opened: Libc | undefined;

/** The C library. */
export function libc(): Libc {
  opened ??= dlopen("libc.so.6", SYMBOLS).symbols as unknown as Libc;
  return opened;
}

const RAW_CALL = {
  syscall: { args: [i64, i64, i64, i64, i64, i64, i64], returns: i64 },
} as const;

let openedRaw: ((...words: bigint[]) => bigint) | undefined;

/** One system call by its number, for those that older C libraries have no function for. */
export function systemCall(number: number, ...words: (number | NodeJS.ArrayBufferView)[]): bigint {
  openedRaw ??= dlopen("libc.so.6", RAW_CALL).symbols.syscall as (...all: bigint[]) => bigint;
  const all = words.map((word) => BigInt(typeof word === "number" ? word : ptr(word)));
  return openedRaw(BigInt(number), ...all, ...Array<bigint>(6 - all.length).fill(0n));
}

/**
 * Reversed, because of two names for one number the first in the list is the usual one: EAGAIN, not
 * EWOULDBLOCK.
 */
const NAME_OF_ERRNO: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/**
 * The name of the last error of this thread, such as `"ENOENT"`. Ask before anything else is
 * called.
 */
export function lastErrno(): string {
  const at = libc().__errno_location();
  return errnoName(at === null ? 0 : read.i32(at, 0));
}

/** 2 → `"ENOENT"`. */
export function errnoName(number: number): string {
  return NAME_OF_ERRNO.get(number) ?? `errno ${number}`;
}

/** The Fault of a failed call: `action` says what was done to what. */
export function errnoFault(action: string, code: string): Fault {
  return new Fault(errnoKind(code), `${action}: ${errnoWords(code)}`, { details: { errno: code } });
}

/** Passes a result on, or turns -1 into the Fault of errno. */
export function check(result: number | bigint, action: () => string): number {
  if (result !== -1 && result !== -1n) return Number(result);
  const code = lastErrno();
  throw errnoFault(action(), code);
}

/**
 * A string, or the bytes of a name, as C wants it. A zero byte inside would cut it short, so it is
 * refused.
 */
export function cString(text: string | Uint8Array): Buffer {
  if (typeof text === "string" ? text.includes("\0") : text.includes(0)) {
    throw new Fault("invalid", "pass a string to the kernel: it holds a zero byte");
  }
  if (typeof text === "string") return Buffer.from(`${text}\0`);
  const bytes = Buffer.alloc(text.length + 1);
  bytes.set(text);
  return bytes;
}

/** Where bytes lie, for a structure that points to them; good while `bytes` is used afterwards. */
export function addressOf(bytes: NodeJS.ArrayBufferView): bigint {
  return BigInt(ptr(bytes));
}

/** A zero-terminated array of strings for execve(2), with the buffers that must live as long. */
export function cStringArray(texts: readonly string[]): { array: BigUint64Array; keep: Buffer[] } {
  const keep = texts.map((text) => cString(text));
  const array = new BigUint64Array(texts.length + 1);
  keep.forEach((buffer, index) => {
    array[index] = BigInt(ptr(buffer));
  });
  return { array, keep };
}

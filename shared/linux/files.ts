/**
 * Kernel calls on files: locks, descriptors, devices, extended attributes, look-ups confined to a
 * root.
 */
import { closeSync, constants, openSync } from "node:fs";
import { quote } from "@shared/base";
import { check, cString, errnoFault, lastErrno, libc } from "./libc.ts";

const LOCK = { shared: 1, exclusive: 2, unlock: 8 } as const;
const LOCK_NON_BLOCKING = 4;

/** What flock(2) is asked for. */
export type LockKind = keyof typeof LOCK;

/**
 * flock(2). False means that somebody else holds it; with `wait` the calling thread blocks instead.
 */
export function flock(fd: number, kind: LockKind, options: { readonly wait: boolean }): boolean {
  for (;;) {
    if (libc().flock(fd, LOCK[kind] | (options.wait ? 0 : LOCK_NON_BLOCKING)) === 0) return true;
    const code = lastErrno();
    if (code === "EAGAIN") return false;
    if (code !== "EINTR") throw errnoFault(`lock descriptor ${fd}`, code);
  }
}

const O_CLOEXEC = 0o2000000;

/** The two descriptors of a new pipe, both close-on-exec; the caller closes them. */
export function pipe(): { readonly readFd: number; readonly writeFd: number } {
  const ends = new Int32Array(2);
  check(libc().pipe2(ends, O_CLOEXEC), () => "make a pipe");
  const [readFd = -1, writeFd = -1] = ends;
  return { readFd, writeFd };
}

const F_SETFD = 2;
const FD_CLOEXEC = 1;

/**
 * Whether a descriptor is closed by execve(2), and so not inherited by programs that are started.
 */
export function setCloseOnExec(fd: number, on: boolean): void {
  check(libc().fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0), () => `set close-on-exec of ${fd}`);
}

/** What a device node stands for. */
export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

/** Makes a device node, fifo or socket; `mode` holds the type bits too. */
export function mknod(path: string | Uint8Array, mode: number, device: DeviceNumber): void {
  const { major, minor } = device;
  const number =
    (BigInt(major & 0xfff) << 8n) |
    BigInt(minor & 0xff) |
    (BigInt(minor >>> 8) << 20n) |
    (BigInt(major >>> 12) << 44n);
  check(libc().mknod(cString(path), mode, number), () => `make node ${quoteName(path)}`);
}

/** Sets an extended attribute of the path itself, not of what it may link to. */
export function setXattr(path: string | Uint8Array, name: string, value: Uint8Array): void {
  const data = value.length === 0 ? null : value;
  const result = libc().lsetxattr(cString(path), cString(name), data, BigInt(value.length), 0);
  check(result, () => `set attribute ${quote(name)} of ${quoteName(path)}`);
}

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;

/**
 * Sets both times of the path itself, exactly: `node:fs` rounds nanoseconds and knows no time
 * before 1970.
 */
export function setTimes(
  path: string | Uint8Array,
  time: { readonly seconds: number; readonly nanoseconds: number },
): void {
  const [seconds, nanoseconds] = [BigInt(time.seconds), BigInt(time.nanoseconds)];
  const times = new BigInt64Array([seconds, nanoseconds, seconds, nanoseconds]);
  const result = libc().utimensat(AT_FDCWD, cString(path), times, AT_SYMLINK_NOFOLLOW);
  check(result, () => `set the times of ${quoteName(path)}`);
}

function quoteName(path: string | Uint8Array): string {
  return quote(typeof path === "string" ? path : Buffer.from(path).toString());
}

/** Value of an extended attribute of the path itself; undefined where there is none. */
export function getXattr(path: string | Uint8Array, name: string): Uint8Array | undefined {
  const buffer = new Uint8Array(65_536);
  const size = libc().lgetxattr(cString(path), cString(name), buffer, BigInt(buffer.length));
  if (size >= 0n) return buffer.slice(0, Number(size));
  const code = lastErrno();
  // Linux has one number for ENOTSUP and EOPNOTSUPP; overlayfs has it for attributes of its own.
  if (code === "ENODATA" || code === "ENOTSUP" || code === "EOPNOTSUPP") return undefined;
  throw errnoFault(`read attribute ${quote(name)} of ${quoteName(path)}`, code);
}

/** Names of the extended attributes of the path itself. */
export function listXattrs(path: string | Uint8Array): string[] {
  const buffer = new Uint8Array(65_536);
  const size = libc().llistxattr(cString(path), buffer, BigInt(buffer.length));
  const length = check(size, () => `list attributes of ${quoteName(path)}`);
  return Buffer.from(buffer.buffer, 0, length).toString().split("\0").filter(Boolean);
}

const RENAME_EXCHANGE = 2;

/**
 * Two names of one file system stand for each other's file from now on: there is no instant at
 * which one of them stands for none. False where the file system cannot.
 */
export function exchange(first: string, second: string): boolean {
  const [a, b] = [cString(first), cString(second)];
  if (libc().renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) === 0) return true;
  const code = lastErrno();
  if (code === "EINVAL" || code === "ENOSYS") return false;
  throw errnoFault(`exchange ${quote(first)} and ${quote(second)}`, code);
}

/** Writes everything that the file system of `path` holds in memory to its disk. */
export function syncFileSystem(path: string): void {
  const fd = openSync(path, "r");
  try {
    check(libc().syncfs(fd), () => `sync the file system of ${quote(path)}`);
  } finally {
    closeSync(fd);
  }
}

const SYS_OPENAT2 = 437n;
const RESOLVE_NO_MAGICLINKS = 0x02n;
const RESOLVE_IN_ROOT = 0x10n;

/**
 * Opens `path` for reading as a process would whose root is `root`: links and `..` cannot leave it.
 * @returns a descriptor that the caller closes, or undefined where nothing is there
 */
export function openInRoot(root: string, path: string): number | undefined {
  const directory = openSync(root, constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const flags = BigInt(constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY) | 0x80000n;
    const how = new BigUint64Array([flags, 0n, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS]);
    const fd = libc().syscall(SYS_OPENAT2, BigInt(directory), cString(path), how, 24n);
    if (fd >= 0n) return Number(fd);
    const code = lastErrno();
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw errnoFault(`open ${quote(path)} inside ${quote(root)}`, code);
  } finally {
    closeSync(directory);
  }
}

/**
 * Namespaces of the calling thread.
 *
 * unshare(2) and setns(2) change one thread. Afterwards only synchronous calls and new children see
 * the new namespace; the pool threads behind asynchronous file calls do not.
 */
import { closeSync, openSync } from "node:fs";
import { Fault } from "@shared/base";
import { check, cString, libc } from "./libc.ts";

const CLONE = {
  mount: 0x0002_0000,
  cgroup: 0x0200_0000,
  uts: 0x0400_0000,
  ipc: 0x0800_0000,
  user: 0x1000_0000,
  pid: 0x2000_0000,
  net: 0x4000_0000,
  fs: 0x0000_0200,
} as const;

/** A kind of namespace that a thread can make or enter. */
export type NamespaceKind = Exclude<keyof typeof CLONE, "fs">;

const PROC_NAME: Readonly<Record<NamespaceKind, string>> = {
  mount: "mnt",
  cgroup: "cgroup",
  uts: "uts",
  ipc: "ipc",
  user: "user",
  pid: "pid",
  net: "net",
};

/** Gives the calling thread namespaces of its own; with `pid`, its next children. */
export function unshare(kinds: readonly (NamespaceKind | "fs")[]): void {
  const flags = kinds.reduce((sum, kind) => sum | CLONE[kind], 0);
  check(libc().unshare(flags), () => `make a new ${kinds.join(", ")} namespace`);
}

/** Moves the calling thread into the namespace that `fd` holds; with `pid`, its next children. */
export function setns(fd: number, kind: NamespaceKind): void {
  check(libc().setns(fd, CLONE[kind]), () => `enter a ${kind} namespace`);
}

/** Path of a namespace of a process, as `/proc/<pid>/ns/net`. */
export function namespacePath(pid: number | "self" | "thread-self", kind: NamespaceKind): string {
  return `/proc/${pid}/ns/${PROC_NAME[kind]}`;
}

/**
 * Runs `action` while the calling thread has new namespaces, then goes back to the old ones. Not
 * for `mount`, which a thread that shares its root directory with others cannot go back from.
 * `action` is synchronous.
 */
export function inNewNamespaces<T>(kinds: readonly NamespaceKind[], action: () => T): T {
  const homes = kinds.map((kind) => ({
    kind,
    fd: openSync(namespacePath("thread-self", kind), "r"),
  }));
  try {
    unshare(kinds);
    try {
      return action();
    } finally {
      for (const { kind, fd } of homes) setns(fd, kind);
    }
  } finally {
    for (const { fd } of homes) closeSync(fd);
  }
}

/** Runs the synchronous `action` in the namespace that `path` names, then goes back. */
export function inNamespace<T>(path: string, kind: NamespaceKind, action: () => T): T {
  const home = openSync(namespacePath("thread-self", kind), "r");
  try {
    const there = openSync(path, "r");
    try {
      setns(there, kind);
    } finally {
      closeSync(there);
    }
    try {
      return action();
    } finally {
      setns(home, kind);
    }
  } finally {
    closeSync(home);
  }
}

/** The name that programs in the current uts namespace see. At most 64 bytes. */
export function setHostname(name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes > 64) throw new Fault("invalid", `set the host name: ${bytes} bytes, at most 64 fit`);
  check(libc().sethostname(cString(name), BigInt(bytes)), () => "set the host name");
}

const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 0x80002;
const SIOCGIFFLAGS = 0x8913n;
const SIOCSIFFLAGS = 0x8914n;
const IFF_UP = 0x1;

/**
 * Sets the loopback interface of the current network namespace up; 127.0.0.1 and ::1 come with it.
 */
export function setLoopbackUp(): void {
  const fd = check(libc().socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0), () => "open a socket");
  try {
    const request = Buffer.alloc(40);
    request.write("lo");
    check(libc().ioctl(fd, SIOCGIFFLAGS, request), () => "read the flags of lo");
    request.writeInt16LE(request.readInt16LE(16) | IFF_UP, 16);
    check(libc().ioctl(fd, SIOCSIFFLAGS, request), () => "set lo up");
  } finally {
    closeSync(fd);
  }
}

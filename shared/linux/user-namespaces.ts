/**
 * User namespaces with a mapping of ids, and mounts that show files with other owners.
 *
 * A range of ids flows in; the descriptor of a namespace, or a mount, flows out. Never changes the
 * namespaces of this process: a process with several threads cannot.
 *
 * @see user_namespaces(7); mount_setattr(2), ID-mapped mounts
 */
import { closeSync, existsSync, openSync, readlinkSync, writeFileSync } from "node:fs";
import { Fault, quote } from "@shared/base";
import { check, cString, systemCall } from "./libc.ts";

/** `count` ids from `inside` on, as a namespace numbers them, are those from `outside` on. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** Writes the mapping of a user namespace, by a process in it that has none yet. */
export function mapIds(pid: number, ranges: readonly IdRange[]): void {
  const text = ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`);
  for (const map of ["uid_map", "gid_map"]) {
    writeFileSync(`/proc/${pid}/${map}`, text.join(""));
  }
}

const PROGRAMS = ["/usr/bin/unshare", "/bin/unshare"];
const TRIES = 2000;

/**
 * A new user namespace with this mapping, as a descriptor that the caller closes: it lives as long
 * as the descriptor, without a process.
 */
export function newUserNamespace(ranges: readonly IdRange[]): number {
  const program = PROGRAMS.find((path) => existsSync(path));
  if (program === undefined) {
    throw new Fault("missing-program", `find program "unshare": not in /usr/bin:/bin`, {
      hint: "install it: apt-get install util-linux",
    });
  }
  // It waits for the end of its standard input, which comes when it is killed or we are.
  const holder = Bun.spawn([program, "--user", "cat"], {
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: "/usr/bin:/bin" },
    cwd: "/",
  });
  try {
    waitForUserNamespace(holder);
    mapIds(holder.pid, ranges);
    return openSync(`/proc/${holder.pid}/ns/user`, "r");
  } finally {
    holder.kill("SIGKILL");
  }
}

/** Returns once the process is in another user namespace than this one. */
export function waitForUserNamespace(child: { readonly pid: number }): void {
  const home = readlinkSync("/proc/self/ns/user");
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      if (readlinkSync(`/proc/${child.pid}/ns/user`) !== home) return;
    } catch {
      break; // it has ended
    }
    Bun.sleepSync(1);
  }
  throw new Fault("unsupported", "make a user namespace: the kernel refuses", {
    hint: "see /proc/sys/user/max_user_namespaces and /proc/sys/kernel/unprivileged_userns_clone",
  });
}

/** A bind mount with attributes that mount(2) cannot give. */
export interface BindRequest {
  readonly source: string;
  readonly target: string;
  /** With all that is mounted below the source. */
  readonly recursive: boolean;
  /** Of the whole tree where it is recursive. */
  readonly readOnly?: boolean;
  /** A user namespace by whose mapping owners are shown: those inside are those on disk. */
  readonly userNamespaceFd?: number;
}

const SYS_OPEN_TREE = 428;
const SYS_MOVE_MOUNT = 429;
const SYS_MOUNT_SETATTR = 442;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const MOUNT_ATTR_RDONLY = 0x1n;
const MOUNT_ATTR_IDMAP = 0x10_0000n;

/**
 * Binds a tree with all attributes at once: it is never to be seen without them.
 *
 * @throws {Fault} "unsupported" where the kernel or the file system cannot map owners
 */
export function bindMount(request: BindRequest): void {
  const { source, target, recursive } = request;
  const action = (): string => `bind ${quote(source)} on ${quote(target)}`;
  const cloning = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
  const tree = check(systemCall(SYS_OPEN_TREE, AT_FDCWD, cString(source), cloning), action);
  try {
    setAttributes(tree, request);
    const to = cString(target);
    const flags = MOVE_MOUNT_F_EMPTY_PATH;
    check(systemCall(SYS_MOVE_MOUNT, tree, cString(""), AT_FDCWD, to, flags), action);
  } finally {
    closeSync(tree);
  }
}

function setAttributes(tree: number, request: BindRequest): void {
  const { recursive, readOnly = false, userNamespaceFd } = request;
  const idmap = userNamespaceFd === undefined ? 0n : MOUNT_ATTR_IDMAP;
  const set = (readOnly ? MOUNT_ATTR_RDONLY : 0n) | idmap;
  if (set === 0n) return;
  // struct mount_attr: set, clear, propagation, user namespace
  const attributes = new BigUint64Array([set, 0n, 0n, BigInt(userNamespaceFd ?? 0)]);
  const flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  const size = attributes.byteLength;
  const result = systemCall(SYS_MOUNT_SETATTR, tree, cString(""), flags, attributes, size);
  try {
    check(result, () => `map the owners of ${quote(request.source)}`);
  } catch (error) {
    const { details, message } = Fault.from(error);
    const refused = details?.["errno"] === "EINVAL" || details?.["errno"] === "ENOSYS";
    if (idmap === 0n || !refused) throw error;
    throw new Fault("unsupported", message, { details });
  }
}

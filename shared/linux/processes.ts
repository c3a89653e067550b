/** Kernel calls on the calling process: becoming another program, adopting orphans, a new root. */
import { Fault, quote } from "@shared/base";
import { check, cString, cStringArray, errnoFault, lastErrno, libc } from "./libc.ts";

/** Becomes another program: same pid, same descriptors. Returns only by throwing. */
export function execve(
  path: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): never {
  const words = cStringArray(argv);
  const variables = cStringArray(Object.entries(env).map(([name, value]) => `${name}=${value}`));
  libc().execve(cString(path), words.array, variables.array);
  const code = lastErrno();
  // Read after the call, so that the strings are alive during it.
  const count = words.keep.length + variables.keep.length;
  if (code === "E2BIG") {
    throw new Fault(
      "invalid",
      `start ${quote(path)}: ${count} arguments and variables are too long`,
    );
  }
  throw errnoFault(`start ${quote(path)}`, code);
}

const PR_SET_PDEATHSIG = 1;
const PR_SET_CHILD_SUBREAPER = 36;

/** Orphaned descendants become children of this process instead of the machine's init. */
export function setChildSubreaper(): void {
  check(libc().prctl(PR_SET_CHILD_SUBREAPER, 1n, 0n, 0n, 0n), () => "become a subreaper");
}

/** The signal number that this process gets when the thread that started it ends; 0 for none. */
export function setParentDeathSignal(signal: number): void {
  check(libc().prctl(PR_SET_PDEATHSIG, BigInt(signal), 0n, 0n, 0n), () => "set the death signal");
}

/** Makes `path` the root directory of this process, and goes there. */
export function chroot(path: string): void {
  check(libc().chroot(cString(path)), () => `make ${quote(path)} the root directory`);
  process.chdir("/");
}

/**
 * An flock on a file as a resource. In: the kernel and a path; out: a lock that lives until it is
 * disposed, the process ends, or is killed. Never leaves a lock to a child: descriptors are closed
 * on exec.
 */
import { closeSync, constants } from "node:fs";
import type { Clock } from "@shared/base";
import type { Kernel } from "@shared/linux";
import { openShared } from "./shared-modes.ts";

export interface LockHost {
  readonly kernel: Pick<Kernel, "flock">;
}

export type LockMode = "shared" | "exclusive";

export interface FileLock extends Disposable {
  readonly fd: number;
}

const RETRY_MS = 25;

/**
 * The lock, or undefined when somebody else holds one that forbids it. Creates the file; never
 * waits.
 */
export function tryLock(host: LockHost, path: string, mode: LockMode): FileLock | undefined {
  const fd = openLockFile(path);
  try {
    if (host.kernel.flock(fd, mode, { wait: false })) return lockOf(fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  closeSync(fd);
  return undefined;
}

export interface WaitHost extends LockHost {
  readonly clock: Pick<Clock, "sleep">;
}

export interface WaitOptions {
  readonly mode: LockMode;
  readonly signal?: AbortSignal;
  /** Called once, when somebody else has it. */
  readonly waiting?: () => void;
}

/** The lock, as soon as it is free. Other work of this process goes on meanwhile. */
export async function waitForLock(
  host: WaitHost,
  path: string,
  options: WaitOptions,
): Promise<FileLock> {
  for (let attempt = 0; ; attempt++) {
    const lock = tryLock(host, path, options.mode);
    if (lock !== undefined) return lock;
    if (attempt === 0) options.waiting?.();
    await host.clock.sleep(RETRY_MS, options.signal);
  }
}

/** Blocks this thread until the lock is free: only for locks that are held for moments. */
export function lockNow(host: LockHost, path: string, mode: LockMode): FileLock {
  const fd = openLockFile(path);
  try {
    host.kernel.flock(fd, mode, { wait: true });
    return lockOf(fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openLockFile(path: string): number {
  return openShared(path, constants.O_RDWR | constants.O_CREAT);
}

function lockOf(fd: number): FileLock {
  let open = true;
  return {
    fd,
    [Symbol.dispose](): void {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

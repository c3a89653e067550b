/** Files that exist whole or not at all: written beside, synced, renamed. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** How a file is replaced. */
export interface AtomicFileOptions {
  /** Permission bits; 0o640 unless told. */
  readonly mode?: number;
  /** False skips the two fsyncs, for files that a crash of the machine may take. */
  readonly durable?: boolean;
}

/** Replaces `path` by `data`. Readers see the old content or the new, never a part. */
export function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: AtomicFileOptions = {},
): void {
  const beside = `${path}.${process.pid}.new`;
  const fd = openSync(beside, "wx", options.mode ?? 0o640);
  try {
    writeAll(fd, typeof data === "string" ? Buffer.from(data) : data);
    if (options.durable !== false) fsyncSync(fd);
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  if (options.durable !== false) syncDirectory(dirname(path));
}

/** Makes renames and new names in a directory survive a power cut. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes every byte: write(2) may take fewer than it was given. */
export function writeAll(fd: number, data: Uint8Array): void {
  for (let at = 0; at < data.length; ) at += writeSync(fd, data, at, data.length - at);
}

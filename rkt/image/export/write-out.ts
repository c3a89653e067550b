/**
 * An archive as files for a person. In: the bytes of an ACI; out: a file, or a directory with
 * `manifest` and `rootfs`. What is there already is only replaced when that was asked for; a
 * failure leaves nothing.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Fault, quote, syncDirectory, writeAll } from "@shared/base";
import { unpackLayer, type UnpackHost } from "../layers/unpack.ts";

export interface OutputOptions {
  readonly overwrite: boolean;
}

/** What is written to a directory. */
export interface DirectoryOptions extends OutputOptions {
  /** The directory becomes the root itself, without `manifest`. */
  readonly rootfsOnly: boolean;
  readonly signal?: AbortSignal;
}

/** @throws {Fault} "already-exists", and what the archive throws */
export async function writeArchiveFile(
  archive: AsyncIterable<Uint8Array>,
  path: string,
  { overwrite }: OutputOptions,
): Promise<void> {
  if (!overwrite && existsSync(path)) {
    throw new Fault("already-exists", "output ACI file exists (try --overwrite)");
  }
  const beside = `${path}.${process.pid}.part`;
  const fd = openOutput(beside, path);
  try {
    try {
      for await (const chunk of archive) writeAll(fd, chunk);
    } finally {
      closeSync(fd);
    }
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}

function openOutput(beside: string, path: string): number {
  try {
    return openSync(beside, "wx", 0o644);
  } catch (error) {
    const { kind, message } = Fault.from(error);
    const words = message.replace(quote(beside), path);
    throw new Fault(kind, `unable to open output ACI file ${path}: ${words}`);
  }
}

/** @throws {Fault} "already-exists", what unpacking throws, and what the archive throws */
export async function writeArchiveDirectory(
  host: UnpackHost,
  archive: AsyncIterable<Uint8Array>,
  path: string,
  { overwrite, rootfsOnly, signal }: DirectoryOptions,
): Promise<void> {
  if (existsSync(path)) {
    if (!overwrite) {
      throw new Fault("already-exists", "output directory exists (try --overwrite)");
    }
    rmSync(path, { recursive: true });
  }
  const root = rootfsOnly ? path : join(path, "rootfs");
  mkdirSync(root, { recursive: true, mode: 0o755 });
  try {
    const stop = signal === undefined ? {} : { signal };
    const { manifest } = await unpackLayer(host, archive, root, { format: "aci", ...stop });
    if (!rootfsOnly && manifest !== undefined) writeFileSync(join(path, "manifest"), manifest);
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    throw error;
  }
}

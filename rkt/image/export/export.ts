/**
 * Stored images as files for people: archives and directories. In: an image of the store; out: a
 * file or a directory of the person's choice. Never changes the store.
 */
import type { StoredImage } from "../image.ts";
import type { UnpackHost } from "../layers/unpack.ts";
import { type ArchiveHost, ownArchive, wholeArchive } from "./image-archive.ts";
import {
  type DirectoryOptions,
  type OutputOptions,
  writeArchiveDirectory,
  writeArchiveFile,
} from "./write-out.ts";

export { convertImage } from "./convert.ts";
export type { ConvertOptions } from "./convert.ts";
export { historyOf } from "./history.ts";
export type { HistoryStep } from "./history.ts";
export type { DirectoryOptions } from "./write-out.ts";

/** What writing files of an image needs of the machine. */
export type ExtractHost = ArchiveHost & UnpackHost;

/**
 * Writes an image as an uncompressed ACI: an ACI as it was, an OCI image with its layers as one.
 *
 * @throws {Fault} "already-exists" unless it may be overwritten
 */
export async function exportImage(
  host: ArchiveHost,
  image: StoredImage,
  path: string,
  options: OutputOptions,
): Promise<void> {
  await writeArchiveFile(await ownArchive(host, image), path, options);
}

/**
 * Writes the files of an image by itself, without the images that it depends on.
 *
 * @throws {Fault} "already-exists" unless it may be overwritten
 */
export async function extractImage(
  host: ExtractHost,
  image: StoredImage,
  path: string,
  options: DirectoryOptions,
): Promise<void> {
  await writeArchiveDirectory(host, await ownArchive(host, image), path, options);
}

/**
 * Writes what an app of an image sees: all layers, what they hide left out.
 *
 * @throws {Fault} "already-exists" unless it may be overwritten
 */
export async function renderImage(
  host: ExtractHost,
  image: StoredImage,
  path: string,
  options: DirectoryOptions,
): Promise<void> {
  await writeArchiveDirectory(host, wholeArchive(host, image), path, options);
}

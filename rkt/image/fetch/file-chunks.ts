/** A file as a stream of fresh chunks: readers may keep what they were given. */
import { closeSync, openSync, readSync } from "node:fs";

const CHUNK_BYTES = 256 * 1024;

/** A part of a file, in bytes; the whole file unless told. */
export interface FileRange {
  readonly from?: number;
  readonly sizeBytes?: number;
}

export async function* fileChunks(
  path: string,
  range: FileRange = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { from = 0, sizeBytes = Number.POSITIVE_INFINITY } = range;
  const fd = openSync(path, "r");
  try {
    for (let done = 0; done < sizeBytes; ) {
      const buffer = new Uint8Array(Math.min(CHUNK_BYTES, sizeBytes - done));
      const size = readSync(fd, buffer, 0, buffer.length, from + done);
      if (size === 0) return;
      done += size;
      yield buffer.subarray(0, size);
    }
  } finally {
    closeSync(fd);
  }
}

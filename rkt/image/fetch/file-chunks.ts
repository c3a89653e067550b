/** A file as a stream of fresh chunks: readers may keep what they were given. */
import { closeSync, openSync, readSync } from "node:fs";

const CHUNK_BYTES = 256 * 1024;

export async function* fileChunks(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  const fd = openSync(path, "r");
  try {
    for (;;) {
      const buffer = new Uint8Array(CHUNK_BYTES);
      const size = readSync(fd, buffer);
      if (size === 0) return;
      yield buffer.subarray(0, size);
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * Bytes on their way to disk. In: a stream; out: the same stream, of which every byte is already in
 * a file of the store and in its digest. The file is given to the store by `commit`, and removed at
 * the end of the scope otherwise.
 */
import { createHash, type Hash } from "node:crypto";
import { closeSync, fstatSync, ftruncateSync, rmSync } from "node:fs";
import { crashPoint, Fault, MiB, quote, writeAll } from "@shared/base";
import { fileChunks } from "./fetch/file-chunks.ts";
import type { BlobDigest } from "./image.ts";
import type { BlobFile, Store } from "./store/store.ts";

export interface Expected {
  /** For messages: the URL, or the digest. */
  readonly what: string;
  readonly digest?: BlobDigest;
  /** Exact size; `bytesMax` bounds what has no known size. */
  readonly sizeBytes?: number;
  readonly bytesMax: number;
  /** What an earlier process fetched of it counts, and what we fetch may stay for a later one. */
  readonly resumable?: boolean;
  /** Stands for the digest where that is not known before: equal only for equal bytes. */
  readonly partialKey?: BlobDigest;
}

/** Less than this is not worth a file that stays. */
const KEPT_BYTES_MIN: number = MiB;

export class BlobWriter implements Disposable {
  readonly #store: Store;
  readonly #expected: Expected;
  readonly #file: BlobFile;
  readonly #hash: Hash;
  readonly #algorithm: string;
  #bytes = 0;
  #complete = false;
  #open = true;
  #kept = false;

  constructor(store: Store, expected: Expected) {
    this.#store = store;
    this.#expected = expected;
    const { digest, resumable, partialKey = digest } = expected;
    this.#file =
      resumable === true && partialKey !== undefined
        ? store.partialBlobFile(partialKey)
        : store.newBlobFile();
    this.#algorithm = expected.digest?.split(":")[0] ?? "sha256";
    this.#hash = createHash(this.#algorithm);
  }

  get path(): string {
    return this.#file.path;
  }

  /** True when an earlier process left something of it. */
  get resumed(): boolean {
    return fstatSync(this.#file.fd).size > this.#bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** True when the stream has ended and size and digest are as expected. */
  get complete(): boolean {
    return this.#complete;
  }

  /**
   * Passes the stream through. @throws {Fault} "corrupt", "exhausted", and what the stream throws
   */
  async *pass(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of input) {
      this.#write(chunk);
      yield chunk;
    }
    this.#finish();
  }

  /** What an earlier process left, once; what is passed afterwards follows it. */
  async *earlier(): AsyncGenerator<Uint8Array, void, undefined> {
    const { sizeBytes = 0 } = this.#expected;
    if (fstatSync(this.#file.fd).size > sizeBytes) ftruncateSync(this.#file.fd);
    for await (const chunk of fileChunks(this.#file.path)) {
      this.#bytes += chunk.length;
      this.#hash.update(chunk);
      yield chunk;
    }
  }

  /** Leaves what there is for a later process, unless it is too little to matter. */
  keep(): void {
    this.#kept = this.#expected.resumable === true && this.#bytes >= KEPT_BYTES_MIN;
  }

  /** Takes the whole stream. */
  async take(input: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of input) this.#write(chunk);
    this.#finish();
  }

  #write(chunk: Uint8Array): void {
    const { what, sizeBytes, bytesMax } = this.#expected;
    this.#bytes += chunk.length;
    if (this.#bytes > (sizeBytes ?? bytesMax)) {
      const limit = sizeBytes ?? bytesMax;
      const kind = sizeBytes === undefined ? "exhausted" : "corrupt";
      throw new Fault(kind, `fetch ${quote(what)}: larger than ${limit} bytes`);
    }
    writeAll(this.#file.fd, chunk);
    this.#hash.update(chunk);
    crashPoint("fetch-blob-partial");
  }

  #finish(): void {
    crashPoint("fetch-blob-complete");
    const { what, digest, sizeBytes } = this.#expected;
    if (sizeBytes !== undefined && this.#bytes !== sizeBytes) {
      const found = `it has ${this.#bytes} bytes instead of ${sizeBytes}`;
      throw new Fault("corrupt", `fetch ${quote(what)}: ${found}`);
    }
    if (digest !== undefined && this.digest() !== digest) {
      throw new Fault("corrupt", `fetch ${quote(what)}: its digest is ${this.digest()}`);
    }
    this.#complete = true;
  }

  digest(): BlobDigest {
    return `${this.#algorithm}:${this.#hash.copy().digest("hex")}` as BlobDigest;
  }

  /** Gives the complete file its name in the store. */
  commit(): BlobDigest {
    const digest = this.digest();
    this.#store.addBlob(digest, this.#file.path);
    this.#close();
    return digest;
  }

  #close(): void {
    if (this.#open) closeSync(this.#file.fd);
    this.#open = false;
  }

  [Symbol.dispose](): void {
    // While the file is open it is ours alone.
    if (!this.#kept && this.#open) rmSync(this.#file.path, { force: true });
    this.#close();
  }
}

/**
 * Compressed bytes become plain ones. In: a stream, its form told by its first bytes; out: a
 * stream. gzip and zstd are done by this process, xz and bzip2 by the programs of that name,
 * started before the first byte is asked for. Never holds more than a few chunks, and gives up
 * where few bytes become too many.
 */
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Fault, formatBytes, MiB, quote } from "@shared/base";

export type Compression = "none" | "gzip" | "zstd" | "xz" | "bzip2";

type Bytes = AsyncIterable<Uint8Array>;

const MAGIC: readonly (readonly [Exclude<Compression, "none">, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["bzip2", [0x42, 0x5a, 0x68]],
];
const SNIFF_BYTES = 6;
const CHUNK_BYTES = 256 * 1024;
/** Programs and texts shrink 2 to 20 times, zeros about 1000 times; small archives are no harm. */
const RATIO_MAX = 200;
const HARMLESS_BYTES: number = 512 * MiB;
/** xz takes what the archive's header asks for; its highest preset needs 65 MiB. */
const XZ_MEMORY = "256MiB";

const PROGRAMS = {
  xz: { argv: ["xz", "-dc", `--memlimit-decompress=${XZ_MEMORY}`], package: "xz-utils" },
  bzip2: { argv: ["bzip2", "-dc"], package: "bzip2" },
} as const;

/** How a stream that begins so is compressed. */
export function sniffCompression(beginning: Uint8Array): Compression {
  const found = MAGIC.find(([, magic]) => magic.every((byte, at) => beginning[at] === byte));
  return found?.[0] ?? "none";
}

export interface Decompressed {
  readonly compression: Compression;
  /** Bytes of the input that were read so far. */
  readonly packed: { readonly bytes: number };
  readonly output: Bytes;
}

export interface DecompressOptions {
  /** Somebody who is trusted says that the archive is as it should be, however small it is. */
  readonly vouched?: boolean;
}

/**
 * Plain bytes of a stream. When the promise is fulfilled, every program that is needed runs
 * already.
 *
 * @throws {Fault} "missing-program"; while reading also "corrupt": damaged, or without its end
 */
export async function decompress(
  input: Bytes,
  { vouched = false }: DecompressOptions = {},
): Promise<Decompressed> {
  const source = input[Symbol.asyncIterator]();
  const { beginning, rest } = await readBeginning(source);
  const compression = sniffCompression(beginning);
  const packed = { bytes: 0 };
  const output = plain(compression, counted(rest, packed));
  const harmless = compression === "none" || vouched;
  return { compression, packed, output: harmless ? output : noBomb(output, packed) };
}

async function* counted(bytes: Bytes, seen: { bytes: number }): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    seen.bytes += chunk.length;
    yield chunk;
  }
}

async function* noBomb(
  bytes: Bytes,
  packed: { readonly bytes: number },
): AsyncGenerator<Uint8Array> {
  let plainBytes = 0;
  for await (const chunk of bytes) {
    plainBytes += chunk.length;
    if (plainBytes > HARMLESS_BYTES && plainBytes > packed.bytes * RATIO_MAX) {
      throw bomb(packed.bytes, formatBytes(plainBytes));
    }
    yield chunk;
  }
}

/** What to say of an archive that grew out of all proportion. */
export function bomb(packedBytes: number, became: string): Fault {
  const found = `it is a bomb: ${formatBytes(packedBytes)} became more than ${became}`;
  return new Fault("exhausted", `decompress the archive: ${found}`, {
    hint: "if it is none: sign the image with a trusted key, or do not compress it",
  });
}

function plain(compression: Compression, bytes: Bytes): Bytes {
  switch (compression) {
    case "none":
      return bytes;
    case "gzip":
      return gunzip(bytes);
    case "zstd":
      return unzstd(bytes);
    default:
      return byProgram(bytes, compression);
  }
}

async function readBeginning(
  source: AsyncIterator<Uint8Array>,
): Promise<{ beginning: Uint8Array; rest: Bytes }> {
  const chunks: Uint8Array[] = [];
  for (let size = 0; size < SNIFF_BYTES; ) {
    const step = await source.next();
    if (step.done === true) break;
    chunks.push(step.value);
    size += step.value.length;
  }
  const beginning = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
  return { beginning, rest: startingWith(beginning, source) };
}

/** What was read already, then the rest. */
export async function* startingWith(
  first: Uint8Array,
  source: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first;
    for (;;) {
      const step = await source.next();
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    await source.return?.();
  }
}

async function* gunzip(bytes: Bytes): AsyncGenerator<Uint8Array> {
  const engine = createGunzip({ chunkSize: CHUNK_BYTES });
  const source = Readable.from(bytes, { objectMode: true, highWaterMark: 2 });
  let sourceFault: Error | undefined;
  source.on("error", (error) => {
    sourceFault = error;
    engine.destroy(error);
  });
  source.pipe(engine);
  try {
    for await (const chunk of engine) yield chunk as Uint8Array;
  } catch (error) {
    throw sourceFault ?? damaged("gzip", (error as Error).message);
  } finally {
    source.destroy();
    engine.destroy();
  }
}

/** By the web's stream: that of `node:zlib` takes a frame without its end for a whole one. */
async function* unzstd(bytes: Bytes): AsyncGenerator<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  let sourceFault: Error | undefined;
  let stopped = false;
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller): Promise<void> {
      const step = await iterator.next().catch((error: unknown) => {
        sourceFault = error as Error;
        throw error;
      });
      if (stopped) return; // damage was found meanwhile: the stream takes nothing any more
      if (step.done === true) controller.close();
      else controller.enqueue(step.value as Uint8Array<ArrayBuffer>);
    },
    async cancel(): Promise<void> {
      stopped = true;
      await iterator.return?.();
    },
  });
  try {
    for await (const chunk of source.pipeThrough(new DecompressionStream("zstd"))) yield chunk;
  } catch (error) {
    throw sourceFault ?? damaged("zstd", (error as Error).message);
  }
}

function byProgram(bytes: Bytes, name: keyof typeof PROGRAMS): Bytes {
  const program = PROGRAMS[name];
  const path = Bun.which(program.argv[0]);
  if (path === null) {
    throw new Fault("missing-program", `decompress: the program ${quote(name)} is missing`, {
      hint: `install the Debian package ${quote(program.package)}`,
    });
  }
  const child = Bun.spawn([path, ...program.argv.slice(1)], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  return throughChild(child, bytes, name);
}

type PipedChild = Bun.Subprocess<"pipe", "pipe", "pipe">;

async function* throughChild(
  child: PipedChild,
  bytes: Bytes,
  name: string,
): AsyncGenerator<Uint8Array> {
  const words = child.stderr.text();
  let sourceFault: Error | undefined;
  const fed = feed(child.stdin, bytes).catch((error: unknown) => {
    sourceFault = error as Error;
    child.kill("SIGKILL");
  });
  try {
    for await (const chunk of child.stdout) yield chunk;
    const status = await child.exited;
    if (sourceFault !== undefined) throw sourceFault;
    if (status !== 0) throw damaged(name, (await words).trim().split("\n")[0] ?? "");
  } finally {
    child.kill("SIGKILL");
    await fed;
  }
}

/**
 * Writes all bytes and closes the pipe. That the reader has gone is no fault here: its status tells
 * why.
 */
export async function feed(sink: Bun.FileSink, bytes: Bytes): Promise<void> {
  for await (const chunk of bytes) {
    try {
      await sink.write(chunk);
      await sink.flush();
    } catch (error) {
      if ((error as { code?: unknown }).code === "EPIPE") return;
      throw error;
    }
  }
  await sink.end();
}

function damaged(name: string, words: string): Fault {
  return new Fault("corrupt", `decompress the archive: ${name}: ${words || "damaged data"}`);
}

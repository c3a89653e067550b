/**
 * Unpacks one layer into an empty directory. In: the archive as fetched, compressed or not; out:
 * the tree, and what was learned on the way: digests of the plain archive, an ACI's manifest. A
 * process of our own executable does the work inside a root directory of its own, so that nothing
 * in an archive can reach a file outside the target. Never verifies: the caller compares the
 * digests and throws the directory away when they, or this, fail.
 */
import { crashPoint, Fault, GiB } from "@shared/base";
import { feed } from "./decompress.ts";
import type { LayerFormat } from "./layer-place.ts";
import {
  type DigestAlgorithm,
  UNPACK_ARGUMENT,
  type UnpackReply,
  type UnpackRequest,
} from "./unpack-request.ts";

export type { LayerFormat } from "./layer-place.ts";
export type { DigestAlgorithm } from "./unpack-request.ts";

export interface UnpackHost {
  /** Program and arguments that start our own executable, e.g. `[process.execPath]`. */
  readonly self: readonly string[];
}

export interface UnpackOptions {
  /** `aci` takes `rootfs/` away and hands out `manifest`; `oci` obeys whiteouts. */
  readonly format: LayerFormat;
  /** Digests to make of the uncompressed archive; none unless told. */
  readonly digests?: readonly DigestAlgorithm[];
  /** Most bytes of the uncompressed archive; 64 GiB unless told. */
  readonly bytesMax?: number;
  /** Most headers of the archive; 10 million unless told. */
  readonly entriesMax?: number;
  readonly signal?: AbortSignal;
}

export interface UnpackResult {
  /** Hex digests of the uncompressed archive, those that were asked for. */
  readonly digests: Readonly<Partial<Record<DigestAlgorithm, string>>>;
  /** Content of an ACI's `manifest`, at most 1 MiB; absent where there was none. */
  readonly manifest?: Uint8Array;
  /** Entries that became part of the tree. */
  readonly files: number;
  /** Bytes of the uncompressed archive. */
  readonly bytes: number;
}

const BYTES_MAX: number = 64 * GiB;
const ENTRIES_MAX = 10_000_000;

/**
 * @param input the archive, read to its end on success; a failure of this stream is thrown as it is
 * @param target an empty directory on a file system with extended attributes
 * @throws {Fault} "corrupt" damaged, truncated, not an archive · "invalid" a name that no layer may
 * have · "exhausted" disk full or a bound · "missing-program" · "canceled"
 */
export async function unpackLayer(
  host: UnpackHost,
  input: AsyncIterable<Uint8Array>,
  target: string,
  options: UnpackOptions,
): Promise<UnpackResult> {
  const request: UnpackRequest = {
    target,
    format: options.format,
    digests: options.digests ?? [],
    bytesMax: options.bytesMax ?? BYTES_MAX,
    entriesMax: options.entriesMax ?? ENTRIES_MAX,
  };
  await using child = startChild([...host.self, UNPACK_ARGUMENT, JSON.stringify(request)]);
  const { process } = child;
  const failure = Promise.withResolvers<never>();
  const stop = (): void => failure.reject(new Fault("canceled", "unpack the archive: canceled"));
  options.signal?.addEventListener("abort", stop, { once: true });
  if (options.signal?.aborted === true) stop();
  const source = input[Symbol.asyncIterator]();
  const fed = feed(process.stdin, keptOpen(source)).catch(failure.reject);
  const work = async (): Promise<UnpackResult> => {
    const reply = await lastReply(process.stdout);
    const result = resultOf(reply, reply === undefined ? await process.exited : 0);
    await fed;
    while ((await source.next()).done !== true); // what follows a gzip file counts for the caller
    return result;
  };
  try {
    return await Promise.race([failure.promise, work()]);
  } catch (error) {
    source.return?.().catch(() => {}); // it may hang as the network does; its outcome is no news
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", stop);
  }
}

/** The same stream; leaving it early does not close it. */
function keptOpen(source: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => ({ next: () => source.next() }) };
}

type PipedChild = Bun.Subprocess<"pipe", "pipe", "inherit">;

/**
 * The child, killed and reaped at the end of the scope: afterwards nobody writes into the target.
 */
function startChild(argv: string[]): AsyncDisposable & { readonly process: PipedChild } {
  const child = Bun.spawn(argv, { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  return {
    process: child,
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

async function lastReply(stdout: ReadableStream<Uint8Array>): Promise<UnpackReply | undefined> {
  let buffered = "";
  const decoder = new TextDecoder();
  for await (const chunk of stdout) {
    const lines = (buffered + decoder.decode(chunk, { stream: true })).split("\n");
    buffered = lines.pop() ?? "";
    for (const line of lines) {
      const reply = JSON.parse(line) as UnpackReply;
      if (reply.kind !== "begun") return reply;
      crashPoint("fetch-layer-partial");
    }
  }
  return undefined;
}

function resultOf(reply: UnpackReply | undefined, status: number): UnpackResult {
  if (reply === undefined || reply.kind === "begun") {
    throw new Fault("internal", `unpack the archive: its process ended with status ${status}`);
  }
  if (reply.kind === "fault") {
    const { kind, message, hint } = reply.fault;
    throw new Fault(kind, message, hint === undefined ? {} : { hint });
  }
  const { digests, files, bytes, manifest } = reply;
  if (manifest === undefined) return { digests, files, bytes };
  return { digests, files, bytes, manifest: Buffer.from(manifest, "base64") };
}

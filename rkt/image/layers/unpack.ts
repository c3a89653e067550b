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
  /** Used for the first layer that comes. */
  readonly spare?: SpareUnpacker;
}

/** A process that was started before there was anything to unpack. Disposing ends it, unused. */
export interface SpareUnpacker extends AsyncDisposable {
  /** Gives it away, once. */
  readonly take: () => UnpackProcess | undefined;
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
  /** The archive's origin was proven: it may be as small as it likes for what it holds. */
  readonly vouched?: boolean;
  /** The tree and all else on its file system is on disk before this is done. */
  readonly sync?: boolean;
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
    vouched: options.vouched ?? false,
    sync: options.sync ?? false,
  };
  await using child = host.spare?.take() ?? startProcess(host);
  const { process } = child;
  const failure = Promise.withResolvers<never>();
  const stop = (): void => failure.reject(new Fault("canceled", "unpack the archive: canceled"));
  options.signal?.addEventListener("abort", stop, { once: true });
  if (options.signal?.aborted === true) stop();
  const source = input[Symbol.asyncIterator]();
  const fed = feed(process.stdin, after(requestLine(request), source)).catch(failure.reject);
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

function requestLine(request: UnpackRequest): Uint8Array {
  return Buffer.from(`${JSON.stringify(request)}\n`);
}

/** The same stream after `first`; leaving it early does not close it. */
async function* after(
  first: Uint8Array,
  source: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield first;
  for (let step = await source.next(); step.done !== true; step = await source.next()) {
    yield step.value;
  }
}

/** Starts the process for the next layer now: it takes longer than to unpack a small one. */
export function spareUnpacker(host: UnpackHost): SpareUnpacker {
  let waiting: UnpackProcess | undefined = startProcess(host);
  const take = (): UnpackProcess | undefined => {
    const given = waiting;
    waiting = undefined;
    return given;
  };
  return { take, [Symbol.asyncDispose]: async () => await take()?.[Symbol.asyncDispose]() };
}

type PipedChild = Bun.Subprocess<"pipe", "pipe", "inherit">;
type UnpackProcess = AsyncDisposable & { readonly process: PipedChild };

/**
 * The child, killed and reaped at the end of the scope: afterwards nobody writes into the target.
 */
function startProcess({ self }: UnpackHost): UnpackProcess {
  const argv = [...self, UNPACK_ARGUMENT];
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

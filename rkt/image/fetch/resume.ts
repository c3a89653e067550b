/**
 * A byte stream that survives broken connections. In: a way to open the source at an offset; out:
 * its bytes, each once. After a failure that may pass it waits and asks for the rest. Never checks
 * content: the reader's digest does.
 */
import { Fault, KiB, quote, retry } from "@shared/base";
import {
  type HttpHost,
  type HttpReply,
  retryAfterMs,
  statusFault,
  worthRetrying,
} from "../http.ts";

/** Opens the source; the server may answer 206 from the offset on, or 200 from the start. */
export type OpenAt = (offset: number) => Promise<HttpReply>;

const ATTEMPTS_MAX = 5;
/** Less than this from one connection is no progress. */
const PROGRESS_BYTES_MIN: number = 64 * KiB;
const BACKOFF = { baseMs: 500, ceilingMs: 15_000 } as const;

/** Opens with back-off; a status that is no success is a fault. */
export async function openWithRetry(
  host: HttpHost,
  open: OpenAt,
  offset: number,
): Promise<HttpReply> {
  const attempt = async (): Promise<HttpReply> => {
    const reply = await open(offset);
    if (reply.status === 200) return reply;
    if (reply.status === 206 && offset > 0) return await checkedRange(reply, offset);
    await reply.body.return();
    throw statusFault(reply);
  };
  return await retry(host, attempt, {
    ...BACKOFF,
    attemptsMax: ATTEMPTS_MAX,
    worthwhile: worthRetrying,
    delayMs: retryAfterMs,
    ...(host.signal !== undefined && { signal: host.signal }),
  });
}

/** @throws {Fault} "corrupt" where other bytes come than were asked for */
async function checkedRange(reply: HttpReply, offset: number): Promise<HttpReply> {
  const range = reply.headers.get("content-range");
  if (range === null || new RegExp(`^bytes ${offset}-`).test(range)) return reply;
  await reply.body.return();
  const wanted = `asked for bytes from ${offset} on, the server sends ${quote(range)}`;
  throw new Fault("corrupt", `get ${quote(reply.url)}: ${wanted}`);
}

/**
 * The bytes of `first`, from the offset on at which it was opened; its successors are opened by
 * `open` as often as progress is made.
 */
export async function* resumed(
  host: HttpHost,
  first: HttpReply,
  open: OpenAt,
  from: number = 0,
): AsyncGenerator<Uint8Array, void, undefined> {
  let reply = first;
  let done = from;
  for (let idle = 0; ; idle++) {
    let skip = reply.status === 206 ? 0 : done;
    let fromThis = 0;
    try {
      for await (const chunk of reply.body) {
        const fresh = chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - fresh.length;
        if (fresh.length === 0) continue;
        done += fresh.length;
        fromThis += fresh.length;
        if (fromThis >= PROGRESS_BYTES_MIN) idle = 0;
        yield fresh;
      }
      return;
    } catch (error) {
      if (!worthRetrying(error) || idle + 1 >= ATTEMPTS_MAX) throw Fault.from(error);
    }
    await host.clock.sleep(BACKOFF.baseMs * 2 ** idle * host.random(), host.signal);
    reply = await openWithRetry(host, open, done);
  }
}

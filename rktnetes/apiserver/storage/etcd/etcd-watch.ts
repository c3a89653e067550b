/**
 * The events of an etcd cluster from a revision on, across members that come and go. In: a client.
 * Out: batches in the order of revisions, none missing. Holds etcd up where the reader is slow.
 */
import type { ServiceError } from "@grpc/grpc-js";
import { Fault, systemClock } from "@shared/base";
import type { Change, EventBatch, Revision, StoreEvent } from "../store.ts";
import type { EtcdClient, WatchCall } from "./etcd-client.ts";
import type { Event, WatchResponse } from "./generated/etcd_pb.ts";
import { entryOf, EVENT_DELETE, watchRequest } from "./requests.ts";

/** So many answers may wait for the reader. */
const WAITING_MAX = 16;

const PAUSE_MS = 200;

/** Ends when the signal aborts. @throws {Fault} "expired" */
export async function* watchAll(
  client: EtcdClient,
  after: Revision,
  signal: AbortSignal,
): AsyncGenerator<EventBatch> {
  let seen = after;
  while (!signal.aborted) {
    const { call, member } = client.watch();
    try {
      call.write(watchRequest(seen));
      for await (const response of responses(call, signal)) {
        if (response.compactRevision > 0n) throw forgotten(seen, response.compactRevision);
        if (response.canceled) break;
        const events = response.events.map(eventOf);
        const last = events.at(-1)?.revision;
        if (last === undefined) continue;
        yield { events, revision: last };
        seen = last;
      }
    } finally {
      call.cancel();
    }
    client.leave(member);
    if (!signal.aborted) await systemClock.sleep(PAUSE_MS, signal).catch(() => undefined);
  }
}

/** What a stream says until it breaks, ends, or nobody wants to know. */
async function* responses(call: WatchCall, signal: AbortSignal): AsyncGenerator<WatchResponse> {
  const waiting: WatchResponse[] = [];
  let ended = false;
  let wake = (): void => undefined;
  const end = (): void => {
    ended = true;
    wake();
  };
  call.on("data", (response: WatchResponse) => {
    waiting.push(response);
    if (waiting.length >= WAITING_MAX) call.pause();
    wake();
  });
  call.on("end", end);
  call.on("error", (_error: ServiceError) => end());
  signal.addEventListener("abort", end, { once: true });
  try {
    while (!signal.aborted) {
      const next = waiting.shift();
      if (next !== undefined) {
        if (waiting.length < WAITING_MAX / 2) call.resume();
        yield next;
      } else if (ended) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    signal.removeEventListener("abort", end);
  }
}

function eventOf({ type, kv, prevKv }: Event): StoreEvent {
  if (kv === undefined) throw new Fault("corrupt", "read events of etcd: one has no key");
  const { key, value, revision } = entryOf(kv);
  const change: Change =
    type === EVENT_DELETE ? { type: "delete", key } : { type: "put", key, value };
  return { change, revision, previous: prevKv === undefined ? undefined : entryOf(prevKv) };
}

function forgotten(revision: Revision, compacted: bigint): Fault {
  const message = `read revision ${revision}: states before ${compacted} are forgotten`;
  return new Fault("expired", message);
}

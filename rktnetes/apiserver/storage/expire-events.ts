/**
 * Events go an hour after they were last written, as Kubernetes has it. In: a store, time. Nothing
 * else of the store is touched, and an event that is written meanwhile stays.
 */
import { setImmediate } from "node:timers/promises";
import type { Clock } from "@shared/base";
import type { Entry, Store, Write } from "./store.ts";

/** How long, how often, and until when. */
export interface ExpiryOptions {
  readonly clock: Clock;
  readonly ttlMs: number;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  /** Hears of a round that failed; the next one is tried all the same. */
  readonly failed: (error: unknown) => void;
}

const EVENTS = "/registry/core/events/";

/** So many events are looked at, and go, at once. */
const PAGE = 100;

/** Runs until the signal aborts. */
export async function expireEvents(store: Store, options: ExpiryOptions): Promise<void> {
  const { clock, ttlMs, intervalMs, signal, failed } = options;
  while (!signal.aborted) {
    try {
      await clock.sleep(intervalMs, signal);
      await expireBefore(store, clock.now() - ttlMs, signal);
    } catch (error) {
      if (!signal.aborted) failed(error);
    }
  }
}

async function expireBefore(store: Store, beforeMs: number, signal: AbortSignal): Promise<void> {
  for (let after = ""; !signal.aborted; ) {
    const { entries, remaining } = await store.list(EVENTS, { after, limit: PAGE });
    const old = entries.filter((entry) => lastWrittenMs(entry, beforeMs) < beforeMs);
    // One by one: who writes to one of them keeps that one, and no other.
    await Promise.all(old.map((entry) => store.commit([removal(entry)])));
    if (remaining === 0) return;
    after = entries.at(-1)?.key ?? after;
    await setImmediate();
  }
}

function removal({ key, revision }: Entry): Write {
  return { change: { type: "delete", key }, expected: revision };
}

/** Where only the server writes: no text of a client comes before it. */
const CREATED = /"creationTimestamp":"([^"]*)"/;

interface Stored {
  readonly metadata: {
    readonly managedFields?: readonly { readonly time?: string }[];
  };
}

/** When that was, or, where it was not before a moment, some time after it. */
function lastWrittenMs({ value }: Entry, beforeMs: number): number {
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();
  const created = Date.parse(CREATED.exec(text)?.[1] ?? "");
  if (!(created < beforeMs)) return Number.POSITIVE_INFINITY;
  const { managedFields = [] } = (JSON.parse(text) as Stored).metadata;
  const times = managedFields.map(({ time = "" }) => Date.parse(time));
  return Math.max(created, ...times.filter((time) => !Number.isNaN(time)));
}

/**
 * A store in this process's memory: for tests and for servers whose state may be lost. In: commits.
 * Out: entries, states of the past, events. Keeps a bounded log of events; older ones are forgotten
 * as if compacted. Never copies a value.
 */
import { Fault } from "@shared/base";
import type {
  Change,
  CommitResult,
  Entry,
  EventBatch,
  ListOptions,
  Page,
  Revision,
  Store,
  StoreEvent,
  WatchOptions,
  Write,
} from "../store.ts";
import { compareKeys, insertKey, keysWithPrefix, removeKey } from "./sorted-keys.ts";

/** How much of the past is kept. */
export interface MemoryStoreOptions {
  /** At most so many events are kept for readers of the past; 100,000 without it. */
  readonly eventsMax?: number;
}

const EVENTS_MAX = 100_000;

/** At most so many events are handed to a watcher at once. */
const BATCH_MAX = 1000;

/** A store that is gone with its process. */
export class MemoryStore implements Store {
  readonly #entries = new Map<string, Entry>();
  readonly #keys: string[] = [];
  /** All events after `#compacted`, in the order of revisions. */
  #log: StoreEvent[] = [];
  #compacted: Revision = 0;
  #revision: Revision = 1;
  readonly #eventsMax: number;
  readonly #wake = new Set<() => void>();

  constructor(options: MemoryStoreOptions = {}) {
    this.#eventsMax = options.eventsMax ?? EVENTS_MAX;
  }

  currentRevision(): Promise<Revision> {
    return Promise.resolve(this.#revision);
  }

  get(key: string): Promise<Entry | undefined> {
    return Promise.resolve(this.#entries.get(key));
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    const { after, limit, revision = this.#revision } = options;
    this.#checkRevision(revision);
    const found = this.#at(prefix, after, revision);
    const entries = limit === undefined ? found : found.slice(0, limit);
    return await Promise.resolve({ entries, revision, remaining: found.length - entries.length });
  }

  commit(writes: readonly Write[]): Promise<CommitResult> {
    for (const { change, expected } of writes) {
      const current = this.#entries.get(change.key);
      if (expected !== undefined && expected !== (current?.revision ?? 0)) {
        return Promise.resolve({ done: false, key: change.key, current });
      }
    }
    const revisions = writes.map(({ change }) => this.#apply(change));
    if (this.#log.length > this.#eventsMax * 1.25) this.#forget(this.#log.length - this.#eventsMax);
    for (const wake of [...this.#wake]) wake();
    return Promise.resolve({ done: true, revisions });
  }

  async *watch(prefix: string, { after, signal }: WatchOptions): AsyncGenerator<EventBatch> {
    this.#checkRevision(after);
    let seen = after;
    while (!signal.aborted) {
      if (seen < this.#compacted) throw expired(seen, this.#compacted);
      if (seen === this.#revision) {
        await this.#nextCommit(signal);
        continue;
      }
      const first = this.#firstAfter(seen);
      const slice = this.#log.slice(first, first + BATCH_MAX);
      seen = slice.at(-1)?.revision ?? this.#revision;
      yield {
        events: slice.filter(({ change }) => change.key.startsWith(prefix)),
        revision: seen,
      };
    }
  }

  compact(before: Revision): Promise<void> {
    const last = Math.min(before, this.#revision);
    if (last > this.#compacted) {
      this.#forget(this.#firstAfter(last));
      this.#compacted = last;
    }
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const wake of [...this.#wake]) wake();
    return Promise.resolve();
  }

  #apply(change: Change): Revision {
    const { key } = change;
    const previous = this.#entries.get(key);
    if (change.type === "delete" && previous === undefined) return this.#revision;
    const revision = ++this.#revision;
    if (change.type === "put") {
      this.#entries.set(key, { key, value: change.value, revision });
      if (previous === undefined) insertKey(this.#keys, key);
    } else {
      this.#entries.delete(key);
      removeKey(this.#keys, key);
    }
    this.#log.push({ change, revision, previous });
    return revision;
  }

  /** Drops the first `count` events of the log. */
  #forget(count: number): void {
    this.#compacted = this.#log[count - 1]?.revision ?? this.#compacted;
    this.#log = this.#log.slice(count);
  }

  #checkRevision(revision: Revision): void {
    if (revision < this.#compacted) throw expired(revision, this.#compacted);
    if (revision > this.#revision) {
      throw new Fault("invalid", `read revision ${revision}: the last one is ${this.#revision}`);
    }
  }

  /** Index of the first event after a revision. */
  #firstAfter(revision: Revision): number {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#log[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What was there at a revision: what has not changed since, and what has, put back. */
  #at(prefix: string, after: string | undefined, revision: Revision): Entry[] {
    const found: Entry[] = [];
    for (const key of keysWithPrefix(this.#keys, prefix, after)) {
      const entry = this.#entries.get(key);
      if (entry !== undefined && entry.revision <= revision) found.push(entry);
    }
    if (revision === this.#revision) return found;
    const kept = found.length;
    for (let at = this.#firstAfter(revision); at < this.#log.length; at++) {
      const { previous } = this.#log[at] ?? {};
      if (previous === undefined || previous.revision > revision) continue;
      const isNext = after === undefined || compareKeys(previous.key, after) > 0;
      if (isNext && previous.key.startsWith(prefix)) found.push(previous);
    }
    if (found.length > kept) found.sort((left, right) => compareKeys(left.key, right.key));
    return found;
  }

  #nextCommit(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#wake.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#wake.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }
}

function expired(revision: Revision, compacted: Revision): Fault {
  return new Fault(
    "expired",
    `read revision ${revision}: states before ${compacted} are forgotten`,
  );
}

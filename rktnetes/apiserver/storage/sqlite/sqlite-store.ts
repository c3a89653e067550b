/**
 * The store in one SQLite file. In: commits, batched: those that arrive while the disk is busy
 * become one transaction. Out: entries, states of the past, events; nothing is answered or shown
 * before it is on the disk.
 *
 * Never waits for the disk on the thread that serves requests, never scans the past at start, and
 * forgets it in slices between commits.
 */
import type { Database } from "bun:sqlite";
import { setImmediate } from "node:timers/promises";
import { Fault, quote } from "@shared/base";
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
import { BriefHistory } from "./brief-history.ts";
import { explained, explanationOf, openDatabase, transaction } from "./database.ts";
import { EventRing } from "./event-ring.ts";
import { listAt } from "./list-at.ts";
import { type KeyRange, rangeOf, type Span, Tables } from "./tables.ts";
import { WriteAheadLog } from "./write-ahead-log.ts";

/** How much of the past is kept. */
export interface SqliteStoreOptions {
  /** What keys begin with whose past is short: they are written often and nobody reads it. */
  readonly brief?: readonly string[];
  /** The past of brief keys goes back so many revisions; 20,000 without it. */
  readonly briefRevisions?: number;
}

const BRIEF_REVISIONS = 20_000;

/** At most so many commits become one transaction: about 5 ms of work. */
const BATCH_MAX = 128;

/** At most so many events are handed to a watcher at once. */
const EVENTS_MAX = 1000;

/** The same of events that are read from the tables, in which so many writes are looked at. */
const OLD_EVENTS_MAX = 256;
const SPAN_MAX = 8192;
const OLD_BYTES_MAX = 4 << 20;

/** So many writes are looked at in one slice of compaction: about 2 ms of work. */
const SLICE_ROWS = 128;

/** Where writers are waiting a slice goes with one of so many small transactions. */
const SLICE_TURNS = 4;
const SMALL_BATCH = 64;

/** What a write adds to SQLite's log besides its value, about: a page. */
const WRITE_BYTES = 4096;

/** What a transaction adds besides its writes. */
const TRANSACTION_BYTES = 12_288;

interface Waiting {
  readonly writes: readonly Write[];
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: unknown) => void;
}

/** What one transaction did. */
interface Applied {
  readonly results: readonly CommitResult[];
  readonly events: readonly StoreEvent[];
}

/** A store in a file. After a write that the disk refused, faults "unavailable" for ever. */
export class SqliteStore implements Store {
  readonly #database: Database;
  readonly #tables: Tables;
  readonly #log: WriteAheadLog;
  readonly #ring: EventRing;
  readonly #brief: BriefHistory;
  readonly #wake = new Set<() => void>();
  #queue: Waiting[] = [];
  #pumping: Promise<void> | undefined;
  /** Of the last commit, and of the last one that is on the disk. */
  #revision: Revision;
  #durable: Revision;
  /** Keys whose last write is not on the disk yet. */
  readonly #unsafe = new Set<string>();
  #compacted: Revision;
  #swept: Revision;
  #sweepers: PromiseWithResolvers<void>[] = [];
  #broken: Fault | undefined;
  #closed = false;

  private constructor(file: string, database: Database, options: SqliteStoreOptions) {
    this.#database = database;
    this.#tables = new Tables(database);
    const { compacted, swept, brief } = this.#tables.marks();
    this.#compacted = compacted;
    this.#swept = swept;
    this.#revision = this.#tables.lastRevision();
    this.#durable = this.#revision;
    this.#ring = new EventRing(this.#revision);
    this.#brief = new BriefHistory(this.#tables, {
      prefixes: options.brief ?? [],
      revisions: options.briefRevisions ?? BRIEF_REVISIONS,
      floor: brief,
    });
    this.#log = new WriteAheadLog(file, database);
  }

  /** Opens the store in this file, or makes it. @throws {Fault} "corrupt", "exhausted", "denied" */
  static open(file: string, options: SqliteStoreOptions = {}): SqliteStore {
    const database = openDatabase(file);
    try {
      return explained(`open the store ${quote(file)}`, () => {
        // So that there is a log to bring to the disk.
        transaction(database, () => database.run("UPDATE mark SET revision = revision"));
        return new SqliteStore(file, database, options);
      });
    } catch (error) {
      database.close();
      throw error;
    }
  }

  currentRevision(): Promise<Revision> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return Promise.resolve(this.#durable);
  }

  async get(key: string): Promise<Entry | undefined> {
    while (this.#unsafe.has(key)) await this.#nextCommit();
    return explained("read the store", () => this.#tables.entry(key));
  }

  async list(prefix: string, wanted: ListOptions = {}): Promise<Page> {
    const { after = "", limit, revision = this.#durable } = wanted;
    this.#checkRevision(prefix, revision);
    const last = (): Revision => {
      if (!this.#closed) return this.#revision;
      throw new Fault("unavailable", "read the store: it is closed");
    };
    const options = { after, limit, revision };
    const reading = listAt(this.#tables, last, rangeOf(prefix), options);
    const page = await reading.catch((error: unknown) => {
      throw explanationOf("read the store", error);
    });
    this.#checkFloor(prefix, revision);
    return page;
  }

  commit(writes: readonly Write[]): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      if (this.#closed) reject(new Fault("unavailable", "write to the store: it is closed"));
      else if (this.#broken !== undefined) reject(this.#broken);
      else {
        this.#queue.push({ writes, resolve, reject });
        this.#pumping ??= this.#pump();
      }
    });
  }

  async *watch(prefix: string, { after, signal }: WatchOptions): AsyncGenerator<EventBatch> {
    this.#checkRevision(prefix, after);
    const range = rangeOf(prefix);
    let seen = after;
    while (!signal.aborted && !this.#closed) {
      this.#checkFloor(prefix, seen);
      const until = this.#durable;
      if (seen >= until) {
        await this.#nextCommit(signal);
        continue;
      }
      const isRecent = seen >= this.#ring.floor;
      const batch = isRecent ? this.#recent(prefix, seen, until) : this.#old(range, seen, until);
      seen = batch.revision;
      yield batch;
      if (!isRecent) await setImmediate();
    }
  }

  compact(before: Revision): Promise<void> {
    const last = Math.min(before, this.#durable);
    if (this.#closed || (last <= this.#compacted && this.#swept >= this.#compacted)) {
      return Promise.resolve();
    }
    this.#compacted = Math.max(last, this.#compacted);
    const done = Promise.withResolvers<void>();
    this.#sweepers.push(done);
    this.#pumping ??= this.#pump();
    return done.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#wakeAll();
    await this.#pumping;
    await this.#log.close();
  }

  /** One transaction after the other, until nothing waits. Commits of the same tick go together. */
  async #pump(): Promise<void> {
    await Promise.resolve();
    let turn = 0;
    while (this.#queue.length > 0 || (this.#sweepers.length > 0 && !this.#closed)) {
      const batch = this.#queue.splice(0, BATCH_MAX);
      const applied = this.#apply(batch);
      const waits = batch.length > 0 && batch.length < SMALL_BATCH && ++turn % SLICE_TURNS !== 0;
      const swept = !waits && this.#sweep();
      if (applied !== undefined && applied.events.length === 0 && !swept) settle(batch, applied);
      else await this.#finish(batch, applied);
    }
    for (const { resolve } of this.#sweepers.splice(0)) resolve();
    this.#pumping = undefined;
  }

  /** Writes a batch to SQLite's log; undefined when that failed and the batch was told so. */
  #apply(batch: readonly Waiting[]): Applied | undefined {
    if (batch.length === 0) return undefined;
    let revision = this.#revision;
    try {
      const applied = explained("write to the store", () =>
        transaction(this.#database, () => {
          const events: StoreEvent[] = [];
          const results = batch.map(({ writes }): CommitResult => {
            const found = writes.map(({ change }) => this.#tables.entry(change.key));
            const blocked = blockedAt(writes, found);
            if (blocked !== undefined) return blocked;
            const revisions = writes.map(({ change }, at) => {
              // An earlier write of the same commit may have changed the key.
              const previous = at === 0 ? found[0] : this.#tables.entry(change.key);
              const event = this.#write(change, previous, revision + 1);
              if (event !== undefined) {
                revision = event.revision;
                events.push(event);
              }
              return revision;
            });
            return { done: true, revisions };
          });
          this.#brief.forget(revision);
          return { results, events };
        }),
      );
      this.#revision = revision;
      this.#log.grow(TRANSACTION_BYTES);
      for (const event of applied.events) this.#note(event);
      return applied;
    } catch (error) {
      this.#brief.undo();
      for (const { reject } of batch) reject(error);
      return undefined;
    }
  }

  #write(change: Change, previous: Entry | undefined, revision: Revision): StoreEvent | undefined {
    const { key } = change;
    const row = { revision, key, previous: previous?.revision ?? 0, deleted: 0 };
    if (change.type === "put") this.#tables.put(row, change.value);
    else if (previous === undefined) return undefined;
    else this.#tables.delete({ ...row, deleted: 1 });
    return { change, revision, previous };
  }

  #note(event: StoreEvent): void {
    const { change } = event;
    this.#unsafe.add(change.key);
    this.#ring.push(event);
    this.#brief.note(event);
    this.#log.grow(WRITE_BYTES + (change.type === "put" ? change.value.length : 0));
  }

  /** Waits for the disk, then answers. */
  async #finish(batch: readonly Waiting[], applied: Applied | undefined): Promise<void> {
    try {
      await this.#log.sync();
    } catch (error) {
      this.#break(Fault.from(error), batch);
      return;
    }
    this.#durable = this.#revision;
    this.#unsafe.clear();
    if (applied !== undefined) settle(batch, applied);
    this.#wakeAll();
    try {
      await this.#log.checkpoint();
    } catch (error) {
      this.#break(Fault.from(error), []);
    }
  }

  /** What the kernel could not write once it may forget: nothing is written any more. */
  #break(fault: Fault, batch: readonly Waiting[]): void {
    this.#broken = fault;
    for (const { reject } of [...batch, ...this.#queue.splice(0)]) reject(fault);
    for (const { reject } of this.#sweepers.splice(0)) reject(fault);
    this.#unsafe.clear();
    this.#wakeAll();
  }

  /** One slice of compaction; whether there was something to do. */
  #sweep(): boolean {
    if (this.#sweepers.length === 0) return false;
    try {
      explained("compact the store", () => transaction(this.#database, () => this.#sweepSlice()));
    } catch (error) {
      for (const { reject } of this.#sweepers.splice(0)) reject(error);
      return false;
    }
    if (this.#swept >= this.#compacted) {
      for (const { resolve } of this.#sweepers.splice(0)) resolve();
    }
    return true;
  }

  #sweepSlice(): void {
    const until = this.#compacted;
    const rows = this.#tables.log(this.#swept, until, SLICE_ROWS);
    for (const { revision, previous, deleted } of rows) {
      if (previous !== 0) this.#tables.forget(previous);
      if (deleted === 1) this.#tables.forget(revision);
    }
    const swept = rows.length < SLICE_ROWS ? until : (rows.at(-1)?.revision ?? until);
    this.#tables.setMark("compacted", until);
    this.#tables.setMark("swept", swept);
    this.#tables.shrink();
    this.#swept = swept;
    this.#log.grow(TRANSACTION_BYTES + rows.length * WRITE_BYTES);
  }

  #recent(prefix: string, after: Revision, until: Revision): EventBatch {
    const slice = this.#ring.after(after, until, EVENTS_MAX);
    const revision = slice.length < EVENTS_MAX ? until : (slice.at(-1)?.revision ?? until);
    return { events: slice.filter(({ change }) => change.key.startsWith(prefix)), revision };
  }

  /** From the tables: a slice, behind which others get their turn. */
  #old(range: KeyRange, after: Revision, last: Revision): EventBatch {
    return explained("read the store", () => {
      const span = { after, until: Math.min(last, after + SPAN_MAX) };
      const until = this.#endOfSlice(range, span);
      return {
        events: this.#tables.events(range, { after, until }, OLD_EVENTS_MAX),
        revision: until,
      };
    });
  }

  /** Up to where events fit into one slice, in number and in bytes; one always does. */
  #endOfSlice(range: KeyRange, span: Span): Revision {
    const sizes = this.#tables.eventSizes(range, span, OLD_EVENTS_MAX);
    let bytes = 0;
    let end = span.after;
    for (const { revision, sizeBytes } of sizes) {
      bytes += sizeBytes;
      if (bytes > OLD_BYTES_MAX && end > span.after) return end;
      end = revision;
    }
    return sizes.length < OLD_EVENTS_MAX ? span.until : end;
  }

  #checkRevision(prefix: string, revision: Revision): void {
    this.#checkFloor(prefix, revision);
    if (revision > this.#durable) {
      throw new Fault("invalid", `read revision ${revision}: the last one is ${this.#durable}`);
    }
  }

  #checkFloor(prefix: string, revision: Revision): void {
    const floor = Math.max(this.#compacted, this.#brief.floorOf(prefix));
    if (revision >= floor) return;
    const message = `read revision ${revision}: states before ${floor} are forgotten`;
    throw new Fault("expired", message);
  }

  #wakeAll(): void {
    for (const wake of [...this.#wake]) wake();
  }

  #nextCommit(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#wake.delete(done);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      this.#wake.add(done);
      signal?.addEventListener("abort", done, { once: true });
    });
  }
}

/** The first key that is not as expected, if there is one. */
function blockedAt(
  writes: readonly Write[],
  found: readonly (Entry | undefined)[],
): CommitResult | undefined {
  for (const [at, { change, expected }] of writes.entries()) {
    const current = found[at];
    if (expected === undefined || expected === (current?.revision ?? 0)) continue;
    return { done: false, key: change.key, current };
  }
  return undefined;
}

function settle(batch: readonly Waiting[], { results }: Applied): void {
  for (const [at, { resolve }] of batch.entries()) {
    const result = results[at];
    if (result !== undefined) resolve(result);
  }
}

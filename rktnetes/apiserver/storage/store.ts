/**
 * The seam between the registry and what keeps its bytes. Keys and values go in; one decimal
 * revision, that rises with every commit, orders all of them. A store never parses a value, and
 * only the registry opens one.
 *
 * Every implementation passes `testsuite.ts`. @see architecture §5.3
 */

/**
 * The order of all commits: 1 or more, rising, not necessarily without gaps. A double holds it
 * exactly; clients see it as a decimal string.
 */
export type Revision = number;

/** One key with its present value. */
export interface Entry {
  /** As `/registry/<group or core>/<resource>/<namespace>/<name>`; ordered by its UTF-8 bytes. */
  readonly key: string;
  readonly value: Uint8Array;
  /** Of the last write. */
  readonly revision: Revision;
}

/** What happens to one key. */
export type Change =
  | { readonly type: "put"; readonly key: string; readonly value: Uint8Array }
  | { readonly type: "delete"; readonly key: string };

/** One write of a commit, done only if the key is as `expected` says. */
export interface Write {
  readonly change: Change;
  /** Revision of the last write that was seen, 0 for "must not exist", undefined for "whatever". */
  readonly expected: Revision | undefined;
}

/** What became of a commit. */
export type CommitResult =
  /** Durable. Revision of each write, in the order of the writes. */
  | { readonly done: true; readonly revisions: readonly Revision[] }
  /** Nothing was written. What stands in the way: the first such key, as it is now. */
  | { readonly done: false; readonly key: string; readonly current: Entry | undefined };

/** A change as a watcher sees it. */
export interface StoreEvent {
  readonly change: Change;
  readonly revision: Revision;
  /** What the key had before; undefined when the key was absent. */
  readonly previous: Entry | undefined;
}

/** Events of one prefix, and up to where they are all. */
export interface EventBatch {
  /** In the order of revisions; may be empty. */
  readonly events: readonly StoreEvent[];
  /** No later batch has an event of this revision or of an earlier one. */
  readonly revision: Revision;
}

/** A part of the keys of a prefix. */
export interface Page {
  /** In the order of keys. */
  readonly entries: readonly Entry[];
  /** The state that was read. */
  readonly revision: Revision;
  /** How many entries of the prefix follow the last one. */
  readonly remaining: number;
}

/** Which part, and of which state. */
export interface ListOptions {
  /** Only keys after this one. */
  readonly after?: string;
  /** At most so many entries; all without it. */
  readonly limit?: number;
  /**
   * An earlier state. @throws Fault "expired" when it was compacted, "invalid" when it is to come
   */
  readonly revision?: Revision;
}

/** From where, and until when. */
export interface WatchOptions {
  /** Events after this revision. @throws Fault "expired" when it was compacted. */
  readonly after: Revision;
  readonly signal: AbortSignal;
}

/** What keeps the bytes. @see testsuite.ts */
export interface Store extends AsyncDisposable {
  /** Of the last commit. Linearizable: never older than a commit answered before the call. */
  currentRevision(): Promise<Revision>;
  get(key: string): Promise<Entry | undefined>;
  list(prefix: string, options?: ListOptions): Promise<Page>;
  /** A commit has at most so many writes; any number without it. */
  readonly writesMax?: number;
  /** All or nothing. Concurrent calls are batched by the store. */
  commit(writes: readonly Write[]): Promise<CommitResult>;
  /**
   * Batches of events of keys with this prefix, in the order of revisions, none missing. A commit
   * to any key yields a batch, an empty one where no key of the prefix changed: a reader can wait
   * until it has seen all of `currentRevision()`. Ends when the signal aborts; throws Fault
   * "expired" when the reader is so slow that events were lost.
   */
  watch(prefix: string, options: WatchOptions): AsyncIterable<EventBatch>;
  /**
   * Forgets states and events before this revision, in slices that do not hold up other calls. The
   * present state of every key stays, and so does the state at this revision.
   */
  compact(before: Revision): Promise<void>;
}

/**
 * A list of one moment, read in slices between which others work. In: the tables, a range of keys,
 * a revision. Out: what was there then: keys that have not changed since, and those that have, put
 * back. Writers go on meanwhile; who forgets the past meanwhile has to be asked for afterwards.
 */
import { setImmediate } from "node:timers/promises";
import { compareKeys } from "../memory/sorted-keys.ts";
import type { Entry, Page, Revision } from "../store.ts";
import type { KeyRange, LogRow, Tables } from "./tables.ts";

export interface ListAtOptions {
  readonly after: string;
  readonly limit: number | undefined;
  readonly revision: Revision;
}

/** So many entries are read in one slice: some ms of work. */
const SLICE_ENTRIES = 256;

/** So many writes are looked at in one slice. */
const SLICE_WRITES = 8192;

/** `last` says the revision of the last write in the tables. */
export async function listAt(
  tables: Tables,
  last: () => Revision,
  range: KeyRange,
  options: ListAtOptions,
): Promise<Page> {
  const { limit, revision } = options;
  const past = new Past(tables, range, options);
  const entries: Entry[] = [];
  for (let after = options.after; ; ) {
    while (past.seen < last()) {
      past.read(Math.min(past.seen + SLICE_WRITES, last()));
      if (past.seen < last()) await setImmediate();
    }
    const wanted = Math.min(SLICE_ENTRIES, (limit ?? Number.POSITIVE_INFINITY) - entries.length);
    const kept = tables.entriesAt(range, { after, limit: wanted, revision });
    const isLast = kept.length < wanted;
    const part = merged(kept, past.between(after, isLast ? undefined : kept.at(-1)?.key), wanted);
    entries.push(...part);
    after = part.at(-1)?.key ?? after;
    const isFull = entries.length === limit;
    if (isFull || (isLast && part.length < wanted)) {
      const remaining = isFull ? tables.countAt(range, after, revision) + past.count(after) : 0;
      return { entries, revision, remaining };
    }
    await setImmediate();
  }
}

/** Keys of the range that have changed since a revision, with what they had then. */
class Past {
  /** Writes up to this one are known. */
  seen: Revision;
  readonly #tables: Tables;
  readonly #range: KeyRange;
  readonly #options: ListAtOptions;
  /** In the order of keys, once somebody asks. */
  #changed: LogRow[] = [];
  #isSorted = true;

  constructor(tables: Tables, range: KeyRange, options: ListAtOptions) {
    this.#tables = tables;
    this.#range = range;
    this.#options = options;
    this.seen = options.revision;
  }

  read(until: Revision): void {
    const rows = this.#tables.firstChanges(this.#range, this.#options, { after: this.seen, until });
    this.seen = until;
    if (rows.length === 0) return;
    this.#changed.push(...rows);
    this.#isSorted = false;
  }

  /** Those after a key, up to another one; the values are read when they are looked at. */
  *between(after: string, until: string | undefined): Generator<Entry> {
    const changed = this.#sorted();
    for (let at = this.#first(after); at < changed.length; at++) {
      const { key = "", previous = 0 } = changed[at] ?? {};
      if (until !== undefined && compareKeys(key, until) > 0) return;
      const value = this.#tables.value(previous);
      if (value !== undefined) yield { key, value, revision: previous };
    }
  }

  count(after: string): number {
    return this.#sorted().length - this.#first(after);
  }

  #sorted(): readonly LogRow[] {
    if (!this.#isSorted) this.#changed.sort((left, right) => compareKeys(left.key, right.key));
    this.#isSorted = true;
    return this.#changed;
  }

  /** Index of the first one after a key. */
  #first(after: string): number {
    let low = 0;
    let high = this.#changed.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#changed[middle]?.key ?? "", after) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The first entries of both, in the order of keys. */
function merged(kept: readonly Entry[], back: Iterator<Entry>, limit: number): Entry[] {
  const all: Entry[] = [];
  let at = 0;
  let next = back.next();
  while (all.length < limit) {
    const entry = kept[at];
    if (next.done !== true && (entry === undefined || compareKeys(next.value.key, entry.key) < 0)) {
      all.push(next.value);
      next = back.next();
    } else if (entry === undefined) break;
    else {
      all.push(entry);
      at++;
    }
  }
  return all;
}

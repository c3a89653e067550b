/**
 * The statements of the SQLite store, prepared when they are first used. In: keys, revisions,
 * values. Out: rows as entries and events. Decides nothing.
 */
import type { Database } from "bun:sqlite";
import { compareKeys } from "../memory/sorted-keys.ts";
import type { Entry, Revision, StoreEvent } from "../store.ts";

/** A write as the log has it. */
export interface LogRow {
  readonly revision: Revision;
  readonly key: string;
  /** Revision of the write before this one that is still kept, 0 when the key was absent. */
  readonly previous: Revision;
  readonly deleted: number;
}

export interface EventSize {
  readonly revision: Revision;
  readonly sizeBytes: number;
}

interface EventRow extends LogRow {
  readonly value: Uint8Array | null;
  readonly was: Uint8Array | null;
}

interface ValueRow {
  readonly revision: Revision;
  readonly key: string;
  readonly value: Uint8Array;
  readonly sum: number | null;
}

/** `compacted`: states before it are forgotten; `swept`: so far that is done in the tables;
 * `brief`: states of brief keys before it are forgotten. */
export type Mark = "compacted" | "swept" | "brief";

/** From the first key of a range to before its end. */
export interface KeyRange {
  readonly from: string;
  /** Bytes stand after all text. */
  readonly to: string | Uint8Array;
}

/** Revisions after one, up to another one. */
export interface Span {
  readonly after: Revision;
  readonly until: Revision;
}

interface EntriesAtOptions {
  readonly after: string;
  readonly limit: number;
  readonly revision: Revision;
}

const ENTRY = "SELECT c.key, c.revision, d.value FROM current c JOIN data d USING (revision)";

/**
 * The part of a range that follows a key, with one lower bound: of two SQLite would look up the
 * first one and walk to the other.
 */
function beginning({ from }: KeyRange, after: string): [where: string, low: string] {
  const isInside = compareKeys(after, from) >= 0;
  const where = `c.key ${isInside ? ">" : ">="} ?1 AND c.key < ?2`;
  return [where, isInside ? after : from];
}

type Bound = string | number | Uint8Array;

/** So many pages may be free: 16 MB. */
const FREE_PAGES = 4096;
const SHRINK_PAGES = 128;

export class Tables {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  marks(): Record<Mark, Revision> {
    const rows = this.#all("SELECT name, revision FROM mark") as {
      name: Mark;
      revision: Revision;
    }[];
    const marks: Record<Mark, Revision> = { compacted: 0, swept: 0, brief: 0 };
    for (const { name, revision } of rows) marks[name] = revision;
    return marks;
  }

  setMark(name: Mark, revision: Revision): void {
    this.#run("UPDATE mark SET revision = ? WHERE name = ?", revision, name);
  }

  /** Of the last commit; 1 where there was none. The last writes of the log may be forgotten. */
  lastRevision(): Revision {
    const row = this.#get("SELECT max(revision) AS last FROM log") as { last: number | null };
    const { compacted, brief } = this.marks();
    return Math.max(1, row.last ?? 0, compacted, brief);
  }

  entry(key: string): Entry | undefined {
    return (this.#get(`${ENTRY} WHERE c.key = ?`, key) as Entry | null) ?? undefined;
  }

  value(revision: Revision): Uint8Array | undefined {
    const text = "SELECT value FROM data WHERE revision = ?";
    return (this.#get(text, revision) as { value: Uint8Array } | null)?.value;
  }

  /** Entries that were there at a revision and have not changed since. */
  entriesAt(range: KeyRange, { after, limit, revision }: EntriesAtOptions): Entry[] {
    const [where, low] = beginning(range, after);
    const text = `${ENTRY} WHERE ${where} AND c.revision <= ?3 ORDER BY c.key LIMIT ?4`;
    return this.#all(text, low, range.to, revision, limit) as Entry[];
  }

  /** How many of those follow a key. */
  countAt(range: KeyRange, after: string, revision: Revision): number {
    const [where, low] = beginning(range, after);
    const text = `SELECT count(*) AS n FROM current c WHERE ${where} AND c.revision <= ?3`;
    return (this.#get(text, low, range.to, revision) as { n: number }).n;
  }

  /** Writes of a span that were the first ones to keys that were there at a revision. */
  firstChanges(
    range: KeyRange,
    { after, revision }: Pick<EntriesAtOptions, "after" | "revision">,
    span: Span,
  ): LogRow[] {
    const [where, low] = beginning(range, after);
    const text =
      `SELECT * FROM log c WHERE c.revision > ?3 AND c.revision <= ?4 AND ${where} ` +
      "AND c.previous > 0 AND c.previous <= ?5";
    return this.#all(text, low, range.to, span.after, span.until, revision) as LogRow[];
  }

  put(row: LogRow, value: Uint8Array): void {
    this.#append(row);
    this.#run("INSERT INTO data VALUES (?, ?, ?)", row.revision, value, sumOf(row.key, value));
    const text =
      "INSERT INTO current VALUES (?, ?) ON CONFLICT DO UPDATE SET revision = excluded.revision";
    this.#run(text, row.key, row.revision);
  }

  delete(row: LogRow): void {
    this.#append(row);
    this.#run("DELETE FROM current WHERE key = ?", row.key);
  }

  /** Events of a range and a span, the first ones. */
  events({ from, to }: KeyRange, { after, until }: Span, limit: number): StoreEvent[] {
    const text =
      "SELECT l.*, d.value, p.value AS was FROM log l LEFT JOIN data d USING (revision) " +
      "LEFT JOIN data p ON p.revision = l.previous WHERE l.revision > ?3 AND l.revision <= ?4 " +
      "AND l.key >= ?1 AND l.key < ?2 ORDER BY l.revision LIMIT ?5";
    return (this.#all(text, from, to, after, until, limit) as EventRow[]).map(eventOf);
  }

  /** How much the first events of a range and a span would take in memory. */
  eventSizes({ from, to }: KeyRange, { after, until }: Span, limit: number): EventSize[] {
    const text =
      "SELECT l.revision, ifnull(length(d.value), 0) + ifnull(length(p.value), 0) AS sizeBytes " +
      "FROM log l LEFT JOIN data d USING (revision) LEFT JOIN data p ON p.revision = l.previous " +
      "WHERE l.revision > ?3 AND l.revision <= ?4 AND l.key >= ?1 AND l.key < ?2 " +
      "ORDER BY l.revision LIMIT ?5";
    return this.#all(text, from, to, after, until, limit) as EventSize[];
  }

  log(after: Revision, until: Revision, limit: number): LogRow[] {
    const text = "SELECT * FROM log WHERE revision > ? AND revision <= ? ORDER BY revision LIMIT ?";
    return this.#all(text, after, until, limit) as LogRow[];
  }

  /** Writes after a revision with what they wrote; for who reads all of them. */
  values(after: Revision, limit: number): ValueRow[] {
    const text =
      "SELECT revision, l.key, value, sum FROM log l JOIN data d USING (revision) " +
      "WHERE revision > ? ORDER BY revision LIMIT ?";
    return this.#all(text, after, limit) as ValueRow[];
  }

  /** A write that no reader may see any more. */
  forget(revision: Revision): void {
    this.#run("DELETE FROM log WHERE revision = ?", revision);
    this.#run("DELETE FROM data WHERE revision = ?", revision);
  }

  /** Gives some free pages back to the file system where there are many. */
  shrink(): void {
    const text =
      "SELECT freelist_count AS free, page_count AS pages " +
      "FROM pragma_freelist_count, pragma_page_count";
    const { free, pages } = this.#get(text) as { free: number; pages: number };
    if (free > FREE_PAGES && free > pages / 4) {
      this.#database.run(`PRAGMA incremental_vacuum(${SHRINK_PAGES})`);
    }
  }

  #append({ revision, key, previous, deleted }: LogRow): void {
    this.#run("INSERT INTO log VALUES (?, ?, ?, ?)", revision, key, previous, deleted);
  }

  #run(text: string, ...values: readonly Bound[]): void {
    this.#database.query(text).run(...values);
  }

  /** The first row, null without one. */
  #get(text: string, ...values: readonly Bound[]): unknown {
    return this.#database.query(text).get(...values);
  }

  #all(text: string, ...values: readonly Bound[]): unknown {
    return this.#database.query(text).all(...values);
  }
}

/** Tells whether a key and a value are what was written. */
export function sumOf(key: string, value: Uint8Array): number {
  return Bun.hash.crc32(value, Bun.hash.crc32(key));
}

function eventOf({ revision, key, previous, deleted, value, was }: EventRow): StoreEvent {
  return {
    change:
      deleted === 1
        ? { type: "delete", key }
        : { type: "put", key, value: value ?? new Uint8Array() },
    revision,
    previous: previous === 0 || was === null ? undefined : { key, value: was, revision: previous },
  };
}

/** The keys that begin with a prefix. */
export function rangeOf(prefix: string): KeyRange {
  for (let end = prefix.length; end > 0; ) {
    const low = prefix.charCodeAt(end - 1);
    const at = low >= 0xdc00 && low <= 0xdfff && end > 1 ? end - 2 : end - 1;
    const point = prefix.codePointAt(at) ?? 0;
    const next = point === 0xd7ff ? 0xe000 : point + 1;
    if (next <= 0x10_ff_ff) {
      return { from: prefix, to: prefix.slice(0, at) + String.fromCodePoint(next) };
    }
    end = at;
  }
  return { from: prefix, to: new Uint8Array() };
}

/**
 * Reads a whole SQLite store and says whether it can be trusted. In: a path. Out: what is in it.
 * Never writes. @throws {Fault} "corrupt" with the first thing that is wrong
 */
import { Database } from "bun:sqlite";
import { Fault, quote } from "@shared/base";
import { explained, checkStoreDatabase } from "./database.ts";
import { sumOf, Tables } from "./tables.ts";

/** What a store holds. */
export interface StoreSummary {
  /** Of the last commit. */
  readonly revision: number;
  /** Keys that exist. */
  readonly keys: number;
  /** Writes that are kept, those of the past too. */
  readonly writes: number;
  /** Keys that exist by what they begin with, as `core/configmaps`; the most frequent first. */
  readonly resources: readonly (readonly [resource: string, keys: number])[];
}

/** What has to be true of the tables: a query for what is wrong, and its name. */
const RULES: readonly (readonly [query: string, wrong: string])[] = [
  [
    "SELECT key FROM current LEFT JOIN data USING (revision) WHERE data.revision IS NULL LIMIT 1",
    "has no value",
  ],
  [
    "SELECT c.key FROM current c LEFT JOIN log l ON l.revision = c.revision " +
      "WHERE l.key IS NULL OR l.key <> c.key OR l.deleted <> 0 LIMIT 1",
    "has no write",
  ],
  [
    "SELECT l.key FROM log l LEFT JOIN data d USING (revision) " +
      "WHERE (d.revision IS NULL) <> (l.deleted = 1) LIMIT 1",
    "has a write without a value",
  ],
];

/** Reads all of it. @throws {Fault} "corrupt", "invalid" and "unsupported" for what is no store */
export function verifyStore(file: string): StoreSummary {
  const action = `verify the store ${quote(file)}`;
  return explained(action, () => {
    const database = new Database(file, { readonly: true });
    try {
      checkStoreDatabase(database);
      const check = database.query("PRAGMA integrity_check(1)").get() as Record<string, unknown>;
      const verdict = String(check["integrity_check"]);
      if (verdict !== "ok") throw new Fault("corrupt", verdict);
      for (const [query, wrong] of RULES) {
        const found = database.query(query).get() as { key: string } | null;
        if (found !== null) throw new Fault("corrupt", `the key ${quote(found.key)} ${wrong}`);
      }
      checkSums(new Tables(database));
      const counts =
        "SELECT (SELECT count(*) FROM current) AS keys, (SELECT count(*) FROM log) AS writes";
      const { keys, writes } = database.query(counts).get() as { keys: number; writes: number };
      const revision = new Tables(database).lastRevision();
      return { revision, keys, writes, resources: resourcesOf(database) };
    } finally {
      database.close();
    }
  });
}

/** So many values are in memory at once. */
const SLICE = 256;

function checkSums(tables: Tables): void {
  for (let after = 0; ; ) {
    const rows = tables.values(after, SLICE);
    for (const { key, value, sum } of rows) {
      if (sum === null || sum === sumOf(key, value)) continue;
      throw new Fault("corrupt", `the value of ${quote(key)} is not what was written`);
    }
    if (rows.length < SLICE) return;
    after = rows.at(-1)?.revision ?? after;
  }
}

function resourcesOf(database: Database): StoreSummary["resources"] {
  const counts = new Map<string, number>();
  for (const { key } of database.query("SELECT key FROM current").iterate() as Iterable<{
    readonly key: string;
  }>) {
    const resource = key.split("/").slice(2, 4).join("/");
    counts.set(resource, (counts.get(resource) ?? 0) + 1);
  }
  return [...counts].sort((left, right) => right[1] - left[1]);
}

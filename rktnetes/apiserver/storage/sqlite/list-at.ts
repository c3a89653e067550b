/**
 * A list of the past. In: the tables, a range of keys, a revision that is not forgotten. Out: what
 * was there then: the present keys, with each that changed since put back.
 */
import { compareKeys } from "../memory/sorted-keys.ts";
import type { Entry, Page, Revision } from "../store.ts";
import type { KeyRange, Tables } from "./tables.ts";

export interface PastOptions {
  readonly after: string;
  readonly limit: number | undefined;
  readonly revision: Revision;
}

export function listAt(
  tables: Tables,
  range: KeyRange,
  { after, limit, revision }: PastOptions,
): Page {
  const now = tables.keys(range, after);
  const past = new Map(
    tables.firstChanges(range, after, revision).map((row) => [row.key, row.previous]),
  );
  const then = now.filter(({ key }) => !past.has(key));
  for (const [key, previous] of past) if (previous !== 0) then.push({ key, revision: previous });
  if (past.size > 0) then.sort((left, right) => compareKeys(left.key, right.key));
  const page = limit === undefined ? then : then.slice(0, limit);
  const entries = page.map(
    (each): Entry => ({ ...each, value: tables.value(each.revision) ?? new Uint8Array() }),
  );
  return { entries, revision, remaining: then.length - entries.length };
}

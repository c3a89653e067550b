import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store, Write } from "../store.ts";
import { testStore } from "../testsuite.ts";
import { SqliteStore, type SqliteStoreOptions } from "./sqlite-store.ts";
import { verifyStore } from "./verify.ts";

const directory = mkdtempSync(join(tmpdir(), "sqlite-store-"));
afterAll(() => rmSync(directory, { recursive: true }));

let made = 0;
const newFile = (): string => join(directory, `${++made}.db`);
const open = (file: string, options?: SqliteStoreOptions): Promise<Store> =>
  Promise.resolve(SqliteStore.open(file, options));

testStore("sqlite", () => open(newFile()));

function put(key: string, text: string): readonly Write[] {
  return [{ change: { type: "put", key, value: Buffer.from(text) }, expected: undefined }];
}

async function kindOf(action: () => Promise<unknown>): Promise<unknown> {
  try {
    return await action();
  } catch (error) {
    return (error as { kind?: unknown }).kind;
  }
}

async function eventsAfter(store: Store, after: number): Promise<string[]> {
  const stop = new AbortController();
  const until = await store.currentRevision();
  const seen: string[] = [];
  for await (const batch of store.watch("/", { after, signal: stop.signal })) {
    for (const { change, previous } of batch.events) {
      seen.push(`${change.key} ${change.type} ${Buffer.from(previous?.value ?? []).toString()}`);
    }
    if (batch.revision >= until) stop.abort();
  }
  return seen;
}

test("a store that was closed is as it was: values, revisions, past, events", async () => {
  const file = newFile();
  let before: unknown;
  {
    await using store = await open(file);
    await store.commit(put("/a", "1"));
    await store.commit(put("/a", "2"));
    await store.commit([{ change: { type: "delete", key: "/a" }, expected: 3 }]);
    before = [await store.currentRevision(), await eventsAfter(store, 1)];
  }
  await using store = await open(file);
  expect([await store.currentRevision(), await eventsAfter(store, 1)]).toEqual(before as never);
  const [entry] = (await store.list("/", { revision: 3 })).entries;
  expect(Buffer.from(entry?.value ?? []).toString()).toBe("2");
  expect(statSync(file).mode & 0o077).toBe(0);
});

test("revisions never start over, even when the last write is forgotten", async () => {
  const file = newFile();
  let revision = 0;
  {
    await using store = await open(file);
    await store.commit(put("/a", "1"));
    await store.commit([{ change: { type: "delete", key: "/a" }, expected: undefined }]);
    revision = await store.currentRevision();
    await store.compact(revision);
  }
  await using store = await open(file);
  expect(await store.currentRevision()).toBe(revision);
});

test("compaction leaves one write of each key that exists, and nothing else", async () => {
  const file = newFile();
  {
    await using store = await open(file);
    for (let at = 0; at < 1500; at++) await store.commit(put(`/k${at % 7}`, String(at)));
    await store.commit([{ change: { type: "delete", key: "/k0" }, expected: undefined }]);
    await store.compact(await store.currentRevision());
    expect((await store.list("/")).entries.length).toBe(6);
  }
  using database = new Database(file);
  for (const table of ["log", "data", "current"]) {
    expect(database.query(`SELECT count(*) AS n FROM ${table}`).get()).toEqual({ n: 6 });
  }
});

test("the past of brief keys is short, that of others is not", async () => {
  const file = newFile();
  {
    await using store = await open(file, { brief: ["/l/"], briefRevisions: 20 });
    await store.commit(put("/p/x", "kept"));
    for (let at = 0; at < 200; at++) await store.commit(put("/l/x", String(at)));
    expect(await kindOf(() => store.list("/l/", { revision: 100 }))).toBe("expired");
    expect(await kindOf(() => store.list("/", { revision: 100 }))).toBe("expired");
    expect(await kindOf(() => store.list("/l/x/", { revision: 100 }))).toBe("expired");
    expect((await store.list("/p/", { revision: 2 })).entries.length).toBe(1);
    const past = await store.list("/l/", { revision: 190 });
    expect(Buffer.from(past.entries[0]?.value ?? []).toString()).toBe("187");
  }
  using database = new Database(file);
  const { n } = database.query("SELECT count(*) AS n FROM data").get() as { n: number };
  expect(n).toBeLessThan(30);
});

test("a watch that starts far back reads the table, then what comes", async () => {
  await using store = await open(newFile());
  for (let at = 0; at < 100; at++) {
    await store.commit(
      Array.from({ length: 100 }, (_, each) => put(`/k${each}`, String(at))).flat(),
    );
  }
  expect((await eventsAfter(store, 1)).length).toBe(10_000);
});

test("verify finds a byte that was changed, in a value or in a key", async () => {
  const file = newFile();
  const text = "a value that is long enough to be found in the file";
  {
    await using store = await open(file);
    for (let at = 0; at < 300; at++)
      await store.commit(put(`/registry/core/maps/${at}`, `${text} ${at}`));
    await store.commit(put("/registry/core/maps/7", "of a later time"));
  }
  expect(verifyStore(file)).toMatchObject({
    keys: 300,
    writes: 301,
    resources: [["core/maps", 300]],
  });
  const whole = readFileSync(file);
  for (const found of [`${text} 150`, `${text} 7`, "/registry/core/maps/42"]) {
    const flipped = Buffer.from(whole);
    // Pages that were split have copies that nobody reads.
    for (let at = flipped.indexOf(found); at >= 0; at = flipped.indexOf(found, at + 1)) {
      const last = at + found.length - 1;
      flipped[last] = (flipped[last] ?? 0) ^ 1;
    }
    const other = newFile();
    writeFileSync(other, flipped);
    expect(await kindOf(() => Promise.try(verifyStore, other))).toBe("corrupt");
  }
});

test("a store of the first version goes on, with sums from here on", async () => {
  const file = newFile();
  {
    await using store = await open(file);
    await store.commit(put("/a", "1"));
  }
  {
    using database = new Database(file);
    database.run("ALTER TABLE data DROP COLUMN sum");
    database.run("PRAGMA user_version = 1");
  }
  {
    await using store = await open(file);
    await store.commit(put("/b", "2"));
    expect((await store.list("/")).entries.length).toBe(2);
  }
  expect(verifyStore(file).keys).toBe(2);
});

test("long lists and watches of the past let others have their turn", async () => {
  await using store = await open(newFile());
  for (let round = 0; round < 6; round++) {
    for (let at = 0; at < 5000; at += 500) {
      await store.commit(
        Array.from({ length: 500 }, (_, each) => put(`/k${at + each}`, String(round))).flat(),
      );
    }
  }
  let turns = 0;
  let counting = true;
  const count = (): void => {
    turns++;
    if (counting) setImmediate(count);
  };
  count();
  const turnsOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = turns;
    await work();
    return turns - before;
  };
  // 5,000 entries, 256 at once; 25,000 writes, 8,192 at once; 25,000 events, 256 at once.
  expect(await turnsOf(() => store.list("/"))).toBeGreaterThan(18);
  expect(await turnsOf(() => store.list("/", { revision: 5001 }))).toBeGreaterThan(21);
  expect(await turnsOf(() => eventsAfter(store, 1))).toBeGreaterThan(80);
  counting = false;
});

test("what is no store is refused with one clear fault", async () => {
  const text = newFile();
  writeFileSync(
    text,
    "this is not a database, and it is longer than a header of SQLite is".repeat(40),
  );
  expect(await kindOf(async () => await open(text))).toBe("corrupt");
  const other = newFile();
  new Database(other).run("CREATE TABLE t (x)");
  expect(await kindOf(async () => await open(other))).toBe("invalid");
  expect(await kindOf(async () => await open(join(directory, "none/x.db")))).toBe("denied");
});

test("a reader that stays holds the log up for as long as it stays, not longer", async () => {
  const file = newFile();
  await using store = SqliteStore.open(file);
  const write = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at++) {
      const change = { type: "put" as const, key: `/k${at}`, value: Buffer.alloc(1 << 20, at) };
      await store.commit([{ change, expected: undefined }]);
    }
  };
  const log = (): number => statSync(`${file}-wal`).size;
  const reader = new Database(file, { readonly: true });
  reader.run("BEGIN");
  reader.query("SELECT count(*) FROM log").get();
  await write(80);
  expect(log()).toBeGreaterThan(80 << 20);
  reader.run("COMMIT");
  reader.close();
  await write(24);
  expect(log()).toBeLessThanOrEqual(64 << 20);
});

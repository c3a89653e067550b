/**
 * What every store must do, whatever keeps its bytes. In: how to open an empty one. Out: tests.
 * Never looks inside.
 */
import { describe, expect, test } from "bun:test";
import type { CommitResult, EventBatch, Revision, Store, StoreEvent } from "./store.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function put(key: string, value: string, expected?: Revision): Parameters<Store["commit"]>[0][0] {
  return { change: { type: "put", key, value: encoder.encode(value) }, expected };
}

function remove(key: string, expected?: Revision): Parameters<Store["commit"]>[0][0] {
  return { change: { type: "delete", key }, expected };
}

/** Commits what must succeed; returns the last revision. */
async function done(result: Promise<CommitResult>): Promise<Revision> {
  const outcome = await result;
  if (!outcome.done) throw new Error(`the commit was refused at ${outcome.key}`);
  return outcome.revisions.at(-1) ?? 0;
}

function show(event: StoreEvent): string {
  const { change, previous } = event;
  const before = previous === undefined ? "" : ` was ${decoder.decode(previous.value)}`;
  const now = change.type === "put" ? `=${decoder.decode(change.value)}` : " deleted";
  return `${change.key}${now}${before}`;
}

/** Reads batches until one reaches `until`. */
async function readUntil(
  store: Store,
  prefix: string,
  { after, until }: { after: Revision; until: Revision },
): Promise<StoreEvent[]> {
  const stop = new AbortController();
  const events: StoreEvent[] = [];
  for await (const batch of store.watch(prefix, { after, signal: stop.signal })) {
    events.push(...batch.events);
    if (batch.revision >= until) stop.abort();
  }
  return events;
}

async function names(store: Store, prefix: string, revision?: Revision): Promise<string[]> {
  const page = await store.list(prefix, revision === undefined ? {} : { revision });
  return page.entries.map(({ key, value }) => `${key}=${decoder.decode(value)}`);
}

async function thrownKind(action: () => Promise<unknown>): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return (error as { kind?: unknown }).kind;
  }
  return "nothing thrown";
}

async function firstBatch(store: Store, prefix: string, after: Revision): Promise<EventBatch> {
  for await (const batch of store.watch(prefix, { after, signal: AbortSignal.timeout(10_000) })) {
    return batch;
  }
  throw new Error("the watch ended");
}

/** Runs the whole suite against stores that `open` makes, each of them empty. */
export function testStore(name: string, open: () => Promise<Store>): void {
  describe(`${name}: commits`, () => testCommits(open));
  describe(`${name}: writers`, () => testWriters(open));
  describe(`${name}: lists`, () => testLists(open));
  describe(`${name}: pages`, () => testPages(open));
  describe(`${name}: watches`, () => testWatches(open));
  describe(`${name}: readers`, () => testReaders(open));
  describe(`${name}: compaction`, () => testCompaction(open));
}

function testCommits(open: () => Promise<Store>): void {
  test("a value is read as it was written, with the revision of the write", async () => {
    await using store = await open();
    const revision = await done(store.commit([put("/a/x", "1", 0)]));
    const entry = await store.get("/a/x");
    expect([decoder.decode(entry?.value), entry?.revision]).toEqual(["1", revision]);
    expect(await store.currentRevision()).toBe(revision);
    expect(await store.get("/a/y")).toBeUndefined();
  });

  test("revisions rise with every commit, whatever its keys", async () => {
    await using store = await open();
    const seen = [await store.currentRevision()];
    for (const key of ["/a/x", "/b/y", "/a/x"])
      seen.push(await done(store.commit([put(key, "v")])));
    seen.push(await done(store.commit([remove("/a/x")])));
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
    expect(seen[0]).toBeGreaterThanOrEqual(1);
  });

  test("a commit whose expectation is wrong changes nothing and says what is there", async () => {
    await using store = await open();
    const first = await done(store.commit([put("/a/x", "1", 0)]));
    const before = await store.currentRevision();
    for (const write of [put("/a/x", "2", 0), put("/a/x", "2", first + 7), remove("/a/x", 999)]) {
      const result = await store.commit([put("/a/other", "o", 0), write]);
      expect(result).toMatchObject({ done: false, key: "/a/x", current: { revision: first } });
    }
    const missing = await store.commit([put("/a/none", "2", first)]);
    expect(missing).toEqual({ done: false, key: "/a/none", current: undefined });
    expect(await names(store, "/")).toEqual(["/a/x=1"]);
    expect(await store.currentRevision()).toBe(before);
  });

  test("the writes of a commit are done together, in their order", async () => {
    await using store = await open();
    const result = await store.commit([put("/a/x", "1", 0), put("/b/y", "2", 0)]);
    expect(result.done && result.revisions.length).toBe(2);
    expect(await names(store, "/")).toEqual(["/a/x=1", "/b/y=2"]);
    await done(store.commit([remove("/a/x"), put("/b/y", "3")]));
    expect(await names(store, "/")).toEqual(["/b/y=3"]);
  });
}

function testWriters(open: () => Promise<Store>): void {
  test("of concurrent writers with the same expectation one wins", async () => {
    await using store = await open();
    const first = await done(store.commit([put("/a/x", "0", 0)]));
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, at) => store.commit([put("/a/x", `w${at}`, first)])),
    );
    expect(results.filter((result) => result.done).length).toBe(1);
  });

  test("counters raised by concurrent writers lose nothing", async () => {
    await using store = await open();
    await done(store.commit([put("/n", "0", 0)]));
    const raise = async (): Promise<void> => {
      for (;;) {
        const entry = await store.get("/n");
        const next = String(Number(decoder.decode(entry?.value)) + 1);
        if ((await store.commit([put("/n", next, entry?.revision)])).done) return;
      }
    };
    await Promise.all(Array.from({ length: 25 }, raise));
    expect(await names(store, "/n")).toEqual(["/n=25"]);
  });

  test("bytes of all values and of 1.5 MB come back", async () => {
    await using store = await open();
    const value = new Uint8Array(1_500_000).map((_, at) => at % 256);
    await done(store.commit([{ change: { type: "put", key: "/big", value }, expected: 0 }]));
    expect(Bun.hash((await store.get("/big"))?.value ?? "")).toBe(Bun.hash(value));
  });

  test("deleting what is not there is no change", async () => {
    await using store = await open();
    await done(store.commit([put("/a", "1")]));
    const before = await store.currentRevision();
    await done(store.commit([remove("/none")]));
    const next = await done(store.commit([put("/b", "1")]));
    const events = await readUntil(store, "/", { after: before, until: next });
    expect(events.map(show)).toEqual(["/b=1"]);
  });
}

function testLists(open: () => Promise<Store>): void {
  test("a list has the keys of its prefix, in the order of their bytes", async () => {
    await using store = await open();
    const keys = [
      "/p/b",
      "/p/a/z",
      "/p/a-b",
      "/q/a",
      "/p/a",
      "/pp/x",
      "/p/\u{e000}",
      "/p/\u{1f600}",
    ];
    for (const key of keys) await done(store.commit([put(key, "v", 0)]));
    const page = await store.list("/p/");
    expect(page.entries.map(({ key }) => key)).toEqual([
      "/p/a",
      "/p/a-b",
      "/p/a/z",
      "/p/b",
      "/p/\u{e000}",
      "/p/\u{1f600}",
    ]);
    expect([page.remaining, page.revision]).toEqual([0, await store.currentRevision()]);
  });

  test("an empty list has the revision of the store", async () => {
    await using store = await open();
    const revision = await done(store.commit([put("/a/x", "1")]));
    expect(await store.list("/none/")).toEqual({ entries: [], revision, remaining: 0 });
  });

  test("pages have a limit, a place to go on and a count of what follows", async () => {
    await using store = await open();
    await done(store.commit(["a", "b", "c", "d", "e"].map((key) => put(`/p/${key}`, key, 0))));
    const first = await store.list("/p/", { limit: 2 });
    expect([first.entries.map(({ key }) => key), first.remaining]).toEqual([["/p/a", "/p/b"], 3]);
    const second = await store.list("/p/", { limit: 2, after: "/p/b", revision: first.revision });
    expect([second.entries.map(({ key }) => key), second.remaining]).toEqual([["/p/c", "/p/d"], 1]);
    const last = await store.list("/p/", { limit: 2, after: "/p/d", revision: first.revision });
    expect([last.entries.map(({ key }) => key), last.remaining]).toEqual([["/p/e"], 0]);
    expect((await store.list("/p/", { after: "/p/bb" })).entries.length).toBe(3);
  });

  test("a list at an earlier revision is what was there then", async () => {
    await using store = await open();
    await done(store.commit([put("/p/a", "1")]));
    const then = await done(store.commit([put("/p/b", "1")]));
    await done(store.commit([put("/p/a", "2"), put("/p/c", "1")]));
    await done(store.commit([remove("/p/b")]));
    await done(store.commit([put("/p/b", "again")]));
    expect(await names(store, "/p/", then)).toEqual(["/p/a=1", "/p/b=1"]);
    expect((await store.list("/p/", { revision: then })).revision).toBe(then);
    expect(await names(store, "/p/", 1)).toEqual([]);
    expect(await names(store, "/p/")).toEqual(["/p/a=2", "/p/b=again", "/p/c=1"]);
  });

  test("a revision that is to come is refused", async () => {
    await using store = await open();
    const ahead = (await store.currentRevision()) + 1000;
    expect(await thrownKind(() => store.list("/", { revision: ahead }))).toBe("invalid");
  });
}

function testPages(open: () => Promise<Store>): void {
  const name = (at: number): string => `/p/${String(at).padStart(3, "0")}`;

  test("pages of one revision are its state, whatever is written between them", async () => {
    await using store = await open();
    for (let at = 0; at < 60; at++) await done(store.commit([put(name(at), `${at}`)]));
    await done(store.commit([remove(name(7)), put(name(8), "8b"), put("/q/other", "x")]));
    const before = await names(store, "/p/");
    const revision = await store.currentRevision();
    const seen: string[] = [];
    for (let after = "", round = 0; ; round++) {
      const page = await store.list("/p/", { revision, limit: 7, after });
      seen.push(...page.entries.map(({ key, value }) => `${key}=${decoder.decode(value)}`));
      expect([page.revision, page.remaining]).toEqual([revision, before.length - seen.length]);
      if (page.remaining === 0) break;
      after = page.entries.at(-1)?.key ?? "";
      const at = round * 8;
      await done(store.commit([remove(name(at)), put(name(at + 2), "late"), put(name(7), "new")]));
      await done(store.commit([put(name(at), "again"), put(`${name(at + 3)}x`, "between")]));
      await done(store.commit([remove(name(at + 9)), remove(name(59 - round))]));
    }
    expect(seen).toEqual(before);
  });

  test("lists while writers work are states that were", async () => {
    await using store = await open();
    const pairs = [0, 1, 2, 3, 4].map((at) => [`/p/a${at}`, `/p/b${at}`] as const);
    for (const [a, b] of pairs) await done(store.commit([put(a, "0"), put(b, "0")]));
    const writing = new AbortController();
    const writer = async ([a, b]: readonly [string, string]): Promise<void> => {
      for (let at = 1; at <= 40; at++) {
        await done(
          store.commit(at % 5 === 4 ? [remove(a), remove(b)] : [put(a, `${at}`), put(b, `${at}`)]),
        );
      }
    };
    const reader = async (): Promise<void> => {
      while (!writing.signal.aborted) {
        const { entries, revision } = await store.list("/p/");
        const state = new Map(entries.map(({ key, value }) => [key, decoder.decode(value)]));
        for (const [a, b] of pairs) expect(state.get(a)).toBe(state.get(b));
        expect(Math.max(0, ...entries.map((entry) => entry.revision))).toBeLessThanOrEqual(
          revision,
        );
        await Bun.sleep(0);
      }
    };
    const reading = reader();
    await Promise.all(pairs.map(writer));
    writing.abort();
    await reading;
  });

  test("pages of a state that is forgotten between them are refused", async () => {
    await using store = await open();
    for (let at = 0; at < 5; at++) await done(store.commit([put(name(at), "1")]));
    const { revision } = await store.list("/p/", { limit: 2 });
    await done(store.commit([put(name(3), "2")]));
    await store.compact(await store.currentRevision());
    const next = (): Promise<unknown> => store.list("/p/", { revision, limit: 2, after: name(1) });
    expect(await thrownKind(next)).toBe("expired");
  });
}

function testWatches(open: () => Promise<Store>): void {
  test("a watch sees what came after its revision, with what was there before", async () => {
    await using store = await open();
    const after = await done(store.commit([put("/p/a", "1", 0)]));
    await done(store.commit([put("/p/a", "2")]));
    await done(store.commit([put("/q/a", "1"), put("/p/b", "1")]));
    const until = await done(store.commit([remove("/p/a")]));
    const events = await readUntil(store, "/p/", { after, until });
    expect(events.map(show)).toEqual(["/p/a=2 was 1", "/p/b=1", "/p/a deleted was 2"]);
    expect(events.at(-1)?.revision).toBe(until);
    expect(events[0]?.previous?.revision).toBe(after);
  });

  test("a watch that waits is woken by a commit, also to keys of others", async () => {
    await using store = await open();
    const after = await done(store.commit([put("/p/a", "1", 0)]));
    const waiting = firstBatch(store, "/p/", after);
    const revision = await done(store.commit([put("/q/a", "1", 0)]));
    expect(await waiting).toEqual({ events: [], revision });
  });

  test("replayed events and a list agree, while writers work", async () => {
    await using store = await open();
    const after = await store.currentRevision();
    const writer = async (id: number): Promise<void> => {
      for (let round = 0; round < 30; round++) {
        const key = `/p/${(id * 7 + round * 3) % 11}`;
        await done(store.commit([round % 4 === 3 ? remove(key) : put(key, `${id}.${round}`)]));
      }
    };
    await Promise.all([0, 1, 2, 3].map(writer));
    const page = await store.list("/p/");
    const state = new Map<string, string>();
    let last = after;
    for (const event of await readUntil(store, "/p/", { after, until: page.revision })) {
      expect(event.revision).toBeGreaterThanOrEqual(last);
      expect(decoder.decode(event.previous?.value)).toBe(state.get(event.change.key) ?? "");
      last = event.revision;
      if (event.change.type === "delete") state.delete(event.change.key);
      else state.set(event.change.key, decoder.decode(event.change.value));
    }
    const listed = page.entries.map(({ key, value }) => [key, decoder.decode(value)] as const);
    expect(Object.fromEntries(state)).toEqual(Object.fromEntries(listed));
  });
}

function testReaders(open: () => Promise<Store>): void {
  test("a watch resumes where another one ended", async () => {
    await using store = await open();
    const start = await store.currentRevision();
    const revisions: Revision[] = [];
    for (const value of ["1", "2", "3"])
      revisions.push(await done(store.commit([put("/p/a", value)])));
    const [first = 0, , until = 0] = revisions;
    const before = await readUntil(store, "/p/", { after: start, until });
    const resumed = await readUntil(store, "/p/", { after: first, until });
    expect(resumed.map(show)).toEqual(before.slice(1).map(show));
  });

  test("a slow reader misses nothing that is kept", async () => {
    await using store = await open();
    const after = await store.currentRevision();
    const stop = new AbortController();
    const batches = store.watch("/p/", { after, signal: stop.signal })[Symbol.asyncIterator]();
    const waiting = batches.next();
    let until = 0;
    for (let at = 0; at < 500; at++) until = await done(store.commit([put("/p/a", String(at))]));
    let count = 0;
    for (let next = await waiting; !next.done; next = await batches.next()) {
      count += next.value.events.length;
      if (next.value.revision >= until) stop.abort();
    }
    expect(count).toBe(500);
  });

  test("a watch ends when its signal aborts", async () => {
    await using store = await open();
    const stop = new AbortController();
    const after = await store.currentRevision();
    const batches = store.watch("/", { after, signal: stop.signal })[Symbol.asyncIterator]();
    const waiting = batches.next();
    stop.abort();
    expect((await waiting).done).toBe(true);
  });
}

function testCompaction(open: () => Promise<Store>): void {
  test("states before the revision are forgotten, the present one stays", async () => {
    await using store = await open();
    const first = await done(store.commit([put("/p/a", "1"), put("/p/b", "1")]));
    const second = await done(store.commit([put("/p/a", "2")]));
    const third = await done(store.commit([put("/p/a", "3")]));
    await store.compact(second);
    expect(await thrownKind(() => store.list("/p/", { revision: first }))).toBe("expired");
    expect(await thrownKind(() => firstBatch(store, "/p/", first))).toBe("expired");
    expect(await names(store, "/p/", second)).toEqual(["/p/a=2", "/p/b=1"]);
    expect(await names(store, "/p/")).toEqual(["/p/a=3", "/p/b=1"]);
    const events = await readUntil(store, "/p/", { after: second, until: third });
    expect(events.map(show)).toEqual(["/p/a=3 was 2"]);
  });

  test("compacting everything, twice, and what is to come, leaves the present", async () => {
    await using store = await open();
    const revision = await done(store.commit([put("/p/a", "1")]));
    await store.compact(revision + 100);
    await store.compact(1);
    expect(await names(store, "/p/")).toEqual(["/p/a=1"]);
    const next = await done(store.commit([put("/p/a", "2", revision)]));
    expect(next).toBeGreaterThan(revision);
  });

  test("a reader that stands still while states are forgotten is told so", async () => {
    await using store = await open();
    const after = await done(store.commit([put("/p/a", "1")]));
    const signal = AbortSignal.timeout(10_000);
    const batches = store.watch("/p/", { after, signal })[Symbol.asyncIterator]();
    const waiting = batches.next();
    await done(store.commit([put("/p/a", "2")]));
    await waiting;
    for (let at = 0; at < 3000; at++) await done(store.commit([put("/p/a", String(at))]));
    await store.compact(await store.currentRevision());
    expect(
      await thrownKind(async () => {
        for (let next = await batches.next(); !next.done; next = await batches.next());
      }),
    ).toBe("expired");
  });
}

import { expect, test } from "bun:test";
import type { Clock } from "@shared/base";
import { compactPeriodically } from "./compact-periodically.ts";
import { MemoryStore } from "./memory/memory-store.ts";

/** Ticks when it is told to: each sleep ends with the next one. */
class Ticks implements Clock {
  #next = Promise.withResolvers<void>();
  #asleep = Promise.withResolvers<void>();

  now(): number {
    return 0;
  }

  async sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    this.#asleep.resolve();
    const aborted = new Promise<void>((_resolve, reject) => {
      signal?.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
    });
    await Promise.race([this.#next.promise, aborted]);
  }

  /** Lets the sleeper go on, and waits until it sleeps again. */
  async tick(): Promise<void> {
    await this.#asleep.promise;
    this.#asleep = Promise.withResolvers<void>();
    const { resolve } = this.#next;
    this.#next = Promise.withResolvers<void>();
    resolve();
    await this.#asleep.promise;
  }
}

async function oldest(store: MemoryStore): Promise<number> {
  const current = await store.currentRevision();
  for (let revision = 1; revision <= current; revision++) {
    const isKept = await store.list("/", { revision }).then(
      () => true,
      () => false,
    );
    if (isKept) return revision;
  }
  return 0;
}

async function write(store: MemoryStore): Promise<void> {
  const change = { type: "put" as const, key: "/a", value: new Uint8Array(1) };
  await store.commit([{ change, expected: undefined }]);
}

test("what was there one interval ago stays, what was before is forgotten", async () => {
  await using store = new MemoryStore();
  const clock = new Ticks();
  const stop = new AbortController();
  const failed: unknown[] = [];
  const running = compactPeriodically(store, {
    clock,
    intervalMs: 1,
    signal: stop.signal,
    failed: (error) => failed.push(error),
  });
  await write(store);
  await write(store);
  await clock.tick();
  await write(store);
  expect(await oldest(store)).toBe(1);
  await clock.tick();
  expect(await oldest(store)).toBe(3);
  await write(store);
  await clock.tick();
  expect(await oldest(store)).toBe(4);
  stop.abort();
  await running;
  expect(failed).toEqual([]);
});

test("a compaction that fails is told, and tried again", async () => {
  await using store = new MemoryStore();
  const clock = new Ticks();
  const stop = new AbortController();
  const failed: unknown[] = [];
  let fails = true;
  const broken = {
    ...{ commit: store.commit.bind(store), get: store.get.bind(store) },
    list: store.list.bind(store),
    watch: store.watch.bind(store),
    currentRevision: () => store.currentRevision(),
    compact: (before: number) => {
      if (fails) throw new Error("the disk is gone");
      return store.compact(before);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const options = { clock, intervalMs: 1, signal: stop.signal };
  const running = compactPeriodically(broken, {
    ...options,
    failed: (error) => failed.push(error),
  });
  await write(store);
  await clock.tick();
  await clock.tick();
  expect(failed.length).toBe(1);
  fails = false;
  await clock.tick();
  expect(await oldest(store)).toBe(2);
  stop.abort();
  await running;
});

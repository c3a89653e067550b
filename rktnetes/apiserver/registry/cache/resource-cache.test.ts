import { expect, test } from "bun:test";
import type { StoreEvent } from "../../storage/store.ts";
import { ResourceCache } from "./resource-cache.ts";

const PREFIX = "/registry/core/configmaps/";
const FIRST = 10;

function event(revision: number, sizeBytes: number): StoreEvent {
  const metadata = { name: "a", uid: "u" };
  const value = JSON.stringify({ kind: "ConfigMap", metadata, data: { k: "x".repeat(sizeBytes) } });
  const change = { type: "put", key: `${PREFIX}n/a`, value: Buffer.from(value) } as const;
  return { revision, change, previous: undefined };
}

function cacheAfter(count: number, sizeBytes: number): ResourceCache {
  const cache = new ResourceCache(PREFIX, { entries: [], revision: FIRST } as never);
  for (let at = 1; at <= count; at++) cache.apply([event(FIRST + at, sizeBytes)]);
  return cache;
}

test("small events are kept by the thousand", () => {
  const kept = cacheAfter(4000, 10).eventsAfter(FIRST, PREFIX);
  expect(kept?.length).toBe(4000);
});

test("large ones are not: memory is bounded, the last ones are there", () => {
  const cache = cacheAfter(100, 1_000_000);
  expect(cache.eventsAfter(FIRST, PREFIX)).toBeUndefined();
  expect(cache.eventsAfter(FIRST + 97, PREFIX)?.map(({ revision }) => revision)).toEqual([
    FIRST + 98,
    FIRST + 99,
    FIRST + 100,
  ]);
});

test("an event that is larger than all that may be kept is still told and then forgotten", () => {
  const cache = cacheAfter(1, 30_000_000);
  expect(cache.eventsAfter(FIRST, PREFIX)).toBeUndefined();
  expect(cache.eventsAfter(FIRST + 1, PREFIX)).toEqual([]);
});

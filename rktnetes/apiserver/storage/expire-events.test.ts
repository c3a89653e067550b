import { expect, test } from "bun:test";
import type { Clock } from "@shared/base";
import { expireEvents } from "./expire-events.ts";
import { MemoryStore } from "./memory/memory-store.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.parse("2030-01-01T12:00:00Z");

function event(created: string, ...written: readonly string[]): Buffer {
  const managedFields = written.map((time) => ({ manager: "m", time }));
  const metadata = { name: "e", uid: "u", creationTimestamp: created, managedFields };
  const note = 'it says "creationTimestamp":"2001-01-01T00:00:00Z"';
  return Buffer.from(JSON.stringify({ kind: "Event", apiVersion: "v1", metadata, note }));
}

test("events go an hour after their last write, and nothing else goes", async () => {
  await using store = new MemoryStore();
  const objects: readonly (readonly [key: string, value: Buffer])[] = [
    ["core/events/default/old", event("2030-01-01T10:59:59Z", "2030-01-01T10:59:59Z")],
    ["core/events/default/old-bare", event("2029-01-01T00:00:00Z")],
    ["core/events/default/repeated", event("2030-01-01T08:00:00Z", "2030-01-01T11:30:00Z")],
    ["core/events/default/young", event("2030-01-01T11:00:01Z")],
    ["core/events/other/old", event("2030-01-01T10:00:00Z", "")],
    ["core/configmaps/default/old", event("2029-01-01T00:00:00Z")],
    ...Array.from({ length: 250 }, (_, at): [string, Buffer] => [
      `core/events/many/${at}`,
      event("2030-01-01T01:00:00Z"),
    ]),
  ];
  for (const [key, value] of objects) {
    await store.commit([{ change: { type: "put", key: `/registry/${key}`, value }, expected: 0 }]);
  }
  const stop = new AbortController();
  let rounds = 0;
  const clock: Clock = {
    now: () => NOW_MS,
    sleep: async () => {
      await Promise.resolve();
      if (rounds++ > 0) stop.abort();
    },
  };
  const failed = (error: unknown): never => {
    throw error;
  };
  const times = { ttlMs: HOUR_MS, intervalMs: 1 };
  await expireEvents(store, { clock, ...times, signal: stop.signal, failed });
  const { entries } = await store.list("/registry/");
  expect(entries.map(({ key }) => key)).toEqual([
    "/registry/core/configmaps/default/old",
    "/registry/core/events/default/repeated",
    "/registry/core/events/default/young",
  ]);
});

import { expect, test } from "bun:test";
import { testStore } from "../testsuite.ts";
import { MemoryStore } from "./memory-store.ts";

testStore("memory", () => Promise.resolve(new MemoryStore()));

test("the log of events is bounded", async () => {
  await using store = new MemoryStore({ eventsMax: 10 });
  for (let at = 0; at < 50; at++) {
    await store.commit([
      { change: { type: "put", key: "/a", value: new Uint8Array([at]) }, expected: undefined },
    ]);
  }
  const old = store.list("/", { revision: 3 });
  expect(await old.catch((error: { kind: string }) => error.kind)).toBe("expired");
  expect((await store.list("/", { revision: 45 })).entries[0]?.value[0]).toBe(43);
});

import { describe, expect, test } from "bun:test";
import { systemClock } from "@shared/base";
import { MemoryStore } from "../storage/memory/memory-store.ts";
import { bootstrap, bootstrapWrites } from "./bootstrap.ts";

const HOST = {
  clock: systemClock,
  uuid: () => crypto.randomUUID(),
  letters: (count: number) => "x".repeat(count),
  random: () => 0.5,
};

describe("bootstrap", () => {
  test("every object is whole and lies where its kind lies", () => {
    const writes = bootstrapWrites(HOST);
    const keys = new Set<string>();
    const uids = new Set<string>();
    for (const { change } of writes) {
      if (change.type !== "put") throw new Error("not a put");
      const text = Buffer.from(change.value).toString();
      expect(text).not.toMatch(/<[a-z]+( \d+)?>/);
      const object = JSON.parse(text) as { metadata: { name: string; uid: string } };
      expect(change.key.endsWith(`/${object.metadata.name}`)).toBe(true);
      keys.add(change.key);
      uids.add(object.metadata.uid);
    }
    expect(keys.size).toBe(writes.length);
    expect(uids.size).toBe(writes.length);
    expect(keys.has("/registry/rbac.authorization.k8s.io/clusterroles/cluster-admin")).toBe(true);
    expect(keys.has("/registry/core/namespaces/default")).toBe(true);
  });

  test("a second start writes nothing", async () => {
    await using store = new MemoryStore();
    await bootstrap(store, HOST);
    const revision = await store.currentRevision();
    await bootstrap(store, HOST);
    expect(await store.currentRevision()).toBe(revision);
  });
});

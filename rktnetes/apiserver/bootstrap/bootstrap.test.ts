import { describe, expect, test } from "bun:test";
import { systemClock } from "@shared/base";
import { MemoryStore } from "../storage/memory/memory-store.ts";
import type { CommitResult, Write } from "../storage/store.ts";
import { bootstrap, bootstrapWrites } from "./bootstrap.ts";

const HOST = {
  clock: systemClock,
  uuid: () => crypto.randomUUID(),
  letters: (count: number) => "x".repeat(count),
  random: () => 0.5,
};

const RANGES = ["10.0.0.0/24", "fd00::/112"];

describe("bootstrap", () => {
  test("every object is whole and lies where its kind lies", () => {
    const writes = bootstrapWrites(HOST, RANGES);
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

  test("services have the addresses that were asked for", () => {
    const key = "/registry/networking.k8s.io/servicecidrs/kubernetes";
    const write = bootstrapWrites(HOST, RANGES).find(({ change }) => change.key === key);
    const text = write?.change.type === "put" ? Buffer.from(write.change.value).toString() : "{}";
    expect((JSON.parse(text) as { spec: unknown }).spec).toEqual({ cidrs: RANGES });
  });

  test("a second start writes nothing", async () => {
    await using store = new MemoryStore();
    await bootstrap(store, HOST, RANGES);
    const revision = await store.currentRevision();
    await bootstrap(store, HOST, RANGES);
    expect(await store.currentRevision()).toBe(revision);
  });

  test("a server that was killed between two commits is repaired by the next one", async () => {
    for (let commits = 0; commits < 8; commits++) {
      await using store = new DyingStore(commits);
      const first = bootstrap(store, HOST, RANGES).then(
        () => "done",
        () => "killed",
      );
      expect(await first).toBe(commits < 7 ? "killed" : "done");
      store.left = Number.POSITIVE_INFINITY;
      await bootstrap(store, HOST, RANGES);
      const { entries } = await store.list("/registry/");
      expect(entries.length).toBe(bootstrapWrites(HOST, RANGES).length);
    }
  });

  test("two servers that begin at once write each object once", async () => {
    await using store = new DyingStore(Number.POSITIVE_INFINITY);
    await Promise.all([1, 2, 3].map(() => bootstrap(store, HOST, RANGES)));
    const count = bootstrapWrites(HOST, RANGES).length;
    expect((await store.list("/registry/")).entries.length).toBe(count);
    expect(await store.currentRevision()).toBe(count + 1);
  });
});

/** Takes few writes at once, and dies after so many commits. */
class DyingStore extends MemoryStore {
  readonly writesMax = 30;
  left: number;

  constructor(left: number) {
    super();
    this.left = left;
  }

  override async commit(writes: readonly Write[]): Promise<CommitResult> {
    await Bun.sleep(0);
    if (this.left-- <= 0) throw new Error("killed");
    expect(writes.length).toBeLessThanOrEqual(this.writesMax);
    return await super.commit(writes);
  }
}

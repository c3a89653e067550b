/**
 * What holds for every list and watch, whatever is written meanwhile: random writes, watchers that
 * begin and resume anywhere, pages. The numbers come from seeds that failures name.
 */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject } from "@rktnetes/api/schema";
import { systemClock } from "@shared/base";
import { MemoryStore } from "../storage/memory/memory-store.ts";
import { SqliteStore } from "../storage/sqlite/sqlite-store.ts";
import { type Cluster, openCluster } from "../testing/cluster.ts";
import { Random } from "../testing/hostile/random.ts";
import type { Notice } from "./cache/cache-event.ts";
import type { CachedObject } from "./cache/cached-object.ts";
import { create } from "./create.ts";
import { deleteObject } from "./delete.ts";
import { list } from "./list.ts";
import { readDeleteOptions } from "./options/delete-options.ts";
import { readListQuery } from "./options/list-options.ts";
import type { Resource } from "./resource.ts";
import { update } from "./update.ts";
import { openWatch } from "./watch.ts";

const NAMESPACE = "n";
const NAMES = ["a", "b", "c", "d", "e", "f"];
const TERMS = ["app=x", "app!=x", "app in (x,y)", "app notin (y,z)", "app", "!app", "app==z"];
const FIELDS = ["", "metadata.name=a", "metadata.name!=b"];
const WRITES = 120;

/** No term, one, or several that must all hold. */
function selectorOf(random: Random): string {
  return Array.from({ length: random.below(3) }, () => random.pick(TERMS)).join(",");
}

interface World extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly resource: Resource;
}

type StoreName = "memory" | "sqlite";

async function open(name: StoreName): Promise<World> {
  const directory = name === "sqlite" ? mkdtempSync(join(tmpdir(), "properties-")) : undefined;
  const store =
    directory === undefined ? new MemoryStore() : SqliteStore.open(join(directory, "state.db"));
  const cluster = await openCluster(systemClock, store);
  const namespaces = await cluster.resource("", "namespaces");
  await create(cluster.registry, namespaces, { metadata: { name: NAMESPACE } }, cluster.request());
  const resource = await cluster.resource("", "configmaps");
  return {
    cluster,
    resource,
    [Symbol.asyncDispose]: async () => {
      await cluster[Symbol.asyncDispose]();
      if (directory !== undefined) rmSync(directory, { recursive: true });
    },
  };
}

/** One client: creates, changes and deletes; that another was quicker is normal. */
async function writeSomething({ cluster, resource }: World, random: Random): Promise<void> {
  const name = random.pick(NAMES);
  const app = random.pick(["x", "y", "z", ""]);
  const labels: JsonObject = app === "" ? {} : { app };
  const object = {
    metadata: { name, namespace: NAMESPACE, labels },
    data: { k: `${random.below(9)}` },
  };
  const request = cluster.request({ namespace: NAMESPACE, name });
  const { registry } = cluster;
  const way = random.below(5);
  const write =
    way === 0
      ? deleteObject(registry, resource, {
          ...request,
          options: readDeleteOptions(undefined, new URLSearchParams()),
        })
      : way < 3
        ? create(registry, resource, object, request)
        : update(registry, resource, {
            ...request,
            mayCreate: false,
            change: () => structuredClone(object),
          });
  await Promise.resolve(write).catch((error: { readonly failure?: { readonly code: number } }) => {
    expect([404, 409]).toContain(error.failure?.code ?? 500);
  });
}

/** What a client that follows a watch believes is there: resource versions by key. */
type Belief = Map<string, number>;

interface Watcher {
  readonly belief: Belief;
  /** Of the last thing that was told. */
  last: number;
  readonly stop: AbortController;
}

function believe(watcher: Watcher, { type, object }: Notice): void {
  expect(object.revision).toBeGreaterThan(watcher.last);
  watcher.last = object.revision;
  const isKnown = watcher.belief.has(object.key);
  expect(isKnown).toBe(type !== "ADDED");
  if (type === "DELETED") watcher.belief.delete(object.key);
  else watcher.belief.set(object.key, object.revision);
}

/** @param from the state that the client knows; undefined to be told it */
async function follow(
  { cluster, resource }: World,
  text: string,
  from?: Watcher,
): Promise<Watcher> {
  const watcher: Watcher = {
    belief: new Map(from?.belief),
    last: from?.last ?? 0,
    stop: new AbortController(),
  };
  const begin = (objects: readonly CachedObject[]): Promise<void> => {
    for (const { key, revision } of objects) watcher.belief.set(key, revision);
    return Promise.resolve();
  };
  const search = new URLSearchParams(`${text}&allowWatchBookmarks=true`);
  if (from !== undefined) search.set("resourceVersion", String(from.last));
  const run = await openWatch(cluster.registry, resource, {
    namespace: NAMESPACE,
    query: readListQuery(search, true),
    signal: watcher.stop.signal,
    sink: {
      initial: begin,
      room: () => Promise.resolve(),
      cut: () => expect.unreachable(),
      end: () => undefined,
      bookmark: (revision) => {
        watcher.last = Math.max(watcher.last, revision);
      },
      events: (events) => {
        for (const { notice } of events) believe(watcher, notice);
      },
      error: ({ message }) => expect.unreachable(message),
    },
  });
  void run();
  return watcher;
}

async function listed({ cluster, resource }: World, text: string): Promise<Belief> {
  const query = readListQuery(new URLSearchParams(text), false);
  const { objects, revision } = await list(cluster.registry, resource, NAMESPACE, query);
  for (const object of objects) expect(object.revision).toBeLessThanOrEqual(revision);
  return new Map(objects.map((object) => [object.key, object.revision]));
}

const sorted = (belief: Belief): unknown =>
  [...belief].map(([key, revision]) => `${key} ${revision}`).toSorted();

const runs: readonly (readonly [StoreName, number])[] = [
  ...([1, 2, 3, 4] as const).map((seed) => ["memory", seed] as const),
  ...([5, 6] as const).map((seed) => ["sqlite", seed] as const),
];

for (const [store, seed] of runs) {
  test(`whoever follows a watch believes what a list says (${store}, ${seed})`, async () => {
    await using world = await open(store);
    const random = new Random(seed);
    const watched: { readonly text: string; watcher: Watcher }[] = [];
    for (let step = 0; step < WRITES; step++) {
      await Promise.all([writeSomething(world, random), writeSomething(world, random)]);
      if (random.once(8)) {
        const labels = encodeURIComponent(selectorOf(random));
        const text = `labelSelector=${labels}&fieldSelector=${random.pick(FIELDS)}`;
        watched.push({ text, watcher: await follow(world, text) });
      }
      const resumed = random.once(4) && watched.length > 0 ? random.pick(watched) : undefined;
      if (resumed === undefined) continue;
      resumed.watcher.stop.abort();
      if (random.once(2)) await writeSomething(world, random);
      resumed.watcher = await follow(world, resumed.text, resumed.watcher);
    }
    await world.cluster.registry.hub.catchUp();
    await Bun.sleep(5);
    expect(watched.length).toBeGreaterThan(3);
    for (const { text, watcher } of watched) {
      expect(sorted(watcher.belief), text).toEqual(sorted(await listed(world, text)));
      watcher.stop.abort();
    }
  });

  test(`pages show one moment, whatever is written between (${store}, ${seed})`, async () => {
    await using world = await open(store);
    const { cluster, resource } = world;
    const random = new Random(seed);
    for (let step = 0; step < WRITES / 4; step++) await writeSomething(world, random);
    const labels = encodeURIComponent(selectorOf(random));
    const whole = await listed(world, `labelSelector=${labels}`);
    const paged: Belief = new Map();
    let token = "";
    do {
      const text = `labelSelector=${labels}&limit=2&continue=${token}`;
      const query = readListQuery(new URLSearchParams(text), false);
      const page = await list(cluster.registry, resource, NAMESPACE, query);
      for (const { key, revision } of page.objects) {
        expect(paged.has(key)).toBe(false);
        paged.set(key, revision);
      }
      token = page.continue;
      for (let more = 0; more < 5; more++) await writeSomething(world, random);
    } while (token !== "");
    expect(sorted(paged)).toEqual(sorted(whole));
  });
}

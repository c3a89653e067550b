/** Watches whose clients read slowly: nothing is lost, in order, or the watch ends. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Cluster, openCluster } from "../testing/cluster.ts";
import { create } from "./create.ts";
import { readListQuery } from "./options/list-options.ts";
import type { Resource } from "./resource.ts";
import { openWatch, type WatchSink } from "./watch.ts";

let cluster: Cluster;
let resource: Resource;

beforeAll(async () => {
  cluster = await openCluster();
  resource = await cluster.resource("", "configmaps");
  const namespaces = await cluster.resource("", "namespaces");
  for (const name of ["old", "many"]) {
    await create(cluster.registry, namespaces, { metadata: { name } }, cluster.request());
  }
});

afterAll(async () => await cluster[Symbol.asyncDispose]());

async function write(namespace: string, name: string, sizeBytes = 0): Promise<void> {
  const object = { metadata: { name, namespace }, data: { k: "x".repeat(sizeBytes) } };
  await create(cluster.registry, resource, object, cluster.request({ namespace }));
}

interface Slow {
  readonly names: string[];
  /** Lets the client read on for ever. */
  read(): void;
  readonly cut: Promise<void>;
  readonly stop: AbortController;
}

/** A client that reads nothing until it is told to. */
async function watchSlowly(namespace: string, from: number | undefined): Promise<Slow> {
  const names: string[] = [];
  const reading = Promise.withResolvers<void>();
  const cut = Promise.withResolvers<void>();
  const stop = new AbortController();
  const sink: WatchSink = {
    initial: async (objects) => {
      for (const { key } of objects) names.push(key.slice(key.lastIndexOf("/") + 1));
      await reading.promise;
    },
    room: async () => await reading.promise,
    cut: () => {
      cut.resolve();
      stop.abort();
    },
    bookmark: () => names.push("BOOKMARK"),
    events: (events) => {
      for (const { event } of events) names.push(event.key.slice(event.key.lastIndexOf("/") + 1));
    },
    error: ({ message }) => names.push(message),
    end: () => names.push("END"),
  };
  const text = from === undefined ? "allowWatchBookmarks=true" : `resourceVersion=${from}`;
  const query = readListQuery(new URLSearchParams(text), true);
  const request = { namespace, query, sink, signal: stop.signal };
  void (await openWatch(cluster.registry, resource, request))();
  return { names, read: reading.resolve, cut: cut.promise, stop };
}

async function seen(): Promise<void> {
  await cluster.registry.hub.catchUp();
  await Bun.sleep(1);
}

test("what comes while the beginning is sent follows it", async () => {
  await write("old", "a");
  const slow = await watchSlowly("old", undefined);
  await write("old", "b");
  await write("old", "c");
  await seen();
  expect(slow.names).toEqual(["a"]);
  slow.read();
  await seen();
  await write("old", "d");
  await seen();
  expect(slow.names).toEqual(["a", "BOOKMARK", "b", "c", "d"]);
  slow.stop.abort();
});

test("a client far behind gets the past in pieces; when too much comes it is cut off", async () => {
  const { revision } = cluster.registry.hub;
  for (let at = 0; at < 10; at++) await write("many", `past-${at}`, 400_000);
  await seen();
  const slow = await watchSlowly("many", revision);
  await seen();
  expect(slow.names).toEqual(["past-0", "past-1"]);
  for (let at = 0; at < 30; at++) await write("many", `new-${at}`, 400_000);
  await slow.cut;
  expect(slow.names).toEqual(["past-0", "past-1"]);
});

/** The registry on the store in memory: what tests of the whole server cannot bring about. */
import { expect, test } from "bun:test";
import { findKind } from "@rktnetes/api/kinds";
import type { JsonObject } from "@rktnetes/api/schema";
import type { StatusFault } from "@rktnetes/api/status-fault";
import { systemClock } from "@shared/base";
import { Admission } from "../admission/admission.ts";
import type { ServerHost } from "../host.ts";
import { MemoryStore } from "../storage/memory/memory-store.ts";
import { Hub } from "./cache/hub.ts";
import { create } from "./create.ts";
import { deleteObject } from "./delete.ts";
import { list } from "./list.ts";
import { type ListQuery, readListQuery } from "./options/list-options.ts";
import { readDeleteOptions } from "./options/delete-options.ts";
import { Registry } from "./registry.ts";
import type { Resource } from "./resource.ts";
import { update } from "./update.ts";
import { openWatch } from "./watch.ts";
import type { WriteRequest } from "./written.ts";

interface World extends AsyncDisposable {
  readonly store: MemoryStore;
  readonly registry: Registry;
  readonly configMaps: Resource;
}

async function openWorld(letters: () => string = () => "abcde"): Promise<World> {
  const store = new MemoryStore();
  const hub = await Hub.open(store);
  const host: ServerHost = {
    clock: systemClock,
    uuid: () => crypto.randomUUID(),
    letters,
    random: () => 0.5,
  };
  const registry = new Registry({ hub, host, admission: new Admission([]) });
  const kind = findKind("", "v1", "configmaps");
  if (kind === undefined) throw new Error("no ConfigMap");
  const configMaps = await registry.resource(kind);
  const close = async (): Promise<void> => {
    await hub[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  };
  return { store, registry, configMaps, [Symbol.asyncDispose]: close };
}

function request(name: string): WriteRequest {
  const user = { name: "u", uid: "", groups: [], extra: {} };
  const rest = { subresource: "", dryRun: false, user, fieldManager: "test" };
  return { namespace: "n", name, ...rest, warn: () => undefined };
}

async function put({ registry, configMaps }: World, name: string, value = "1"): Promise<string> {
  const object: JsonObject = { metadata: { name, labels: { v: value } }, data: { v: value } };
  const { object: made } = await create(registry, configMaps, object, request(name));
  return String(made.revision);
}

async function change(world: World, name: string, value: string): Promise<number> {
  const { object } = await update(world.registry, world.configMaps, {
    ...request(name),
    change: (current) => ({
      ...current,
      metadata: { ...(current?.["metadata"] as JsonObject), labels: { v: value } },
      data: { v: value },
    }),
    mayCreate: false,
  });
  return object.revision;
}

function query(text: string): ListQuery {
  return readListQuery(new URLSearchParams(text), false);
}

/** All notices of a watch until nothing more comes, as `TYPE name value`. */
async function watched(world: World, text: string, act: () => Promise<void>): Promise<string[]> {
  const stop = new AbortController();
  const lines: string[] = [];
  const say = (type: string, object: JsonObject): void => {
    const { metadata, data } = object as Record<string, Record<string, string>>;
    lines.push(`${type} ${metadata?.["name"]} ${data?.["v"]}`);
  };
  const run = await openWatch(world.registry, world.configMaps, {
    namespace: "n",
    query: readListQuery(new URLSearchParams(text), true),
    signal: stop.signal,
    sink: {
      end: () => undefined,
      initial: (objects) => {
        for (const { object } of objects) say("ADDED", object);
        return Promise.resolve();
      },
      room: () => Promise.resolve(),
      cut: () => undefined,
      bookmark: (_revision, ends) => lines.push(ends ? "INITIAL END" : "BOOKMARK"),
      events: (events) => events.forEach(({ notice }) => say(notice.type, notice.object.object)),
      error: ({ failure }) => lines.push(`ERROR ${failure.code} ${failure.reason}`),
    },
  });
  const running = run();
  await act();
  await world.registry.hub.catchUp();
  stop.abort();
  await running;
  return lines;
}

const nothing = async (): Promise<void> => {};

test("a write that changes nothing makes no revision", async () => {
  await using world = await openWorld();
  await put(world, "a");
  const before = await world.store.currentRevision();
  await change(world, "a", "1");
  expect(await world.store.currentRevision()).toBe(before);
});

test("of concurrent changes none is lost", async () => {
  await using world = await openWorld();
  await put(world, "a", "0");
  const raise = async (): Promise<void> => {
    for (;;) {
      try {
        await update(world.registry, world.configMaps, {
          ...request("a"),
          change: (current) => {
            const data = (current?.["data"] ?? {}) as JsonObject;
            return { ...current, data: { v: String(Number(data["v"]) + 1) } };
          },
          mayCreate: false,
        });
        return;
      } catch (error) {
        if ((error as StatusFault).failure?.code !== 409) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: 20 }, raise));
  const found = await world.registry.find(world.configMaps, "n", "a");
  expect(found?.object["data"]).toEqual({ v: "20" });
});

test("a generated name that is taken is chosen anew, but not for ever", async () => {
  const suffixes = ["aaaaa", "aaaaa", "bbbbb"];
  await using world = await openWorld(() => suffixes.shift() ?? "ccccc");
  const make = async (): Promise<unknown> => {
    const object: JsonObject = { metadata: { generateName: "g-" } };
    const { object: made } = await create(world.registry, world.configMaps, object, request(""));
    return (made.object["metadata"] as JsonObject)["name"];
  };
  expect([await make(), await make(), await make()]).toEqual(["g-aaaaa", "g-bbbbb", "g-ccccc"]);
  expect(await make().catch((error: StatusFault) => error.failure.reason)).toBe("AlreadyExists");
});

test("a selector turns changes into ADDED and DELETED", async () => {
  await using world = await openWorld();
  await put(world, "a", "in");
  const lines = await watched(world, "labelSelector=v%3Din", async () => {
    await change(world, "a", "out");
    await change(world, "a", "out2");
    await change(world, "a", "in");
  });
  expect(lines).toEqual(["ADDED a in", "DELETED a in", "ADDED a in"]);
});

test("a watch goes on where another one ended, also before the cache was filled", async () => {
  await using world = await openWorld();
  const first = await put(world, "a", "1");
  await change(world, "a", "2");
  const options = readDeleteOptions(undefined, new URLSearchParams());
  await deleteObject(world.registry, world.configMaps, { ...request("a"), options });
  const wanted = ["MODIFIED a 2", "DELETED a 2"];
  expect(await watched(world, `resourceVersion=${first}`, nothing)).toEqual(wanted);
  await using late = await Hub.open(world.store);
  const registry = new Registry({
    hub: late,
    host: world.registry.host,
    admission: new Admission([]),
  });
  expect(await watched({ ...world, registry }, `resourceVersion=${first}`, nothing)).toEqual(
    wanted,
  );
});

test("a watch from a forgotten revision is one error event", async () => {
  await using world = await openWorld();
  const first = await put(world, "a", "1");
  const last = await change(world, "a", "2");
  await world.store.compact(last);
  await using late = await Hub.open(world.store);
  const registry = new Registry({
    hub: late,
    host: world.registry.host,
    admission: new Admission([]),
  });
  const lines = await watched({ ...world, registry }, `resourceVersion=${first}`, nothing);
  expect(lines).toEqual(["ERROR 410 Expired"]);
});

test("a watch that begins with a list says where the list ends", async () => {
  await using world = await openWorld();
  await put(world, "a");
  const asks = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
  const lines = await watched(world, asks, async () => void (await put(world, "b")));
  expect(lines).toEqual(["ADDED a 1", "INITIAL END", "ADDED b 1"]);
});

test("pages show the revision of the first one; a forgotten one can be gone on with", async () => {
  await using world = await openWorld();
  for (const name of ["a", "b", "c"]) await put(world, name);
  const first = await list(world.registry, world.configMaps, "n", query("limit=1"));
  await put(world, "bb");
  const next = query(`limit=5&continue=${first.continue}`);
  const second = await list(world.registry, world.configMaps, "n", next);
  expect(second.objects.map(({ key }) => key.slice(-2))).toEqual(["/b", "/c"]);
  expect(second.revision).toBe(first.revision);
  await world.store.compact(await world.store.currentRevision());
  const fault = await list(world.registry, world.configMaps, "n", next).catch(
    (error: StatusFault) => error,
  );
  const { failure } = fault as StatusFault;
  expect([failure.code, failure.reason]).toEqual([410, "Expired"]);
  const rest = query(`limit=5&continue=${failure.continue ?? ""}`);
  const third = await list(world.registry, world.configMaps, "n", rest);
  expect(third.objects.length).toBe(3);
});

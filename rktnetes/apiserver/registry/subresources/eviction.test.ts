/** Evictions and bindings on the store in memory: budgets hold, nodes are given once. */
import { expect, test } from "bun:test";
import { findKind } from "@rktnetes/api/kinds";
import type { JsonObject } from "@rktnetes/api/schema";
import type { StatusFault } from "@rktnetes/api/status-fault";
import { readList, readObject, readText } from "@rktnetes/api/strategy/object-at";
import { systemClock } from "@shared/base";
import { Admission } from "../../admission/admission.ts";
import { MemoryStore } from "../../storage/memory/memory-store.ts";
import { Hub } from "../cache/hub.ts";
import { objectKey } from "../keys.ts";
import { encodeStored } from "../object-codec.ts";
import { readDeleteOptions } from "../options/delete-options.ts";
import { Registry } from "../registry.ts";
import type { Resource } from "../resource.ts";
import type { WriteRequest } from "../written.ts";
import { bind } from "./binding.ts";
import { evict } from "./eviction.ts";

interface World extends AsyncDisposable {
  readonly registry: Registry;
  readonly pods: Resource;
  readonly budgets: Resource;
}

async function openWorld(): Promise<World> {
  const store = new MemoryStore();
  const hub = await Hub.open(store);
  const host = {
    clock: systemClock,
    uuid: () => crypto.randomUUID(),
    letters: () => "abcde",
    random: () => 0.5,
  };
  const registry = new Registry({ hub, host, admission: new Admission([]) });
  const open = async (group: string, plural: string): Promise<Resource> => {
    const kind = findKind(group, "v1", plural);
    if (kind === undefined) throw new Error(`no ${plural}`);
    return await registry.resource(kind);
  };
  const close = async (): Promise<void> => {
    await hub[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  };
  const [pods, budgets] = [await open("", "pods"), await open("policy", "poddisruptionbudgets")];
  return { registry, pods, budgets, [Symbol.asyncDispose]: close };
}

/** Straight into the store: only what is looked at is there. */
async function put(
  world: World,
  resource: Resource,
  name: string,
  rest: JsonObject,
): Promise<void> {
  const metadata = { name, namespace: "n", uid: name, labels: { app: "a" } };
  const value = encodeStored(resource, { metadata, ...rest });
  const key = objectKey(resource.prefix, "n", name);
  const { store } = world.registry.hub;
  await store.commit([{ change: { type: "put", key, value }, expected: undefined }]);
}

function request(name: string): WriteRequest {
  const user = { name: "u", uid: "", groups: [], extra: {} };
  const rest = { subresource: "eviction", dryRun: false, user, fieldManager: "test" };
  return { namespace: "n", name, ...rest, warn: () => undefined };
}

async function ask(world: World, name: string): Promise<string> {
  const options = readDeleteOptions(undefined, new URLSearchParams());
  try {
    await evict(world.registry, world.pods, { metadata: { name } }, { ...request(name), options });
    return "evicted";
  } catch (error) {
    const { failure } = error as StatusFault;
    return `${failure.code} ${failure.details?.causes?.[0]?.message ?? failure.message}`;
  }
}

const RUNNING: JsonObject = {
  spec: { nodeName: "x", containers: [{ name: "c", image: "i" }] },
  status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
};

function budget(allowed: number): JsonObject {
  const status = { disruptionsAllowed: allowed, currentHealthy: 2, desiredHealthy: 1 };
  return { spec: { selector: { matchLabels: { app: "a" } } }, status };
}

async function stored(world: World, resource: Resource, name: string): Promise<JsonObject> {
  return (await world.registry.find(resource, "n", name))?.copy() ?? {};
}

test("a budget allows what it has, then says what is missing", async () => {
  await using world = await openWorld();
  await put(world, world.budgets, "b", budget(1));
  for (const name of ["one", "two"]) await put(world, world.pods, name, RUNNING);
  expect(await ask(world, "one")).toBe("evicted");
  const left = readObject(await stored(world, world.budgets, "b"), "status");
  expect(left["disruptionsAllowed"] ?? 0).toBe(0);
  expect(Object.keys(readObject(left, "disruptedPods"))).toEqual(["one"]);
  expect(await ask(world, "two")).toBe(
    "429 The disruption budget b needs 1 healthy pods and has 2 currently",
  );
  const other = await stored(world, world.pods, "two");
  expect(readText(readObject(other, "metadata"), "deletionTimestamp")).toBe("");
});

test("of evictions at once only as many pass as the budget allows", async () => {
  await using world = await openWorld();
  await put(world, world.budgets, "b", budget(2));
  const names = ["a", "b", "c", "d"];
  for (const name of names) await put(world, world.pods, name, RUNNING);
  const outcomes = await Promise.all(names.map((name) => ask(world, name)));
  expect(outcomes.filter((outcome) => outcome === "evicted")).toHaveLength(2);
});

test("a pod that does not run yet asks no budget", async () => {
  await using world = await openWorld();
  await put(world, world.budgets, "b", budget(0));
  await put(world, world.pods, "p", { ...RUNNING, status: { phase: "Pending" } });
  expect(await ask(world, "p")).toBe("evicted");
});

test("an evicted pod says why it goes", async () => {
  await using world = await openWorld();
  await put(world, world.pods, "p", RUNNING);
  expect(await ask(world, "p")).toBe("evicted");
  const conditions = readList(
    readObject(await stored(world, world.pods, "p"), "status"),
    "conditions",
  );
  expect(conditions.map(({ type }) => type)).toEqual(["Ready", "DisruptionTarget"]);
});

test("a pod gets its node once", async () => {
  await using world = await openWorld();
  await put(world, world.pods, "p", { spec: { containers: [{ name: "c", image: "i" }] } });
  const target = { namespace: "n", name: "p", dryRun: false };
  const to = (node: string): Promise<void> =>
    bind(world.registry, world.pods, { metadata: { name: "p" }, target: { name: node } }, target);
  const outcomes = await Promise.allSettled([to("x"), to("y")]);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  const pod = await stored(world, world.pods, "p");
  expect(["x", "y"]).toContain(readText(readObject(pod, "spec"), "nodeName"));
  expect(readList(readObject(pod, "status"), "conditions")).toMatchObject([
    { type: "PodScheduled", status: "True" },
  ]);
});

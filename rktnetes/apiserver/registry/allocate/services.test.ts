/** Addresses and ports of services on the store in memory: nobody gets what somebody has. */
import { expect, test } from "bun:test";
import { findKind } from "@rktnetes/api/kinds";
import type { JsonObject } from "@rktnetes/api/schema";
import {
  objectAt,
  readList,
  readNumber,
  readText,
  readTexts,
} from "@rktnetes/api/strategy/object-at";
import { systemClock } from "@shared/base";
import { Admission } from "../../admission/admission.ts";
import { MemoryStore } from "../../storage/memory/memory-store.ts";
import { Hub } from "../cache/hub.ts";
import { create } from "../create.ts";
import { deleteObject } from "../delete.ts";
import { readDeleteOptions } from "../options/delete-options.ts";
import { Registry } from "../registry.ts";
import type { Resource } from "../resource.ts";
import { update } from "../update.ts";
import type { WriteRequest } from "../written.ts";
import { settleFamilies } from "./families.ts";

interface World extends AsyncDisposable {
  readonly store: MemoryStore;
  readonly registry: Registry;
  readonly services: Resource;
}

/** Chance always says the same: whoever chooses second must look further. */
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
  const kind = findKind("", "v1", "services");
  if (kind === undefined) throw new Error("no Service");
  const close = async (): Promise<void> => {
    await hub[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  };
  const services = await registry.resource(kind);
  return { store, registry, services, [Symbol.asyncDispose]: close };
}

function request(name: string, dryRun: boolean = false): WriteRequest {
  const user = { name: "u", uid: "", groups: [], extra: {} };
  const rest = { subresource: "", dryRun, user, fieldManager: "test" };
  return { namespace: "n", name, ...rest, warn: () => undefined };
}

async function make(
  world: World,
  name: string,
  spec: JsonObject,
  dryRun = false,
): Promise<JsonObject> {
  const object: JsonObject = { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } };
  const made = await create(world.registry, world.services, object, request(name, dryRun));
  return objectAt(made.object.copy(), "spec");
}

async function change(world: World, name: string, spec: JsonObject): Promise<JsonObject> {
  const { object } = await update(world.registry, world.services, {
    ...request(name),
    mayCreate: false,
    change: (current) => {
      const wanted = structuredClone(current ?? {});
      Object.assign(objectAt(wanted, "spec"), spec);
      return wanted;
    },
  });
  return objectAt(object.copy(), "spec");
}

async function remove(world: World, name: string): Promise<void> {
  const options = readDeleteOptions(undefined, new URLSearchParams());
  await deleteObject(world.registry, world.services, { ...request(name), options });
}

async function refusal(asked: Promise<unknown>): Promise<string> {
  const [outcome] = await Promise.allSettled([asked]);
  return outcome.status === "rejected" ? String(outcome.reason) : "";
}

async function held({ store }: World): Promise<string[]> {
  const keys: string[] = [];
  for (const prefix of [
    "/registry/networking.k8s.io/ipaddresses/",
    "/registry/ranges/nodeports/",
  ]) {
    const page = await store.list(prefix);
    keys.push(...page.entries.map(({ key }) => key.slice(prefix.length)));
  }
  return keys;
}

test("two services that chance gives the same address have two", async () => {
  await using world = await openWorld();
  const made = await Promise.all(["a", "b", "c"].map((name) => make(world, name, {})));
  const addresses = made.map((spec) => readText(spec, "clusterIP"));
  expect(new Set(addresses).size).toBe(3);
  expect((await held(world)).toSorted()).toEqual(addresses.toSorted());
});

test("of two that ask for one address at once, one gets it and the other hears why", async () => {
  await using world = await openWorld();
  const asked = ["a", "b"].map((name) => make(world, name, { clusterIP: "10.96.9.9" }));
  const outcomes = await Promise.allSettled(asked);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  const refused = outcomes.find(({ status }) => status === "rejected");
  expect(String((refused as PromiseRejectedResult).reason)).toContain(
    "failed to allocate IP 10.96.9.9: provided IP is already allocated",
  );
  expect(await held(world)).toEqual(["10.96.9.9"]);
});

test("a deleted service gives back its address and all its ports", async () => {
  await using world = await openWorld();
  const policy = { type: "LoadBalancer", externalTrafficPolicy: "Local" };
  const spec = await make(world, "a", policy);
  expect(await held(world)).toHaveLength(3);
  expect(spec["healthCheckNodePort"]).toBeGreaterThanOrEqual(30_086);
  await remove(world, "a");
  expect(await held(world)).toEqual([]);
});

test("a dry run takes nothing", async () => {
  await using world = await openWorld();
  const spec = await make(world, "a", { type: "NodePort" }, true);
  expect(readText(spec, "clusterIP")).not.toBe("");
  expect(await held(world)).toEqual([]);
});

test("ports come and go with the type, the address goes with a name elsewhere", async () => {
  await using world = await openWorld();
  const first = await make(world, "a", {});
  const opened = await change(world, "a", { type: "NodePort" });
  const port = readNumber(readList(opened, "ports")[0] ?? {}, "nodePort");
  expect(await held(world)).toEqual([readText(first, "clusterIP"), String(port)]);
  const closed = await change(world, "a", { type: "ClusterIP" });
  expect(readList(closed, "ports")[0]?.["nodePort"]).toBeUndefined();
  expect(await held(world)).toEqual([readText(first, "clusterIP")]);
  const named = await change(world, "a", { type: "ExternalName", externalName: "a.example.com" });
  expect(named["clusterIP"]).toBeUndefined();
  expect(await held(world)).toEqual([]);
});

test("the first address is kept for the API server", async () => {
  await using world = await openWorld();
  const asked = make(world, "a", { clusterIP: "10.96.0.1" });
  expect(await refusal(asked)).toContain("provided IP is already allocated");
});

test("one port may carry two protocols of one service, not two services", async () => {
  await using world = await openWorld();
  const port = (name: string, protocol: string): JsonObject => {
    return { name, protocol, port: 53, nodePort: 30_053 };
  };
  const ports = [port("t", "TCP"), port("u", "UDP")];
  await make(world, "a", { type: "NodePort", ports });
  const second = make(world, "b", { type: "NodePort", ports: [port("t", "TCP")] });
  expect(await refusal(second)).toContain("spec.ports[0].nodePort: Invalid value: 30053");
});

const families: readonly (readonly [
  why: string,
  spec: JsonObject,
  offered: readonly string[],
  settled: readonly string[] | string,
])[] = [
  ["the cluster's own first", {}, ["IPv4"], ["IPv4"]],
  ["preferring two is content with one", { ipFamilyPolicy: "PreferDualStack" }, ["IPv4"], ["IPv4"]],
  [
    "two where there are two",
    { ipFamilyPolicy: "PreferDualStack" },
    ["IPv6", "IPv4"],
    ["IPv6", "IPv4"],
  ],
  ["an address says its family", { clusterIPs: ["fd00::1"] }, ["IPv4", "IPv6"], ["IPv6"]],
  ["needing two of one", { ipFamilyPolicy: "RequireDualStack" }, ["IPv4"], "spec.ipFamilyPolicy"],
  ["a family that is not there", { ipFamilies: ["IPv6"] }, ["IPv4"], "spec.ipFamilies[0]"],
  ["nobody behind it", { clusterIP: "None" }, ["IPv4"], ["IPv4", "IPv6"]],
  ["a name elsewhere", { type: "ExternalName" }, ["IPv4"], []],
];

for (const [why, given, offered, settled] of families) {
  test(`families: ${why}`, () => {
    const spec: JsonObject = { type: "ClusterIP", ...given };
    const [error] = settleFamilies(spec, offered);
    if (typeof settled === "string") expect(error?.field).toBe(settled);
    else expect(readTexts(spec, "ipFamilies")).toEqual([...settled]);
  });
}

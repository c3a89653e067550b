/** A server that starts on a store that was used. */
import { expect, test } from "bun:test";
import type { JsonObject } from "@rktnetes/api/schema";
import { systemClock } from "@shared/base";
import type { ServerHost } from "../host.ts";
import { MemoryStore } from "../storage/memory/memory-store.ts";
import { bootstrap } from "./bootstrap.ts";

const HOST: ServerHost = {
  clock: systemClock,
  uuid: () => crypto.randomUUID(),
  letters: (count) => "bcdfg".slice(0, count),
  random: () => 0.5,
};
const RANGES = ["10.96.0.0/16"];
const RBAC = "/registry/rbac.authorization.k8s.io";
const DISCOVERY = `${RBAC}/clusterroles/system:discovery`;
const BINDING = `${RBAC}/clusterrolebindings/system:discovery`;

async function used(): Promise<MemoryStore> {
  const store = new MemoryStore();
  await bootstrap(store, HOST, RANGES);
  return store;
}

async function objectAt(store: MemoryStore, key: string): Promise<JsonObject> {
  const entry = await store.get(key);
  return JSON.parse(Buffer.from(entry?.value ?? "{}").toString()) as JsonObject;
}

async function change(store: MemoryStore, key: string, parts: JsonObject): Promise<void> {
  const value = Buffer.from(JSON.stringify({ ...(await objectAt(store, key)), ...parts }));
  await store.commit([{ change: { type: "put", key, value }, expected: undefined }]);
}

test("what is whole is not written to", async () => {
  await using store = await used();
  const before = await store.currentRevision();
  await bootstrap(store, HOST, RANGES);
  expect(await store.currentRevision()).toBe(before);
});

test("what is missing comes back", async () => {
  await using store = await used();
  const keys = [DISCOVERY, "/registry/core/namespaces/kube-system"];
  for (const key of keys) {
    await store.commit([{ change: { type: "delete", key }, expected: undefined }]);
  }
  await bootstrap(store, HOST, RANGES);
  for (const key of keys) expect((await objectAt(store, key))["kind"]).toBeString();
});

test("a role gets back the rules that it needs, and keeps others", async () => {
  await using store = await used();
  const own = { apiGroups: ["x"], resources: ["y"], verbs: ["get"] };
  await change(store, DISCOVERY, { rules: [own] });
  await bootstrap(store, HOST, RANGES);
  const { rules } = await objectAt(store, DISCOVERY);
  expect(rules).toContainEqual(own);
  expect(rules).toContainEqual({ nonResourceURLs: ["/apis"], verbs: ["get"] });
});

test("a binding gets back its subjects; one to another role is made anew", async () => {
  await using store = await used();
  await change(store, BINDING, { subjects: [] });
  await bootstrap(store, HOST, RANGES);
  const { subjects, roleRef } = await objectAt(store, BINDING);
  expect(subjects).toMatchObject([{ kind: "Group", name: "system:authenticated" }]);
  await change(store, BINDING, { roleRef: { kind: "ClusterRole", name: "cluster-admin" } });
  await bootstrap(store, HOST, RANGES);
  expect((await objectAt(store, BINDING))["roleRef"]).toEqual(roleRef);
});

test("who forbids it is left alone", async () => {
  await using store = await used();
  const annotations = { "rbac.authorization.kubernetes.io/autoupdate": "false" };
  await change(store, DISCOVERY, {
    metadata: { name: "system:discovery", annotations },
    rules: [],
  });
  await bootstrap(store, HOST, RANGES);
  expect((await objectAt(store, DISCOVERY))["rules"]).toEqual([]);
});

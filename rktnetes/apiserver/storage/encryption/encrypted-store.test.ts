import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { MemoryStore } from "../memory/memory-store.ts";
import type { Store } from "../store.ts";
import { testStore } from "../testsuite.ts";
import { EncryptedStore } from "./encrypted-store.ts";
import { readEncryptionConfig } from "./encryption-config.ts";

interface Provider {
  readonly [name: string]: unknown;
}

function config(
  providers: readonly Provider[],
  resources: readonly string[] = ["secrets"],
): unknown {
  const entry = { resources, providers };
  const apiVersion = "apiserver.config.k8s.io/v1";
  return { kind: "EncryptionConfiguration", apiVersion, resources: [entry] };
}

function keys(cipher: string, ...names: readonly string[]): Provider {
  const of = (name: string): string => Buffer.from(name.repeat(32).slice(0, 32)).toString("base64");
  return { [cipher]: { keys: names.map((name) => ({ name, secret: of(name) })) } };
}

function encrypted(
  store: Store,
  providers: readonly Provider[],
  resources?: string[],
): EncryptedStore {
  return new EncryptedStore(store, readEncryptionConfig(config(providers, resources)), randomBytes);
}

for (const cipher of ["aesgcm", "aescbc"]) {
  const every = [
    {
      prefixes: ["/"],
      providers: readEncryptionConfig(config([keys(cipher, "k")]))[0]?.providers ?? [],
    },
  ];
  testStore(`encrypted with ${cipher}`, () =>
    Promise.resolve(new EncryptedStore(new MemoryStore(), every, randomBytes)),
  );
}

async function kindOf(work: Promise<unknown>): Promise<unknown> {
  return await work.catch((error: { kind?: unknown }) => error.kind);
}

const SECRET = "/registry/core/secrets/default/s";
const PLAIN = "/registry/core/configmaps/default/c";

async function write(store: Store, key: string, text: string): Promise<void> {
  const change = { type: "put" as const, key, value: Buffer.from(text) };
  await store.commit([{ change, expected: undefined }]);
}

const read = async (store: Store, key: string): Promise<string> =>
  Buffer.from((await store.get(key))?.value ?? []).toString();

test("secrets lie hidden under a head that names the key, others as they are", async () => {
  const memory = new MemoryStore();
  await using store = encrypted(memory, [keys("aesgcm", "one"), { identity: {} }]);
  await write(store, SECRET, "password");
  await write(store, PLAIN, "open");
  expect(await read(memory, SECRET)).toStartWith("k8s:enc:aesgcm:v1:one:");
  expect(await read(memory, SECRET)).not.toContain("password");
  expect([await read(store, SECRET), await read(store, PLAIN)]).toEqual(["password", "open"]);
  expect(await read(memory, PLAIN)).toBe("open");
});

test("a value at another place, or changed, is not shown", async () => {
  const memory = new MemoryStore();
  await using store = encrypted(memory, [keys("aesgcm", "one")]);
  await write(store, SECRET, "password");
  const value = Buffer.from((await memory.get(SECRET))?.value ?? []);
  const moved = { type: "put" as const, key: `${SECRET}2`, value };
  await memory.commit([{ change: moved, expected: 0 }]);
  expect(await kindOf(store.get(`${SECRET}2`))).toBe("corrupt");
  const changed = Buffer.from(value);
  changed[value.length - 20] = (changed[value.length - 20] ?? 0) ^ 1;
  await memory.commit([{ change: { ...moved, key: SECRET, value: changed }, expected: undefined }]);
  expect(await kindOf(store.get(SECRET))).toBe("corrupt");
});

test("keys are rotated: the first writes, all read, rewriting frees the old one", async () => {
  const memory = new MemoryStore();
  await write(encrypted(memory, [{ identity: {} }]), `${SECRET}0`, "zero");
  await write(encrypted(memory, [keys("aescbc", "old")]), `${SECRET}1`, "one");
  const both = encrypted(memory, [keys("aesgcm", "new"), keys("aescbc", "old"), { identity: {} }]);
  await write(both, `${SECRET}2`, "two");
  expect(await Promise.all(["0", "1", "2"].map((at) => read(both, SECRET + at)))).toEqual([
    "zero",
    "one",
    "two",
  ]);
  const alone = encrypted(memory, [keys("aesgcm", "new")]);
  expect(await kindOf(alone.list("/registry/"))).toBe("corrupt");
  expect([await both.rewrite(), await both.rewrite()]).toEqual([2, 0]);
  expect((await alone.list("/registry/")).entries.length).toBe(3);
});

const REFUSED: readonly (readonly [tree: unknown, kind: string])[] = [
  [undefined, "invalid"],
  [{ kind: "Pod", apiVersion: "v1" }, "invalid"],
  [config([]), "invalid"],
  [config([{ secretbox: {} }]), "unsupported"],
  [config([{ aesgcm: { keys: [{ name: "k", secret: "short" }] } }]), "invalid"],
  [config([{ aesgcm: { keys: [{ name: "a:b", secret: "A".repeat(44) }] } }]), "invalid"],
  [config([{ identity: {}, aesgcm: {} }]), "invalid"],
];

for (const [tree, kind] of REFUSED) {
  test(`refused: ${JSON.stringify(tree)}`, () => {
    expect(() => readEncryptionConfig(tree)).toThrow(expect.objectContaining({ kind }));
  });
}

test("resources are named as Kubernetes names them", () => {
  const named = ["secrets", "deployments.apps", "*.apps", "*.", "*.*"];
  expect(readEncryptionConfig(config([{ identity: {} }], named))[0]?.prefixes).toEqual([
    "/registry/core/secrets/",
    "/registry/apps/deployments/",
    "/registry/apps/",
    "/registry/core/",
    "/registry/",
  ]);
});

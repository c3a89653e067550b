import { expect, test } from "bun:test";
import { assert } from "@shared/base";
import fc from "fast-check";
import { builtinKinds } from "../kinds/load.ts";
import type { Json, JsonObject } from "../schema/schema.ts";
import { EMPTY, fieldSetOf } from "./field-set.ts";
import { applyConfiguration, type FieldWriter, trackUpdate } from "./track-fields.ts";

const [CONFIG_MAP, POD] = ["ConfigMap", "Pod"].map((name) => {
  const kind = builtinKinds().find((one) => one.kind === name);
  assert(kind !== undefined, "both are built in");
  return kind;
});

function writer(
  manager: string,
  now: string = "2026-01-01T00:00:00Z",
  kind = CONFIG_MAP,
): FieldWriter {
  assert(kind !== undefined, "both are built in");
  return {
    manager,
    now,
    apiVersion: "v1",
    subresource: "",
    schema: kind.schema,
    convert: () => undefined,
    resetFields: EMPTY,
  };
}

function configMap(data: Json): JsonObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data };
}

function applied(
  manager: string,
  live: JsonObject | undefined,
  data: Json,
  force = false,
): JsonObject {
  return applyConfiguration(writer(manager), live, configMap(data), { force });
}

function owners(object: JsonObject): unknown {
  const { managedFields } = object["metadata"] as { managedFields?: JsonObject[] };
  return managedFields?.map(({ manager, operation, fieldsV1 }) => [manager, operation, fieldsV1]);
}

test("what an applier no longer asks for goes, unless somebody else has it", () => {
  const first = applied("a", undefined, { x: "1", y: "1" });
  const second = applied("b", first, { x: "1" });
  const third = applied("a", second, { z: "1" });
  expect(third["data"]).toEqual({ x: "1", z: "1" });
  expect(owners(third)).toEqual([
    ["b", "Apply", { "f:data": { "f:x": {} } }],
    ["a", "Apply", { "f:data": { "f:z": {} } }],
  ]);
});

test("another value for a field that somebody owns is a conflict, field by field", () => {
  const live = applied("a", undefined, { x: "1", y: "1" });
  expect(() => applied("b", live, { x: "2" })).toThrow(
    'Apply failed with 1 conflict: conflict with "a": .data.x',
  );
  expect(() => applied("b", live, { x: "2", y: "2" })).toThrow(
    'Apply failed with 2 conflicts: conflicts with "a":\n- .data.x\n- .data.y',
  );
});

test("force takes the field over", () => {
  const live = applied("a", undefined, { x: "1", y: "1" });
  const forced = applied("b", live, { x: "2" }, true);
  expect(forced["data"]).toEqual({ x: "2", y: "1" });
  expect(owners(forced)).toEqual([
    ["a", "Apply", { "f:data": { "f:y": {} } }],
    ["b", "Apply", { "f:data": { "f:x": {} } }],
  ]);
});

test("an update owns what it changes and takes it from who applied it", () => {
  const live = applied("a", undefined, { x: "1", y: "1" });
  const after = { ...structuredClone(live), data: { x: "2", y: "1" } };
  trackUpdate(writer("editor", "2026-01-02T00:00:00Z"), live, after);
  expect(owners(after)).toEqual([
    ["a", "Apply", { "f:data": { "f:y": {} } }],
    ["editor", "Update", { "f:data": { "f:x": {} } }],
  ]);
});

test("a write that changes nothing leaves the managed fields as they are", () => {
  const live = applied("a", undefined, { x: "1" });
  const after = structuredClone(live);
  trackUpdate(writer("editor", "2026-01-02T00:00:00Z"), live, after);
  expect(after).toEqual(live);
});

test("a created object's fields are its creator's, lists by their keys", () => {
  const pod: JsonObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", labels: { a: "b" } },
    spec: {
      containers: [{ name: "c", image: "i", ports: [{ containerPort: 53, protocol: "UDP" }] }],
    },
  };
  trackUpdate(writer("me", undefined, POD), undefined, pod);
  expect(owners(pod)).toEqual([
    [
      "me",
      "Update",
      {
        "f:metadata": { "f:labels": { ".": {}, "f:a": {} } },
        "f:spec": {
          "f:containers": {
            'k:{"name":"c"}': {
              ".": {},
              "f:image": {},
              "f:name": {},
              "f:ports": {
                ".": {},
                'k:{"containerPort":53,"protocol":"UDP"}': {
                  ".": {},
                  "f:containerPort": {},
                  "f:protocol": {},
                },
              },
            },
          },
        },
      },
    ],
  ]);
});

test("an object whose managed fields were taken away is not tracked until it is applied", () => {
  const live = applied("a", undefined, { x: "1" });
  const reset = structuredClone(live);
  (reset["metadata"] as JsonObject)["managedFields"] = [{}];
  trackUpdate(writer("editor"), live, reset);
  expect(owners(reset)).toBeUndefined();
  expect(owners(applied("b", reset, { y: "1" }))).toEqual([
    ["b", "Apply", { "f:data": { "f:y": {} } }],
    ["before-first-apply", "Update", { "f:data": { ".": {}, "f:x": {} } }],
  ]);
});

test("fields that a path does not write are not owned through it", () => {
  const main = { ...writer("a", undefined, POD), resetFields: fieldSetOf(["status"]) };
  const config = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p" },
    status: { phase: "Failed" },
  };
  expect(owners(applyConfiguration(main, undefined, config, { force: false }))).toBeUndefined();
});

test("more than ten programs that update become one ancient one", () => {
  let live = configMap({ x: "0" });
  trackUpdate(writer("m0"), undefined, live);
  for (let at = 1; at < 14; at++) {
    const after = {
      ...structuredClone(live),
      data: { ...(live["data"] as object), [`k${at}`]: "1" },
    };
    trackUpdate(writer(`m${at}`, `2026-01-01T00:00:${10 + at}Z`), live, after);
    live = after;
  }
  const list = owners(live) as [string, string, JsonObject][];
  expect(list).toHaveLength(10);
  expect(list.map(([manager]) => manager)).toContain("ancient-changes");
});

const WRONG: readonly [string, JsonObject, string][] = [
  [
    "a field that is not in the schema",
    { ...configMap({}), bogus: 1 },
    "typed patch object (/a; /v1, Kind=ConfigMap): .bogus: field not declared in schema",
  ],
  [
    "a wrong type",
    configMap({ x: 1 }),
    ".data.x: expected string, got &value.valueUnstructured{Value:1}",
  ],
  ["a list for a map", configMap(["x"]), ".data: expected map, got &{[x]}"],
  [
    "managed fields",
    { ...configMap({}), metadata: { name: "a", managedFields: [] } },
    "metadata.managedFields must be nil",
  ],
];

for (const [reason, config, message] of WRONG) {
  test(`an apply is refused: ${reason}`, () => {
    expect(() => applyConfiguration(writer("a"), undefined, config, { force: false })).toThrow(
      message,
    );
  });
}

test("to apply the same twice changes nothing", () => {
  const data = fc.dictionary(fc.string({ minLength: 1 }), fc.string());
  fc.assert(
    fc.property(data, data, (before, config) => {
      const live = applied("other", undefined, before);
      const once = applied("me", live, config, true);
      expect(applied("me", once, config)).toEqual(once);
    }),
  );
});

test("a write that changes nothing keeps its time, whatever it says of the version", () => {
  const first = configMap({ x: "1" });
  trackUpdate(writer("a"), undefined, first);
  const metadata = first["metadata"] as JsonObject;
  const stored: JsonObject = { ...first, metadata: { ...metadata, resourceVersion: "7" } };
  const again: JsonObject = { ...first, metadata: { ...metadata, resourceVersion: "0" } };
  trackUpdate(writer("a", "2026-01-01T00:00:09Z"), stored, again);
  expect(again["metadata"]).toMatchObject({ managedFields: metadata["managedFields"] });
});

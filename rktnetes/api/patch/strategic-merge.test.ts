import { expect, test } from "bun:test";
import { assert } from "@shared/base";
import { builtinKinds } from "../kinds/load.ts";
import type { Json, JsonObject } from "../schema/schema.ts";
import { applyStrategicMerge } from "./strategic-merge.ts";

const POD = builtinKinds().find(({ kind }) => kind === "Pod");

/** The spec of a pod after a patch of its spec. */
function patched(spec: JsonObject, patch: Json): Json {
  assert(POD !== undefined, "pods are built in");
  return applyStrategicMerge({ spec }, { spec: patch }, POD.schema)["spec"] ?? null;
}

const TWO: JsonObject = {
  containers: [
    { name: "a", image: "1" },
    { name: "b", image: "2" },
  ],
};

const CASES: readonly [string, JsonObject, JsonObject, Json][] = [
  [
    "an item is found by its merge key, a new one comes first",
    TWO,
    {
      containers: [
        { name: "b", image: "3" },
        { name: "c", image: "4" },
      ],
    },
    {
      containers: [
        { name: "a", image: "1" },
        { name: "b", image: "3" },
        { name: "c", image: "4" },
      ],
    },
  ],
  [
    "$patch: delete takes an item away",
    TWO,
    { containers: [{ name: "a", $patch: "delete" }] },
    { containers: [{ name: "b", image: "2" }] },
  ],
  [
    "$patch: replace takes the list as it is",
    TWO,
    { containers: [{ $patch: "replace" }, { name: "z" }] },
    { containers: [{ name: "z" }] },
  ],
  [
    "$setElementOrder orders",
    TWO,
    { $setElementOrder_: 1, "$setElementOrder/containers": [{ name: "b" }, { name: "a" }] },
    {
      containers: [
        { name: "b", image: "2" },
        { name: "a", image: "1" },
      ],
      $setElementOrder_: 1,
    },
  ],
  [
    "ports are merged by number alone",
    {
      containers: [
        {
          name: "a",
          ports: [
            { containerPort: 53, protocol: "TCP" },
            { containerPort: 53, protocol: "UDP" },
          ],
        },
      ],
    },
    { containers: [{ name: "a", ports: [{ containerPort: 53, name: "x" }] }] },
    {
      containers: [
        {
          name: "a",
          ports: [
            { containerPort: 53, protocol: "TCP", name: "x" },
            { containerPort: 53, protocol: "UDP" },
          ],
        },
      ],
    },
  ],
  [
    "$retainKeys clears the other members of a union",
    { volumes: [{ name: "v", emptyDir: {} }] },
    { volumes: [{ name: "v", $retainKeys: ["name", "hostPath"], hostPath: { path: "/" } }] },
    { volumes: [{ name: "v", hostPath: { path: "/" } }] },
  ],
  [
    "a list without a strategy is replaced",
    { tolerations: [{ key: "a" }] },
    { tolerations: [{ key: "b" }] },
    { tolerations: [{ key: "b" }] },
  ],
  [
    "null takes a key away",
    { nodeSelector: { a: "1", b: "2" } },
    { nodeSelector: { a: null } },
    { nodeSelector: { b: "2" } },
  ],
  [
    "$patch: replace takes an object as it is",
    { nodeSelector: { a: "1" } },
    { nodeSelector: { $patch: "replace", b: "2" } },
    { nodeSelector: { b: "2" } },
  ],
];

for (const [reason, spec, patch, after] of CASES) {
  test(`strategic merge: ${reason}`, () => {
    const before = structuredClone(spec);
    expect(patched(spec, patch)).toEqual(after);
    expect(spec).toEqual(before);
  });
}

test("strategic merge: lists of scalars that are merged lose what is asked", () => {
  assert(POD !== undefined, "pods are built in");
  const after = applyStrategicMerge(
    { metadata: { finalizers: ["a", "b", "c"] } },
    { metadata: { "$deleteFromPrimitiveList/finalizers": ["a", "c"], finalizers: ["d"] } },
    POD.schema,
  );
  expect(after).toEqual({ metadata: { finalizers: ["d", "b"] } });
});

const REFUSED: readonly [string, JsonObject, string][] = [
  [
    "an unknown directive",
    { containers: [{ name: "a", $patch: "bogus" }] },
    "unknown patch type: bogus in map: map[$patch:bogus name:a]",
  ],
  [
    "an item without its key",
    { containers: [{ image: "x" }] },
    "map: map[image:x] does not contain declared merge key: name",
  ],
  [
    "items in another order than the patch says",
    { "$setElementOrder/containers": [{ name: "b" }], containers: [{ name: "a", image: "9" }] },
    "[map[image:9 name:a]]\n doesn't match $setElementOrder list:\n[map[name:b]]\n",
  ],
];

for (const [reason, patch, message] of REFUSED) {
  test(`strategic merge refuses ${reason}`, () => {
    expect(() => patched(TWO, patch)).toThrow(message);
  });
}

import { expect, test } from "bun:test";
import type { Json, JsonObject } from "../schema/schema.ts";
import { applyJsonPatch, decodeJsonPatch } from "./json-patch.ts";

const DOCUMENT: JsonObject = { data: { a: "1", b: "2" }, list: [1, 2], "x/y~z": { k: 1 } };

function patched(...operations: JsonObject[]): Json {
  return applyJsonPatch(DOCUMENT, decodeJsonPatch(operations));
}

const APPLIED: readonly [string, JsonObject[], Json][] = [
  ["a key is added", [{ op: "add", path: "/data/c", value: "3" }], { a: "1", b: "2", c: "3" }],
  [
    "a key that is missing is replaced",
    [{ op: "replace", path: "/data/c", value: 1 }],
    { a: "1", b: "2", c: 1 },
  ],
  ["a value that is missing is null", [{ op: "add", path: "/data/a" }], { a: null, b: "2" }],
  [
    "a copy of nothing is null",
    [{ op: "copy", from: "/data/q", path: "/data/a" }],
    { a: null, b: "2" },
  ],
  [
    "a move takes the key away",
    [{ op: "move", from: "/data/a", path: "/data/z" }],
    { b: "2", z: "1" },
  ],
  [
    "a test for null holds for what is not there",
    [{ op: "test", path: "/data/q", value: null }],
    { a: "1", b: "2" },
  ],
];

for (const [reason, operations, data] of APPLIED) {
  test(`JSON patch: ${reason}`, () => {
    expect(patched(...operations)).toEqual({ ...DOCUMENT, data });
  });
}

test("JSON patch: an index may count from the end, a dash appends", () => {
  const after = patched(
    { op: "replace", path: "/list/-1", value: 9 },
    { op: "add", path: "/list/-", value: 4 },
    { op: "add", path: "/list/0", value: 0 },
  );
  expect(after).toHaveProperty("list", [0, 1, 9, 4]);
});

test("JSON patch: names with slashes and tildes are escaped", () => {
  expect(patched({ op: "add", path: "/x~1y~0z/k", value: 2 })).toHaveProperty(["x/y~z", "k"], 2);
});

const REFUSED: readonly [string, JsonObject][] = [
  ["a key that is not there cannot go", { op: "remove", path: "/data/q" }],
  ["a test that does not hold", { op: "test", path: "/data/a", value: "2" }],
  ["a parent that is not there", { op: "add", path: "/none/a", value: 1 }],
  ["an index that is no number", { op: "replace", path: "/list/x", value: 1 }],
  ["an index behind the end", { op: "replace", path: "/list/2", value: 1 }],
  ["an operation that nobody knows", { op: "bogus", path: "/data" }],
  ["no path", { op: "add", value: 1 }],
];

for (const [reason, operation] of REFUSED) {
  test(`JSON patch refuses ${reason}`, () => {
    const before = structuredClone(DOCUMENT);
    expect(() => patched({ op: "add", path: "/data/new", value: 1 }, operation)).toThrow();
    expect(DOCUMENT).toEqual(before);
  });
}

test("JSON patch: a key named __proto__ is a plain key", () => {
  const after = patched({ op: "add", path: "/data/__proto__", value: { polluted: true } });
  expect(JSON.stringify(after)).toContain('"__proto__":{"polluted":true}');
  expect(Reflect.get({}, "polluted")).toBeUndefined();
});

test("JSON patch: copies of copies end before memory does", () => {
  const doubling = Array.from({ length: 60 }, () => ({
    op: "copy",
    from: "/list",
    path: "/list/-",
  }));
  expect(() => patched(...doubling)).toThrow("the copies are too large");
});

test("JSON patch: copies of a long text end before memory does", () => {
  const long = { op: "add", path: "/long", value: "x".repeat(1_000_000) };
  const copy = (name: number): JsonObject => ({ op: "copy", from: "/long", path: `/k${name}` });
  expect(() => patched(long, copy(1), copy(2), copy(3))).not.toThrow();
  expect(() => patched(long, copy(1), copy(2), copy(3), copy(4))).toThrow("too large");
});

test("JSON patch: what is no list of operations is refused in Go's words", () => {
  expect(() => decodeJsonPatch({ op: "add" })).toThrow(
    "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
  );
});

/** A strategic-merge patch of what two pods differ by, as kubectl makes it, makes one the other. */
import { expect, test } from "bun:test";
import { assert } from "@shared/base";
import fc from "fast-check";
import { builtinKinds } from "../kinds/load.ts";
import type { FieldSchema, Json, JsonObject, TypeSchema } from "../schema/schema.ts";
import { applyStrategicMerge } from "./strategic-merge.ts";
import { equalJson, isObject } from "./values.ts";

const POD = builtinKinds().find(({ kind }) => kind === "Pod");

/** What takes `before` to `after`: null where a member goes, directives where items do. */
function differenceOf(before: JsonObject, after: JsonObject, schema: TypeSchema): JsonObject {
  const patch: JsonObject = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [left, right] = [before[name], after[name]];
    const field = schema.kind === "object" ? schema.fields.get(name) : undefined;
    if (right === undefined) patch[name] = null;
    else if (left === undefined) patch[name] = right;
    else if (isObject(left) && isObject(right) && field !== undefined) {
      const below = differenceOf(left, right, field.type);
      if (Object.keys(below).length > 0) patch[name] = below;
    } else if (equalJson(left, right)) continue;
    else if (Array.isArray(left) && Array.isArray(right) && isMerged(field)) {
      Object.assign(patch, listDifference(name, [left, right], field));
    } else patch[name] = right;
  }
  return patch;
}

function isMerged(field: FieldSchema | undefined): field is FieldSchema {
  return field?.patchStrategy?.includes("merge") === true;
}

function listDifference(
  name: string,
  [left, right]: readonly [readonly Json[], readonly Json[]],
  { type, patchMergeKey: key }: FieldSchema,
): JsonObject {
  const order = `$setElementOrder/${name}`;
  if (key === undefined) {
    const gone = left.filter((item) => !right.includes(item));
    const come = right.filter((item) => !left.includes(item));
    const parts: JsonObject = { [order]: [...right] };
    if (gone.length > 0) parts[`$deleteFromPrimitiveList/${name}`] = gone;
    if (come.length > 0) parts[name] = come;
    return parts;
  }
  const items: Json[] = [];
  const keyOf = (item: Json): Json => (isObject(item) ? (item[key] ?? null) : null);
  const schema = type.kind === "list" ? type.items : type;
  for (const item of right) {
    const old = left.find((other) => keyOf(other) === keyOf(item));
    if (!isObject(item) || equalJson(old ?? null, item)) continue;
    const below = isObject(old) ? differenceOf(old, item, schema) : item;
    items.push({ ...below, [key]: keyOf(item) });
  }
  for (const old of left) {
    if (!right.some((item) => keyOf(item) === keyOf(old)))
      items.push({ [key]: keyOf(old), $patch: "delete" });
  }
  const keys = right.map((item) => ({ [key]: keyOf(item) }));
  return items.length > 0 ? { [name]: items, [order]: keys } : { [order]: keys };
}

const word = fc.constantFrom("a", "b", "c", "d");
const words = fc.dictionary(word, word, { maxKeys: 3 });
const named = <T extends object>(more: fc.Arbitrary<T>): fc.Arbitrary<(T & { name: string })[]> =>
  fc.uniqueArray(
    fc.tuple(word, more).map(([name, rest]) => ({ ...rest, name })),
    { selector: ({ name }) => name, minLength: 1, maxLength: 4 },
  );
const container = fc.record(
  { image: word, args: fc.array(word), env: named(fc.record({ value: word })) },
  { requiredKeys: [] },
);
const pods = fc.record({
  metadata: fc.record(
    { labels: words, finalizers: fc.uniqueArray(word, { minLength: 1 }) },
    { requiredKeys: [] },
  ),
  spec: fc.record(
    { containers: named(container), nodeSelector: words, hostname: word },
    { requiredKeys: ["containers"] },
  ),
});

test("it makes the pod that was wanted", () => {
  assert(POD !== undefined, "pods are built in");
  const { schema } = POD;
  const plain = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;
  fc.assert(
    fc.property(pods, pods, (before, after) => {
      const [from, to] = [plain(before), plain(after)];
      const patch = differenceOf(from, to, schema);
      expect(plain(applyStrategicMerge(from, patch, schema))).toEqual(to);
    }),
    { numRuns: 2000 },
  );
});

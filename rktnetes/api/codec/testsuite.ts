/**
 * For tests of the codecs: arbitrary objects of a kind. In: a schema. Out: a fast-check arbitrary
 * of JSON that the schema describes, with nulls, zeros, empty lists and hostile map keys.
 */
import fc from "fast-check";

import type { FieldSchema, Json, JsonObject, ObjectSchema, TypeSchema } from "../schema/schema.ts";

const KEY = fc.constantFrom("a", "b.c/d", "10", "9", "__proto__", "constructor", "toString");

const SCALARS: Readonly<Record<string, fc.Arbitrary<Json>>> = {
  string: fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom("", "<&>", "\u2028é😀")),
  bytes: fc.base64String({ maxLength: 12 }),
  boolean: fc.boolean(),
  int32: fc.integer(),
  int64: fc.oneof(fc.integer(), fc.maxSafeInteger()),
  double: fc.constantFrom(0, 1, 12, -3),
  quantity: fc.constantFrom("1", "500m", "1.5Gi", "0", "1e3", "128974848"),
  "int-or-string": fc.oneof(fc.integer({ min: 0, max: 65535 }), fc.constantFrom("http", "25%")),
  time: fc.constantFrom("2024-01-01T00:00:00Z", "2024-01-01T02:00:00+02:00"),
  "micro-time": fc.constant("2024-01-01T00:00:00.123456Z"),
  duration: fc.constantFrom("1h", "30s", "0s"),
  any: fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as Json),
  "json-schema-or-bool": fc.boolean(),
  "json-schema-or-strings": fc.constant(["a", "b"]),
  "json-schema-or-array": fc.constant([{ type: "string" }]),
};

/** Objects of a type; deeper than `depth` only what is flat is set. */
export function objectsOf(schema: ObjectSchema, depth = 4): fc.Arbitrary<JsonObject> {
  const fields = [...schema.fields].filter(([name]) => name !== "kind" && name !== "apiVersion");
  const chosen = fc.subarray(fields, { maxLength: Math.min(6, fields.length) });
  return chosen.chain((some) =>
    fc.record(Object.fromEntries(some.map(([name, field]) => [name, valuesOf(field, depth)]))),
  );
}

function valuesOf(field: FieldSchema, depth: number): fc.Arbitrary<Json> {
  const isOwn = field.type.kind === "scalar" && /^(any|json-schema)/.test(field.type.scalar);
  const values = typed(field.type, depth - 1);
  return isOwn ? values : fc.oneof({ weight: 9, arbitrary: values }, fc.constant(null));
}

function typed(type: TypeSchema, depth: number): fc.Arbitrary<Json> {
  if (type.kind === "scalar") return SCALARS[type.scalar] ?? fc.constant(null);
  if (type.kind === "object") return depth > 0 ? objectsOf(type, depth) : fc.constant({});
  if (type.kind === "list") return fc.array(typed(type.items, depth), { maxLength: 2 });
  return fc
    .array(fc.tuple(KEY, typed(type.values, depth)), { maxLength: 3 })
    .map((entries) => Object.fromEntries(entries));
}

/** Bytes with some changed, cut or doubled: what a liar sends. */
export function spoiled(bytes: Uint8Array): fc.Arbitrary<Buffer> {
  const place = fc.nat(Math.max(0, bytes.length - 1));
  return fc
    .tuple(fc.array(fc.tuple(place, fc.nat(255)), { maxLength: 6 }), fc.option(place))
    .map(([changes, cut]) => {
      const copy = Buffer.from(bytes);
      for (const [at, byte] of changes) if (at < copy.length) copy[at] = byte;
      return cut === null ? copy : copy.subarray(0, cut);
    });
}

/**
 * A structural schema as the schema that every kind has: what tracking of fields, apply and
 * encoding walk. In: the structural schema of a whole object. Out: an ObjectSchema.
 */
import { findDefinition } from "../kinds/load.ts";
import type { FieldSchema, ObjectSchema, Structural, TypeSchema } from "../schema/schema.ts";
import { assert } from "@shared/base";

const OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/** The type of `metadata`. */
export function objectMetaSchema(): ObjectSchema {
  const schema = findDefinition(OBJECT_META);
  assert(schema !== undefined, "the tables have ObjectMeta");
  return schema;
}

export function customObjectSchema(structural: Structural): ObjectSchema {
  const text: FieldSchema = { type: { kind: "scalar", scalar: "string" } };
  const fields = new Map<string, FieldSchema>([
    ["kind", text],
    ["apiVersion", text],
    ["metadata", { type: objectMetaSchema() }],
  ]);
  for (const [name, each] of structural.properties) {
    if (!fields.has(name)) fields.set(name, { type: typeOf(each) });
  }
  return {
    kind: "object",
    fields,
    required: [],
    structural,
    ...(structural.preserves ? { keepsUnknown: true } : {}),
  };
}

function typeOf(structural: Structural): TypeSchema {
  const { type, additional, items } = structural;
  if (structural.intOrString) return { kind: "scalar", scalar: "int-or-string" };
  if (structural.embedded) return embeddedType(structural);
  if (type === "array" && items !== undefined) {
    const { listType, listKeys: keys } = structural;
    return { kind: "list", items: typeOf(items), listType, keys };
  }
  if (type === "object" && additional !== undefined) {
    const values = additional === true ? ANY : typeOf(additional);
    return { kind: "map", values, ...atomic(structural) };
  }
  if (type === "object") return objectType(structural);
  return SCALARS[type] ?? ANY;
}

const ANY: TypeSchema = { kind: "scalar", scalar: "any", deduced: true };

const SCALARS: Readonly<Record<string, TypeSchema>> = {
  string: { kind: "scalar", scalar: "string" },
  integer: { kind: "scalar", scalar: "int64" },
  number: { kind: "scalar", scalar: "double" },
  boolean: { kind: "scalar", scalar: "boolean" },
};

function atomic({ atomicMap }: Structural): { readonly atomic?: boolean } {
  return atomicMap ? { atomic: true } : {};
}

function objectType(structural: Structural): ObjectSchema {
  const { properties, preserves } = structural;
  const fields = new Map<string, FieldSchema>();
  for (const [name, each] of properties) {
    const initial = each.default === undefined ? {} : { default: each.default };
    fields.set(name, { type: typeOf(each), ...initial });
  }
  const keeps = preserves ? { keepsUnknown: true } : {};
  return { kind: "object", fields, required: [], ...keeps, ...atomic(structural) };
}

function embeddedType(structural: Structural): ObjectSchema {
  const plain = objectType(structural);
  const fields = new Map(plain.fields);
  const text: FieldSchema = { type: { kind: "scalar", scalar: "string" } };
  fields.set("apiVersion", text).set("kind", text);
  fields.set("metadata", { type: objectMetaSchema() });
  return { ...plain, fields };
}

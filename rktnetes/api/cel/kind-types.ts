/**
 * Kinds as CEL sees them when a policy's expressions are checked beforehand. In: the schema of a
 * built-in type, or the structural one of a custom kind. Out: the type of its values. Pure.
 */
import { findDefinition } from "../kinds/load.ts";
import type { ObjectSchema, Scalar, Structural, TypeSchema } from "../schema/schema.ts";
import { celType, escapedName } from "./schema-types.ts";
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DYN,
  INT,
  listOf,
  mapOf,
  STRING,
  TIMESTAMP,
} from "./types.ts";

const META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/** What may have several forms, or any, is not looked into. */
const SCALARS: Readonly<Partial<Record<Scalar, CelType>>> = {
  boolean: BOOL,
  bytes: BYTES,
  double: DOUBLE,
  duration: STRING,
  int32: INT,
  int64: INT,
  "micro-time": TIMESTAMP,
  string: STRING,
  time: TIMESTAMP,
};

/** The type of a built-in object, with apiVersion and kind. */
export function builtinType(schema: ObjectSchema): CelType {
  const type = objectType(schema, new Map());
  return withTypeMeta(type.fields ?? new Map<string, CelType>());
}

/** The type of an object of a custom kind; any for one without a schema. */
export function customType(structural: Structural): CelType {
  const { fields } = celType(structural, false);
  if (fields === undefined) return DYN;
  const meta = findDefinition(META);
  if (meta === undefined) return withTypeMeta(fields);
  return withTypeMeta(new Map(fields).set("metadata", objectType(meta, new Map())));
}

function withTypeMeta(fields: ReadonlyMap<string, CelType>): CelType {
  const all = new Map(fields).set("apiVersion", STRING).set("kind", STRING);
  return { name: "object", title: "object", fields: all };
}

/** `known` holds the types around this one: some contain themselves. */
function objectType(schema: ObjectSchema, known: Map<ObjectSchema, CelType>): CelType {
  if (schema.keepsUnknown === true) return DYN;
  const before = known.get(schema);
  if (before !== undefined) return before;
  const fields = new Map<string, CelType>();
  const type: CelType = { name: "object", title: "object", fields };
  known.set(schema, type);
  for (const [name, field] of schema.fields) {
    const member = typeOf(field.type, known);
    fields.set(name, member);
    const escaped = escapedName(name);
    if (escaped !== undefined) fields.set(escaped, member);
  }
  return type;
}

function typeOf(schema: TypeSchema, known: Map<ObjectSchema, CelType>): CelType {
  switch (schema.kind) {
    case "object":
      return objectType(schema, known);
    case "map":
      return mapOf(STRING, typeOf(schema.values, known));
    case "list":
      return listOf(typeOf(schema.items, known));
    default:
      return SCALARS[schema.scalar] ?? DYN;
  }
}

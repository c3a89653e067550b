/**
 * In: a schema. Out: the object of that type in which nothing is set, as it is written: with the
 * fields that are always written. What a created object is compared with.
 */
import type { Json, JsonObject, ObjectSchema, TypeSchema } from "../schema/schema.ts";

const ZEROS = new WeakMap<ObjectSchema, JsonObject>();

/** Shared: not to be changed. */
export function zeroObject(schema: ObjectSchema): JsonObject {
  const known = ZEROS.get(schema);
  if (known !== undefined) return known;
  const zero: JsonObject = {};
  ZEROS.set(schema, zero);
  for (const [name, field] of schema.fields) {
    if (field.alwaysWritten !== true) continue;
    zero[name] = field.pointer === true ? null : zeroOf(field.type);
  }
  return zero;
}

function zeroOf(type: TypeSchema): Json {
  if (type.kind === "object") return zeroObject(type);
  if (type.kind !== "scalar") return null;
  switch (type.scalar) {
    case "string":
      return "";
    case "boolean":
      return false;
    case "int32":
    case "int64":
    case "double":
      return 0;
    default:
      return null;
  }
}

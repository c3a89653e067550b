/**
 * A schema prepared for walking: its fields as arrays, which are always written, and the zero
 * objects of its types. In: an ObjectSchema. Out: its plan, made once and kept with it.
 */
import type { FieldSchema, Json, JsonObject, ObjectSchema, TypeSchema } from "../schema/schema.ts";

export interface Plan {
  readonly names: readonly string[];
  readonly fields: readonly FieldSchema[];
  readonly byName: ReadonlyMap<string, FieldSchema>;
  /** Fields that every object of the type has: always written, or with a default. */
  readonly filled: readonly string[];
  /** `items` of a list without any: `[]`, but null where only metadata is shown. */
  readonly hasNullItems: boolean;
}

const plans = new WeakMap<ObjectSchema, Plan>();

export function planOf(schema: ObjectSchema): Plan {
  return plans.get(schema) ?? makePlan(schema);
}

function makePlan(schema: ObjectSchema): Plan {
  const byName = schema.fields;
  const filled = [...byName].filter(([, field]) => field.alwaysWritten || "default" in field);
  const plan = {
    names: [...byName.keys()],
    fields: [...byName.values()],
    byName,
    filled: filled.map(([name]) => name),
    hasNullItems: schema.goType === "v1.PartialObjectMetadataList",
  };
  plans.set(schema, plan);
  return plan;
}

/** What an absent field becomes: its default, Go's zero value, or nothing. */
function absentValue(name: string, field: FieldSchema, plan: Plan): Json | undefined {
  const value = field.default;
  if (value !== undefined) return typeof value === "object" ? structuredClone(value) : value;
  return field.alwaysWritten ? zeroField(name, field, plan) : undefined;
}

/** The zero value of a field; lists of objects show no items as an empty list, not as null. */
export function zeroField(name: string, { type, pointer }: FieldSchema, plan: Plan): Json {
  const isItems = name === "items" && type.kind === "list" && !plan.hasNullItems;
  return isItems ? [] : zeroOf(type, pointer === true);
}

/** Go's zero value as it is written. */
export function zeroOf(type: TypeSchema, pointer: boolean): Json {
  if (pointer || type.kind === "list" || type.kind === "map") return null;
  if (type.kind === "object") return fillAbsent({}, planOf(type));
  switch (type.scalar) {
    case "string":
      return "";
    case "boolean":
      return false;
    case "int32":
    case "int64":
    case "double":
    case "int-or-string":
      return 0;
    case "quantity":
      return "0";
    case "duration":
      return "0s";
    default:
      return null;
  }
}

/** Sets what the object lacks and always has. */
export function fillAbsent(object: JsonObject, plan: Plan): JsonObject {
  for (const name of plan.filled) {
    if (object[name] !== undefined) continue;
    const field = plan.byName.get(name);
    const value = field && absentValue(name, field, plan);
    if (value !== undefined) object[name] = value;
  }
  return object;
}

/** An object for keys from outside: it has no prototype, so `constructor` is a key like others. */
export function openObject(): JsonObject {
  return { __proto__: null };
}

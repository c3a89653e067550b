/**
 * What the walks of server-side apply know of a place: which schema holds below it. Pure. Fields
 * without a schema of their own (raw extensions, fields that are kept though unknown) are deduced:
 * their objects are joined by key, their lists are one value.
 */
import type { Json, TypeSchema } from "../schema/schema.ts";
import { isObject } from "../patch/values.ts";

/** Joined by key, whatever is in it. */
const DEDUCED: TypeSchema = { kind: "scalar", scalar: "any", deduced: true };

/** How a value at a place is walked. */
export type Shape = "scalar" | "atomic" | "members" | "items";

export function shapeOf(schema: TypeSchema, value: Json | undefined): Shape {
  if (schema.kind === "scalar") {
    return schema.deduced === true && isObject(value) ? "members" : "scalar";
  }
  if (schema.kind === "list") return schema.listType === "atomic" ? "atomic" : "items";
  return schema.atomic === true ? "atomic" : "members";
}

/** The schema of a member; undefined when the schema has no such field. */
export function memberSchema(schema: TypeSchema, name: string): TypeSchema | undefined {
  if (schema.kind === "map") return schema.values;
  if (schema.kind !== "object") return DEDUCED;
  const field = schema.fields.get(name);
  return field?.type ?? (schema.keepsUnknown === true ? DEDUCED : undefined);
}

/** As `memberSchema`, where a field that the schema does not know is deduced. */
export function lenientMemberSchema(schema: TypeSchema, name: string): TypeSchema {
  return memberSchema(schema, name) ?? DEDUCED;
}

/** Is the member a named field of a type, not a key of a map? */
export function isNamedField(schema: TypeSchema, name: string): boolean {
  return schema.kind === "object" && schema.fields.has(name);
}

export function isEmptyContainer(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

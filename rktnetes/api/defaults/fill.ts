/** The one step of all defaults that are more than data: a field gets a value if it has none. */
import type { Json, JsonObject } from "../schema/schema.ts";

export function fill(object: JsonObject, field: string, value: Json): void {
  const own = object[field];
  if (own === undefined || own === null) object[field] = value;
}

/** Several fields at once. */
export function fillAll(object: JsonObject, values: Readonly<Record<string, Json>>): void {
  for (const [field, value] of Object.entries(values)) fill(object, field, value);
}

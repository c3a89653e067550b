/**
 * The names of steps into an object, and how people read them. In: field names, list items and
 * their schema. Out: steps of a FieldSet, and paths such as `.spec.ports[port=80].name`. Pure.
 */
import type { Json, JsonObject, ListSchema, TypeSchema } from "../schema/schema.ts";
import { isObject, own } from "../patch/values.ts";

/** The step to an item of a list that is a set or a map, by what the item is. */
export function itemStep(list: ListSchema, item: Json): string {
  if (list.listType !== "map") return `v:${stepJson(item)}`;
  const keys = isObject(item) ? itemKeys(list, item) : [];
  return `k:{${keys.map(([name, value]) => `${stepJson(name)}:${stepJson(value)}`).join(",")}}`;
}

/** Keys of an item, sorted, with defaults for those that it does not have. */
function itemKeys(list: ListSchema, item: JsonObject): [string, Json][] {
  const keys: [string, Json][] = [];
  for (const name of list.keys.toSorted()) {
    const value = own(item, name) ?? keyDefault(list.items, name);
    if (value !== undefined && value !== null) keys.push([name, value]);
  }
  return keys;
}

function keyDefault(items: TypeSchema, name: string): Json | undefined {
  if (items.kind !== "object") return undefined;
  // a reference that names nothing is still a reference
  const isReference = items.goType === "v1.LocalObjectReference";
  return items.fields.get(name)?.default ?? (isReference ? "" : undefined);
}

function stepJson(value: Json): string {
  if (typeof value === "bigint") return String(value);
  if (!isObject(value) && !Array.isArray(value)) return JSON.stringify(value);
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "bigint" ? String(inner) : inner,
  );
}

/** `.spec.ports[port=80,protocol="TCP"].name` */
export function pathText(path: readonly string[]): string {
  return path.map(stepText).join("");
}

/** `[name="a"]`, for messages about a list's items. */
export function stepText(step: string): string {
  const rest = step.slice(2);
  if (step.startsWith("f:")) return `.${rest}`;
  if (step.startsWith("v:")) return `[=${rest}]`;
  if (step.startsWith("i:")) return `[${rest}]`;
  const keys = parseKeys(rest);
  return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`;
}

function parseKeys(text: string): [string, unknown][] {
  try {
    return Object.entries(JSON.parse(text) as object);
  } catch {
    return [[text, ""]];
  }
}

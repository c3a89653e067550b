/**
 * An object becomes JSON text as Go writes it. In: an object and its schema. Out: kind and
 * apiVersion first, then fields in the order of Go's struct, maps sorted, no empty fields but those
 * that are always written, `<`, `>`, `&` and line separators escaped.
 */
import type { Json, JsonObject, ObjectSchema, TypeSchema } from "../schema/schema.ts";
import { stringifyJson } from "./json.ts";
import { openObject, planOf, zeroField } from "./plan.ts";

/** The text of an object as it is answered and stored. */
export function encodeJson(schema: ObjectSchema, object: JsonObject): string {
  return stringifyJson(orderedObject(object, schema));
}

/** A copy of an object as it is written: in order, without what is left out. */
export function orderedObject(object: JsonObject, schema: ObjectSchema): JsonObject {
  if (schema.structural !== undefined) return orderedCustom(object, schema);
  const plan = planOf(schema);
  const { names, fields, byName } = plan;
  const ordered: JsonObject = {};
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? "";
    const field = fields[at];
    if (field === undefined) continue;
    const value = object[name];
    if (value === undefined || value === null) {
      if (!field.alwaysWritten) continue;
      ordered[name] = zeroField(name, field, plan);
      continue;
    }
    const written = orderedValue(value, field.type);
    if (!isEmpty(written, field.type, field.pointer === true)) ordered[name] = written;
    else if (field.alwaysWritten) ordered[name] = zeroField(name, field, plan);
  }
  if (schema.keepsUnknown) keepUnknown(object, ordered, byName);
  return ordered;
}

/** Custom kinds keep everything; metadata has its own order. */
function orderedCustom(object: JsonObject, { fields }: ObjectSchema): JsonObject {
  const { kind, apiVersion, metadata, ...rest } = object;
  const head: JsonObject = {};
  if (kind !== undefined) head["kind"] = kind;
  if (apiVersion !== undefined) head["apiVersion"] = apiVersion;
  const type = fields.get("metadata")?.type;
  if (metadata !== undefined) head["metadata"] = type ? orderedValue(metadata, type) : metadata;
  return { ...head, ...(sortedAny(rest) as JsonObject) };
}

/** Members in the order of their names, at all depths: the same value has the same text. */
function sortedAny(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortedAny);
  if (typeof value !== "object" || value === null) return value;
  const copy = openObject();
  for (const key of Object.keys(value).sort()) copy[key] = sortedAny(value[key] ?? null);
  return copy;
}

function keepUnknown(
  object: JsonObject,
  ordered: JsonObject,
  known: ReadonlyMap<string, unknown>,
): void {
  for (const name of Object.keys(object)) {
    if (!known.has(name)) ordered[name] = orderedAny(object[name] ?? null);
  }
}

function isEmpty(value: Json, type: TypeSchema, pointer: boolean): boolean {
  if (type.kind === "list") return Array.isArray(value) && value.length === 0;
  if (type.kind === "map") return Object.keys(value as JsonObject).length === 0;
  return !pointer && (value === "" || value === 0 || value === false);
}

function orderedValue(value: Json, type: TypeSchema): Json {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    if (type.kind !== "list") return value.map(orderedAny);
    const { items } = type;
    return items.kind === "scalar" ? value : value.map((item) => orderedValue(item, items));
  }
  if (type.kind === "object") return orderedObject(value, type);
  if (type.kind === "map") return orderedMap(value, type.values);
  return orderedAny(value);
}

function orderedMap(map: JsonObject, values: TypeSchema): JsonObject {
  const keys = Object.keys(map).sort();
  const ordered = openObject();
  for (const key of keys) ordered[key] = orderedValue(map[key] ?? null, values);
  return ordered;
}

/** Any JSON stays as it is. */
function orderedAny(value: Json): Json {
  if (Array.isArray(value)) return value.map(orderedAny);
  if (typeof value !== "object" || value === null) return value;
  const copy = openObject();
  for (const key of Object.keys(value)) copy[key] = orderedAny(value[key] ?? null);
  return copy;
}

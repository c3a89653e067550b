/**
 * Sets have no item twice, maps no key twice. In: a value and its structural schema. Out: field
 * errors. Pure.
 */
import type { Json, Structural } from "../schema/schema.ts";
import { duplicate, type FieldError } from "../validate/field-error.ts";
import { isObject } from "./structural.ts";

export function listTypeErrors(
  value: Json,
  schema: Structural,
  path: string,
): readonly FieldError[] {
  if (Array.isArray(value))
    return [...duplicates(value, schema, path), ...below(value, schema, path)];
  if (!isObject(value)) return [];
  const errors: FieldError[] = [];
  for (const name of Object.keys(value)) {
    const property = schema.properties.get(name);
    const known = property ?? schema.additional;
    if (known === undefined || known === true) continue;
    const child =
      property === undefined ? `${path}[${name}]` : path === "" ? name : `${path}.${name}`;
    errors.push(...listTypeErrors(value[name] ?? null, known, child));
  }
  return errors;
}

function below(value: readonly Json[], { items }: Structural, path: string): readonly FieldError[] {
  if (items === undefined) return [];
  return value.flatMap((item, at) => listTypeErrors(item, items, `${path}[${at}]`));
}

function duplicates(
  value: readonly Json[],
  schema: Structural,
  path: string,
): readonly FieldError[] {
  if (schema.listType === "atomic") return [];
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [at, item] of value.entries()) {
    const shown = schema.listType === "set" ? item : keysOf(item, schema);
    const text = canonical(shown);
    if (seen.has(text)) errors.push(duplicate(`${path}[${at}]`, shown));
    seen.add(text);
  }
  return errors;
}

function keysOf(item: Json, { listKeys, items }: Structural): Json {
  if (!isObject(item)) return item;
  const keys = [...listKeys].sort();
  const found = keys.map((key) => [key, item[key] ?? items?.properties.get(key)?.default]);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined)) as Json;
}

/** The same text for the same value, whatever the order of members. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "bigint") return String(value);
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  const shown = members.map((name) => JSON.stringify(name) + canonical(value[name] ?? null));
  return `{${shown.join(",")}}`;
}

/**
 * Defaults of a structural schema. In: a value. Out: the same value with what it lacks; nulls that
 * the schema does not allow are gone. Run on what comes in and on what was stored. Pure.
 */
import type { Json, JsonObject, Structural } from "../schema/schema.ts";
import { memberOf } from "./prune.ts";
import { isObject } from "./structural.ts";

export function fillIn(value: Json, schema: Structural): void {
  dropNulls(value, schema);
  setDefaults(value, schema);
}

function dropNulls(value: Json, schema: Structural): void {
  if (Array.isArray(value)) {
    if (schema.items === undefined) return;
    for (const item of value) dropNulls(item, schema.items);
    return;
  }
  if (!isObject(value)) return;
  for (const name of Object.keys(value)) {
    const known = memberOf(schema, name);
    if (known === undefined || known === true) continue;
    const member = value[name] ?? null;
    if (member !== null) dropNulls(member, known);
    else if (!known.nullable && known.default === undefined) delete value[name];
  }
}

function setDefaults(value: Json, schema: Structural): void {
  if (Array.isArray(value)) {
    if (schema.items === undefined) return;
    for (const [at, item] of value.entries()) setItem(value, at, { item, items: schema.items });
    return;
  }
  if (!isObject(value)) return;
  for (const [name, property] of schema.properties) setMember(value, name, property);
  const { additional } = schema;
  if (additional === undefined || additional === true) return;
  for (const name of Object.keys(value)) setMember(value, name, additional);
}

function setItem(
  list: Json[],
  at: number,
  { item, items }: { readonly item: Json; readonly items: Structural },
): void {
  if (item === null && !items.nullable && items.default !== undefined) list[at] = copy(items);
  setDefaults(list[at] ?? null, items);
}

function setMember(object: JsonObject, name: string, schema: Structural): void {
  const has = Object.hasOwn(object, name);
  const isVoid = !has || (object[name] === null && !schema.nullable);
  if (isVoid && schema.default !== undefined && schema.default !== null) {
    object[name] = copy(schema);
  }
  if (Object.hasOwn(object, name)) setDefaults(object[name] ?? null, schema);
}

function copy({ default: value }: Structural): Json {
  return structuredClone(value ?? null);
}

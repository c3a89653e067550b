/**
 * Strategic merge patch: a merge patch that knows from the schema which lists are merged, by which
 * key, and that obeys directives (`$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…`,
 * `$setElementOrder/…`). In: a decoded object of a built-in kind and a decoded patch. Out: a new
 * object; neither is changed.
 *
 * Lists are merged by one key only, also where server-side apply knows two: ports by number,
 * without the protocol. Clients depend on it. @see kubernetes reference §1.9
 */
import { badRequest, plainFault } from "../status/status-fault.ts";
import type { FieldSchema, Json, JsonObject, TypeSchema } from "../schema/schema.ts";
import { mergedOrder, partition } from "./element-order.ts";
import { copyJson, equalJson, goText, isObject, own, setOwn } from "./values.ts";

const PATCH = "$patch";
const RETAIN_KEYS = "$retainKeys";
const DELETE_PREFIX = "$deleteFromPrimitiveList/";
const ORDER_PREFIX = "$setElementOrder/";

/** @throws {StatusFault} 400 or 500 with the text that clients know, when a directive is wrong */
export function applyStrategicMerge(
  document: JsonObject,
  patch: JsonObject,
  schema: TypeSchema,
): JsonObject {
  return mergeObject(copyJson(document), copyJson(patch), schema);
}

/** Changes both: they are copies. */
function mergeObject(
  original: JsonObject,
  patch: JsonObject,
  schema: TypeSchema | undefined,
): JsonObject {
  const directive = own(patch, PATCH);
  if (directive !== undefined) return replaceOrDelete(directive, patch);
  retainKeys(original, patch);
  mergeOrderedLists(original, patch, schema);
  for (const key of Object.keys(patch)) mergeField(original, key, patch[key] ?? null, schema);
  return original;
}

function replaceOrDelete(directive: Json, patch: JsonObject): JsonObject {
  if (directive === "replace") {
    delete patch[PATCH];
    return patch;
  }
  if (directive === "delete") return {};
  throw unknownDirective(directive, patch);
}

function unknownDirective(directive: Json, item: JsonObject): Error {
  return plainFault(500, `unknown patch type: ${goText(directive)} in map: ${goText(item)}`);
}

/** Only the keys that the patch lists stay: how a union changes its member. */
function retainKeys(original: JsonObject, patch: JsonObject): void {
  const listed = own(patch, RETAIN_KEYS);
  if (listed === undefined) return;
  delete patch[RETAIN_KEYS];
  if (!Array.isArray(listed)) throw badRequest("invalid patch format of retainKeys");
  const kept = new Set(listed.map(goText));
  for (const key of Object.keys(patch)) {
    if (patch[key] === null || key.startsWith(DELETE_PREFIX) || key.startsWith(ORDER_PREFIX))
      continue;
    if (!kept.has(key)) throw badRequest("invalid patch format of retainKeys");
  }
  for (const key of Object.keys(original)) if (!kept.has(key)) delete original[key];
}

function mergeField(
  original: JsonObject,
  patchKey: string,
  value: Json,
  schema: TypeSchema | undefined,
): void {
  const isDeletion = patchKey.startsWith(DELETE_PREFIX);
  const key = isDeletion ? patchKey.slice(DELETE_PREFIX.length) : patchKey;
  if (value === null) {
    delete original[key];
    return;
  }
  const current = own(original, key);
  const field = fieldOf(schema, key);
  if (isObject(current) && isObject(value)) {
    const isReplaced = strategyOf(field) === "replace";
    setOwn(original, key, isReplaced ? value : mergeObject(current, value, field?.type));
  } else if (Array.isArray(current) && Array.isArray(value)) {
    setOwn(original, key, mergeList(current, value, field, isDeletion));
  } else if (!isDeletion) {
    setOwn(original, key, withoutDirectives(value));
  }
}

/** What is known of a key; values of maps have a type and no strategy. */
function fieldOf(schema: TypeSchema | undefined, key: string): FieldSchema | undefined {
  if (schema?.kind === "object") return schema.fields.get(key);
  return schema?.kind === "map" ? { type: schema.values } : undefined;
}

/** How the two sides are joined, apart from retainKeys. */
function strategyOf(field: FieldSchema | undefined): "merge" | "replace" | undefined {
  if (field?.patchStrategy?.includes("merge")) return "merge";
  return field?.patchStrategy?.includes("replace") ? "replace" : undefined;
}

function itemsOf(field: FieldSchema | undefined): TypeSchema | undefined {
  return field?.type.kind === "list" ? field.type.items : undefined;
}

function mergeList(
  original: Json[],
  patch: Json[],
  field: FieldSchema | undefined,
  isDeletion: boolean,
): Json[] {
  if (strategyOf(field) !== "merge") return patch;
  if (original.length === 0 && patch.length === 0) return original;
  if (![...original, ...patch].some((item) => isObject(item))) {
    return isDeletion ? without(original, patch) : mergeScalars(original, patch);
  }
  const key = field?.patchMergeKey ?? "";
  if (key === "") throw plainFault(500, "cannot merge lists without merge key");
  const merge = { key, items: itemsOf(field) };
  const special = applyItemDirectives(original, patch, key);
  const merged = mergeItems(special.original, special.patch, merge);
  return mergedOrder(partition(merged, special.patch, key), special.patch, special.original, key);
}

function without(list: readonly Json[], removed: readonly Json[]): Json[] {
  return list.filter((item) => !removed.some((other) => equalJson(item, other)));
}

function mergeScalars(original: readonly Json[], patch: readonly Json[]): Json[] {
  const merged: Json[] = [];
  for (const item of [...original, ...patch]) {
    if (!merged.some((other) => equalJson(item, other))) merged.push(item);
  }
  return mergedOrder(partition(merged, patch, ""), patch, original, "");
}

/** Deletions and replacements that items ask for; the patch comes back without them. */
function applyItemDirectives(
  original: Json[],
  patch: readonly Json[],
  key: string,
): { original: Json[]; patch: Json[] } {
  const rest: Json[] = [];
  let kept = original;
  let replaces = false;
  for (const item of patch) {
    const directive = isObject(item) ? own(item, PATCH) : undefined;
    if (!isObject(item) || directive === undefined) rest.push(item);
    else if (directive === "delete") {
      const name = mergeKeyValue(item, key);
      kept = kept.filter((other) => !(isObject(other) && equalJson(own(other, key), name)));
    } else if (directive === "replace") replaces = true;
    else if (directive === "merge") {
      throw plainFault(500, "merging lists cannot yet be specified in the patch");
    } else throw unknownDirective(directive, item);
  }
  return replaces ? { original: rest, patch: [] } : { original: kept, patch: rest };
}

function mergeItems(
  original: readonly Json[],
  patch: readonly Json[],
  { key, items }: { key: string; items: TypeSchema | undefined },
): Json[] {
  const merged = [...original];
  for (const item of patch) {
    const name = mergeKeyValue(item, key);
    const at = merged.findIndex((other) => isObject(other) && equalJson(own(other, key), name));
    const current = merged[at];
    if (isObject(current) && isObject(item)) merged[at] = mergeObject(current, item, items);
    else merged.push(withoutDirectives(item));
  }
  return merged;
}

function mergeKeyValue(item: Json, key: string): Json {
  const name = isObject(item) ? own(item, key) : undefined;
  if (name !== undefined) return name;
  const text = goText(item);
  throw plainFault(500, `map: ${text} does not contain declared merge key: ${key}`);
}

/** Merges the lists whose order the patch gives, and takes both out of the patch. */
function mergeOrderedLists(
  original: JsonObject,
  patch: JsonObject,
  schema: TypeSchema | undefined,
): void {
  for (const orderKey of Object.keys(patch)) {
    if (!orderKey.startsWith(ORDER_PREFIX)) continue;
    const order = patch[orderKey] ?? null;
    delete patch[orderKey];
    const key = orderKey.slice(ORDER_PREFIX.length);
    const wanted = own(patch, key);
    const current = own(original, key);
    if (!Array.isArray(order)) {
      throw badRequest("invalid patch format of setElementOrder list");
    }
    if (wanted === null) continue;
    delete patch[key];
    const field = fieldOf(schema, key);
    const mergeKey = field?.patchMergeKey ?? "";
    if (Array.isArray(wanted)) checkOrder(wanted, order, mergeKey);
    const merged = mergeWanted(current, wanted, field);
    if (merged === undefined) continue;
    const before = Array.isArray(current) ? current : [];
    const parts = partition(merged, order, mergeKey);
    setOwn(original, key, mergedOrder(parts, order, before, mergeKey));
  }
}

function mergeWanted(
  current: Json | undefined,
  wanted: Json | undefined,
  field: FieldSchema | undefined,
): Json[] | undefined {
  const before = Array.isArray(current) ? current : undefined;
  if (!Array.isArray(wanted)) return before;
  if (before === undefined) return asList(withoutDirectives(wanted));
  return mergeList([...before], wanted, field, false);
}

function asList(value: Json): Json[] {
  return Array.isArray(value) ? value : [];
}

/** The items of a patch come in the order that the patch itself asks for. */
function checkOrder(patch: readonly Json[], order: readonly Json[], key: string): void {
  if (patch.length === 0 || order.length === 0) return;
  const items = patch.filter((item) => !(isObject(item) && own(item, PATCH) === "delete"));
  const nameOf = (item: Json): Json => (key === "" ? item : mergeKeyValue(item, key));
  let found = 0;
  for (const item of order) {
    const next = items[found];
    if (next !== undefined && equalJson(nameOf(next), nameOf(item))) found++;
  }
  if (found === items.length) return;
  const [wanted, said] = [goText([...patch]), goText([...order])];
  const mismatch = `${wanted}\n doesn't match $setElementOrder list:\n${said}`;
  throw plainFault(500, `The order in patch list:\n${mismatch}\n`);
}

/** What a patch adds where nothing was: its directives and nulls mean nothing there. */
function withoutDirectives(value: Json): Json {
  if (Array.isArray(value)) return value.filter(isNoDirective).map(withoutDirectives);
  if (!isObject(value)) return value;
  const kept: JsonObject = {};
  for (const key of Object.keys(value)) {
    const member = value[key] ?? null;
    if (member === null || key === PATCH || key === RETAIN_KEYS) continue;
    if (key.startsWith(DELETE_PREFIX) || key.startsWith(ORDER_PREFIX)) continue;
    setOwn(kept, key, withoutDirectives(member));
  }
  return kept;
}

function isNoDirective(item: Json): boolean {
  return !(isObject(item) && (own(item, PATCH) === "delete" || isOnlyReplace(item)));
}

function isOnlyReplace(item: JsonObject): boolean {
  return own(item, PATCH) === "replace" && Object.keys(item).length === 1;
}

/**
 * JSON merge patch. In: a document and a patch, both decoded. Out: a new document that shares parts
 * with both; neither is changed. @see RFC 7396
 */
import type { Json, JsonObject } from "../schema/schema.ts";
import { isObject, own, setOwn } from "./values.ts";

export function applyMergePatch(document: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const target = isObject(document) ? document : {};
  const merged: JsonObject = { ...target };
  for (const key of Object.keys(patch)) {
    const value = patch[key] ?? null;
    if (value === null) delete merged[key];
    else setOwn(merged, key, applyMergePatch(own(target, key), value));
  }
  return merged;
}

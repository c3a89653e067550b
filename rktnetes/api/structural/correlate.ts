/**
 * Which old value a new one takes the place of. In: a list's schema, the old list, a new item. Out:
 * the old item with the same keys; undefined where nobody can tell. Pure.
 */
import type { Json, Structural } from "../schema/schema.ts";
import { equalJson } from "../values/equal-json.ts";
import { isObject } from "./structural.ts";

export function correlate(
  { listType, listKeys }: Structural,
  old: Json | undefined,
  item: Json,
): Json | undefined {
  if (listType !== "map" || !Array.isArray(old) || !isObject(item)) return undefined;
  return old.find(
    (each) =>
      isObject(each) && listKeys.every((key) => equalJson(each[key] ?? null, item[key] ?? null)),
  );
}

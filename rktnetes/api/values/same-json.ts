/** Whether two JSON values mean the same; what is absent and what is empty are one. Pure. */
import type { Json } from "../schema/schema.ts";

export function isSameJson(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (isNothing(left) && isNothing(right)) return true;
  if (typeof left !== "object" || typeof right !== "object") return false;
  if (left === null || right === null) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const a = left as Readonly<Record<string, Json>>;
  const b = right as Readonly<Record<string, Json>>;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (!isSameJson(a[key], b[key])) return false;
  }
  return true;
}

/** Go's `Semantic.DeepEqual` takes an empty list or map for none. */
function isNothing(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) && value.length === 0;
}

/** Whether two JSON values are the same, member by member; their order means nothing. Pure. */
import type { Json } from "../schema/schema.ts";

export function equalJson(left: Json, right: Json): boolean {
  if (left === right) return true;
  if (typeof left === "bigint" || typeof right === "bigint") return isSameNumber(left, right);
  if (typeof left !== "object" || typeof right !== "object") return false;
  if (left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, at) => equalJson(item, right[at] ?? null));
  }
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  return names.every(
    (name) => Object.hasOwn(right, name) && equalJson(left[name] ?? null, right[name] ?? null),
  );
}

function isSameNumber(left: Json, right: Json): boolean {
  const isNumber = (value: Json): boolean => typeof value === "bigint" || typeof value === "number";
  return isNumber(left) && isNumber(right) && Number(left) === Number(right);
}

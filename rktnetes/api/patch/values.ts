/** What all patches ask of plain JSON values. In and out: decoded JSON. Never changes a value. */
import type { Json, JsonObject } from "../schema/schema.ts";

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a key that the object has itself: never one of its prototype. */
export function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Sets a key whatever its name: `__proto__` becomes a plain key. */
export function setOwn(object: JsonObject, key: string, value: Json): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { ...PLAIN, value });
}

const PLAIN = { configurable: true, enumerable: true, writable: true } as const;

export function copyJson<T extends Json>(value: T): T;
export function copyJson(value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => copyJson(item));
  if (!isObject(value)) return value;
  const copy: JsonObject = {};
  for (const key of Object.keys(value)) setOwn(copy, key, copyJson(value[key] ?? null));
  return copy;
}

/** Equal as JSON: the order of members means nothing. */
export function equalJson(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (Array.isArray(left)) return Array.isArray(right) && equalLists(left, right);
  if (!isObject(left) || !isObject(right)) return equalNumbers(left, right);
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && equalJson(left[key], right[key]));
}

function equalLists(left: readonly Json[], right: readonly Json[]): boolean {
  return left.length === right.length && left.every((item, at) => equalJson(item, right[at]));
}

/** 5 and 5n are one number. */
function equalNumbers(left: Json | undefined, right: Json | undefined): boolean {
  if (typeof left === "bigint") return typeof right === "number" && isWhole(right, left);
  return typeof right === "bigint" && typeof left === "number" && isWhole(left, right);
}

function isWhole(left: number, right: bigint): boolean {
  return Number.isInteger(left) && BigInt(left) === right;
}

/** As Go prints a value with `%v`: `map[a:1 b:[x y]]`; clients see it in messages. */
export function goText(value: Json): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (!isObject(value)) return String(value);
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${key}:${goText(value[key] ?? null)}`);
  return `map[${members.join(" ")}]`;
}

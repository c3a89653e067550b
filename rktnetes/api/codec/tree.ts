/**
 * What a decoder asks of the values of a tree, whether JSON.parse or `json-text.ts` made it. In:
 * values. Out: answers; a value is never changed.
 */
import type { FieldSchema, Json, JsonObject, TypeSchema } from "../schema/schema.ts";
import { NumberLiteral } from "./json-text.ts";
import type { ExactJson } from "./json-text.ts";
import { zeroOf } from "./plan.ts";

/** A parsed text, quickly or exactly. */
export type Tree = Json | ExactJson;

const MAX_INT32 = 2 ** 31 - 1;
const MIN_INT32 = -(2 ** 31);
export const MAX_INT64: bigint = 2n ** 63n - 1n;
export const MIN_INT64: bigint = -(2n ** 63n);

/** An empty list or map is as good as none, but where none would be written as null. */
export function shown<T extends Json[] | JsonObject>(
  value: T | undefined,
  { alwaysWritten = false }: FieldSchema,
): T | undefined {
  if (value === undefined || alwaysWritten) return value;
  if (Array.isArray(value)) return value.length > 0 ? value : undefined;
  return Object.keys(value).length > 0 ? value : undefined;
}

export function isZero(value: Json): boolean {
  return value === "" || value === 0 || value === false;
}

export function isInt32(value: number): boolean {
  return value >= MIN_INT32 && value <= MAX_INT32;
}

export function isObject(tree: Tree): boolean {
  const isPlain = typeof tree === "object" && tree !== null && !Array.isArray(tree);
  return isPlain && !(tree instanceof NumberLiteral);
}

export function asObject(value: Json | undefined): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

/** Undefined for what has a fraction, an exponent, or more than 64 bits. */
export function exactInteger(text: string): number | bigint | undefined {
  if (!/^-?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text);
  if (value < MIN_INT64 || value > MAX_INT64) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

export function itemZero(type: TypeSchema): Json {
  const isBytes = type.kind === "scalar" && type.scalar === "bytes";
  return isBytes ? "" : zeroOf(type, false);
}

export function describe(tree: Tree): string {
  if (typeof tree === "string") return "string";
  if (typeof tree === "boolean") return "bool";
  if (Array.isArray(tree)) return "array";
  return isObject(tree) ? "object" : "number";
}

export function textOf(tree: Tree): string {
  if (typeof tree === "string") return tree;
  if (tree instanceof NumberLiteral) return tree.text;
  return typeof tree === "object" ? "{" : String(tree);
}

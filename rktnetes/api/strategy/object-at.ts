/** Small steps into decoded objects that all strategies take. */
import { openObject } from "../codec/plan.ts";
import type { JsonObject } from "../schema/schema.ts";

/** The object in a field; an empty one is put there where there is none. */
export function objectAt(parent: JsonObject, field: string): JsonObject {
  const value = parent[field];
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  const made: JsonObject = {};
  parent[field] = made;
  return made;
}

/** The object in a field, or an empty one that is not put there. */
export function readObject(parent: JsonObject, field: string): JsonObject {
  const value = parent[field];
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value
    : openObject();
}

/** The text in a field; empty where there is none. */
export function readText(parent: JsonObject, field: string): string {
  const value = parent[field];
  return typeof value === "string" ? value : "";
}

/** The objects in a list; none where there is no list. */
export function readList(parent: JsonObject, field: string): readonly JsonObject[] {
  const value = parent[field];
  return Array.isArray(value) ? (value as JsonObject[]) : [];
}

/** The texts in a list; none where there is no list. */
export function readTexts(parent: JsonObject, field: string): readonly string[] {
  const value = parent[field];
  return Array.isArray(value) ? (value as string[]) : [];
}

/** The number in a field; undefined where there is none. A huge one loses its last digits. */
export function readNumber(parent: JsonObject, field: string): number | undefined {
  const value = parent[field];
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
}

/** The object in a field; undefined where there is none. */
export function findObject(parent: JsonObject, field: string): JsonObject | undefined {
  const value = parent[field];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}

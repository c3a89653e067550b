/**
 * Small steps from an object to the text of a cell that many kinds share. In: decoded objects.
 * Out: text and numbers. Fields that are absent read as what Go would have there. Pure.
 */
import type { Json, JsonObject } from "../schema/schema.ts";
import { readObject } from "../strategy/object-at.ts";
import type { RowContext } from "../strategy/strategy.ts";
import { formatAge } from "./age.ts";

/** The cells of one object, in the order of its kind's columns. */
export type Row = (object: JsonObject, context: RowContext) => readonly Json[];

export const NONE = "<none>";
export const UNSET = "<unset>";

/** The value at a path of field names; undefined where there is none. */
export function at(object: JsonObject, ...path: readonly string[]): Json | undefined {
  let value: Json | undefined = object;
  for (const field of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    value = value[field];
  }
  return value ?? undefined;
}

/** The text at a path; a number reads as its digits. */
export function textAt(object: JsonObject, ...path: readonly string[]): string {
  const value = at(object, ...path);
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

export function numberAt(object: JsonObject, ...path: readonly string[]): number {
  const value = at(object, ...path);
  return typeof value === "number" ? value : 0;
}

export function objectOf(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

/** The objects in a list at a path. */
export function objectsAt(object: JsonObject, ...path: readonly string[]): readonly JsonObject[] {
  const value = at(object, ...path);
  return Array.isArray(value) ? value.map(objectOf) : [];
}

/** The texts in a list at a path. */
export function textsAt(object: JsonObject, ...path: readonly string[]): readonly string[] {
  const value = at(object, ...path);
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

export function countAt(object: JsonObject, ...path: readonly string[]): number {
  const value = at(object, ...path);
  if (Array.isArray(value)) return value.length;
  return Object.keys(objectOf(value)).length;
}

export function nameOf(object: JsonObject): string {
  return textAt(object, "metadata", "name");
}

/** How long ago the object was made. */
export function ageOf(object: JsonObject, { nowMs }: RowContext): string {
  return formatAge(at(object, "metadata", "creationTimestamp"), nowMs);
}

export function isDeleted(object: JsonObject): boolean {
  return at(object, "metadata", "deletionTimestamp") !== undefined;
}

export function annotationOf(object: JsonObject, name: string): string {
  return textAt(object, "metadata", "annotations", name);
}

/** The condition of a type in `status.conditions`. */
export function conditionOf(object: JsonObject, type: string): JsonObject | undefined {
  return objectsAt(object, "status", "conditions").find((each) => each["type"] === type);
}

export function orNone(text: string): string {
  return text === "" ? NONE : text;
}

/** Texts in one cell; so many of them that the rest is only counted. */
export function joinSome(texts: readonly string[], max: number, separator: string): string {
  const shown = texts.slice(0, max).join(separator);
  return texts.length > max ? `${shown} + ${texts.length - max} more...` : shown;
}

/** Labels as text, sorted by key. */
export function formatLabels(labels: JsonObject): string {
  const keys = Object.keys(labels).sort();
  return orNone(keys.map((key) => `${key}=${textAt(labels, key)}`).join(","));
}

/** A label selector of an object as a client would write it in a query. */
export function formatSelector(selector: JsonObject): string {
  const labels = readObject(selector, "matchLabels");
  const equal = Object.keys(labels).map((key) => {
    return [key, `${key}=${textAt(labels, key)}`] as const;
  });
  const others = objectsAt(selector, "matchExpressions").map((each) => {
    const key = textAt(each, "key");
    return [key, formatRequirement(key, each)] as const;
  });
  const all = [...equal, ...others].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return orNone(all.map(([, text]) => text).join(","));
}

function formatRequirement(key: string, requirement: JsonObject): string {
  const values = [...textsAt(requirement, "values")].sort().join(",");
  switch (requirement["operator"]) {
    case "In":
      return `${key} in (${values})`;
    case "NotIn":
      return `${key} notin (${values})`;
    case "DoesNotExist":
      return `!${key}`;
    default:
      return key;
  }
}

/** Names and images of the containers of a pod's specification. */
export function containerCells(podSpec: JsonObject): readonly [string, string] {
  const containers = objectsAt(podSpec, "containers");
  const named = (field: string): string => containers.map((each) => textAt(each, field)).join(",");
  return [named("name"), named("image")];
}

/** `Kind.group/name` in small letters, as owners are named. */
export function resourceName(kind: string, apiVersion: string, name: string): string {
  const [group, version] = apiVersion.split("/");
  const qualified = version === undefined ? kind : `${kind}.${group}`;
  return `${qualified.toLowerCase()}/${name}`;
}

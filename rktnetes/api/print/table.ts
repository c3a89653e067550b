/**
 * Objects as rows of a table, the form that kubectl prints. In: objects and what their kind's
 * strategy says of them. Out: cells. Column descriptions are not served. Pure.
 */
import type { Kind } from "../kinds/kind.ts";
import type { Json, JsonObject } from "../schema/schema.ts";
import type { RowContext, Strategy } from "../strategy/strategy.ts";
import { ageOf, nameOf, numberAt, textAt } from "./cells.ts";
import { podRowConditions } from "./pod.ts";
import { rowOf } from "./rows.ts";

const PLAIN: readonly Json[] = [
  { name: "Name", type: "string", format: "name", description: "", priority: 0 },
  { name: "Created At", type: "date", format: "", description: "", priority: 0 },
];

/** Columns of a kind; name and time of creation where it has none. */
export function columnDefinitions({ columns }: Pick<Kind, "columns">): Json[] {
  if (columns.length === 0) return [...PLAIN];
  return columns.map(({ name, type, format, description, priority }) => {
    return { name, type, format, description, priority };
  });
}

/** The cells of one object. */
export function rowCells(
  kind: Kind,
  strategy: Strategy,
  object: JsonObject,
  context: RowContext,
): Json[] {
  if (strategy.row !== undefined) return [...strategy.row(object, context)];
  const row = rowOf(kind);
  if (row !== undefined) return [...row(object, context)];
  const name = nameOf(object);
  if (kind.columns.length === 0 || kind.columns.some((column) => column.type === "date")) {
    const created = textAt(object, "metadata", "creationTimestamp");
    return [name, created === "" ? null : created];
  }
  return [name, ageOf(object, context)];
}

/** Conditions of a row, by which clients hide some; undefined where there are none. */
export function rowConditions({ group, resource }: Kind, object: JsonObject): Json[] | undefined {
  return group === "" && resource === "pods" ? podRowConditions(object) : undefined;
}

/** The order in which a list of a kind is printed: flow schemas as they are tried. */
export function printOrder<T extends { readonly object: JsonObject }>(
  { group, resource }: Kind,
  objects: readonly T[],
): readonly T[] {
  if (group !== "flowcontrol.apiserver.k8s.io" || resource !== "flowschemas") return objects;
  const place = ({ object }: T): number => numberAt(object, "spec", "matchingPrecedence");
  return [...objects].sort((a, b) => place(a) - place(b));
}

/**
 * Objects as rows of a table, the form that kubectl prints. In: objects and what their kind's
 * strategy says of them. Out: cells. Column descriptions are not served. Pure.
 */
import type { Kind } from "../kinds/kind.ts";
import type { Json, JsonObject } from "../schema/schema.ts";
import { readObject, readText } from "../strategy/object-at.ts";
import type { RowContext, Strategy } from "../strategy/strategy.ts";

const PLAIN: readonly Json[] = [
  { name: "Name", type: "string", format: "name", description: "", priority: 0 },
  { name: "Created At", type: "date", format: "", description: "", priority: 0 },
];

/** Columns of a kind; name and time of creation where it has none. */
export function columnDefinitions({ columns }: Kind): Json[] {
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
  const metadata = readObject(object, "metadata");
  const name = readText(metadata, "name");
  const created = readText(metadata, "creationTimestamp");
  if (kind.columns.length === 0) return [name, created === "" ? null : created];
  const age = formatAge(created, context);
  return kind.columns.map((column) => {
    if (column.name === "Name") return name;
    return column.name === "Age" ? age : "<unknown>";
  });
}

/** How long ago a time was, as kubectl shows it: `3m12s`, `5d`, `2y33d`. */
export function formatAge(time: string, { nowMs }: RowContext): string {
  const then = Date.parse(time);
  return Number.isNaN(then) ? "<unknown>" : formatSpan(Math.floor((nowMs - then) / 1000));
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** A span of seconds with two units at most, fewer the longer it is. */
export function formatSpan(seconds: number): string {
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 2 * MINUTE) return `${seconds}s`;
  if (seconds < 10 * MINUTE) return pair([seconds, MINUTE, "m"], [1, "s"]);
  if (seconds < 3 * HOUR) return `${Math.floor(seconds / MINUTE)}m`;
  if (seconds < 8 * HOUR) return pair([seconds, HOUR, "h"], [MINUTE, "m"]);
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)}h`;
  if (seconds < 8 * DAY) return pair([seconds, DAY, "d"], [HOUR, "h"]);
  if (seconds < 2 * YEAR) return `${Math.floor(seconds / DAY)}d`;
  if (seconds < 8 * YEAR) return pair([seconds, YEAR, "y"], [DAY, "d"]);
  return `${Math.floor(seconds / YEAR)}y`;
}

/** The smaller unit is left out where there is none of it. */
function pair(
  [seconds, unit, name]: readonly [number, number, string],
  [small, smallName]: readonly [number, string],
): string {
  const rest = Math.floor((seconds % unit) / small);
  const first = `${Math.floor(seconds / unit)}${name}`;
  return rest === 0 ? first : `${first}${rest}${smallName}`;
}

/**
 * Times as kubectl shows them: how long ago. In: times of objects, the time now. Out: text. Pure.
 */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** How long ago a time was: `3m12s`, `5d`, `2y33d`; `<unknown>` when there is no time. */
export function formatAge(time: unknown, nowMs: number): string {
  const then = typeof time === "string" ? Date.parse(time) : Number.NaN;
  return Number.isNaN(then) ? "<unknown>" : formatSpan(Math.floor((nowMs - then) / 1000));
}

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

/**
 * Schedules of cron jobs: five fields, or a name like `@daily`. In: text. Out: what is wrong with
 * it, in the words that clients know. Pure.
 */
import { Fault } from "@shared/base";
import { parseGoDuration } from "./duration.ts";

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: readonly Bounds[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];

const NAMED: ReadonlySet<string> = new Set([
  "@yearly",
  "@annually",
  "@monthly",
  "@weekly",
  "@daily",
  "@midnight",
  "@hourly",
]);

const EVERY = "@every ";

/** What is wrong with a schedule; undefined when it is right. */
export function scheduleProblem(text: string): string | undefined {
  if (text === "") return "empty spec string";
  if (text.startsWith("@")) return descriptorProblem(text);
  const fields = text.split(/\s+/).filter((field) => field !== "");
  if (fields.length !== FIELDS.length)
    return `expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`;
  for (const [at, bounds] of FIELDS.entries()) {
    const problem = fieldProblem(fields[at] ?? "", bounds);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function descriptorProblem(text: string): string | undefined {
  if (NAMED.has(text)) return undefined;
  if (!text.startsWith(EVERY)) return `unrecognized descriptor: ${text}`;
  try {
    parseGoDuration(text.slice(EVERY.length));
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return `failed to parse duration ${text}: ${error.message}`;
  }
}

function fieldProblem(field: string, bounds: Bounds): string | undefined {
  for (const range of field.split(",").filter((part) => part !== "")) {
    const problem = rangeProblem(range, bounds);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** `number | number "-" number [ "/" number ]`, `*` or `?` for all. */
function rangeProblem(text: string, bounds: Bounds): string | undefined {
  const parts = text.split("/");
  const ends = (parts[0] ?? "").split("-");
  let from = bounds.min;
  let to = bounds.max;
  const isAll = ends[0] === "*" || ends[0] === "?";
  if (!isAll) {
    const start = numberOf(ends[0] ?? "", bounds);
    if (typeof start === "string") return start;
    if (ends.length > 2) return `too many hyphens: ${text}`;
    const end = ends[1] === undefined ? start : numberOf(ends[1], bounds);
    if (typeof end === "string") return end;
    from = start;
    to = end;
  }
  if (parts.length > 2) return `too many slashes: ${text}`;
  if (parts[1] !== undefined) {
    const step = integerOf(parts[1]);
    if (typeof step === "string") return step;
    if (!isAll && ends.length === 1) to = bounds.max;
    if (step === 0) return `step of range should be a positive number: ${text}`;
  }
  return boundsProblem(text, [from, to], bounds);
}

function boundsProblem(
  text: string,
  [from, to]: readonly [number, number],
  { min, max }: Bounds,
): string | undefined {
  if (from < min) return `beginning of range (${from}) below minimum (${min}): ${text}`;
  if (to > max) return `end of range (${to}) above maximum (${max}): ${text}`;
  if (from > to) return `beginning of range (${from}) beyond end of range (${to}): ${text}`;
  return undefined;
}

function numberOf(text: string, { names, min }: Bounds): number | string {
  const index = names.indexOf(text.toLowerCase());
  return index >= 0 ? index + min : integerOf(text);
}

function integerOf(text: string): number | string {
  if (/^-\d+$/.test(text)) return `negative number (${Number(text)}) not allowed: ${text}`;
  if (/^\+?\d+$/.test(text)) return Number(text);
  const why = `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
  return `failed to parse int from ${text}: ${why}`;
}

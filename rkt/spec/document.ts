/**
 * The door for JSON texts: text and `unknown` flow in, plain typed values flow out, each wrong
 * shape becomes a Fault that names its place. As in Go's decoder an unknown field is ignored and
 * `null` counts as absent. Never touches a disk.
 */
import { Fault, KiB, quote } from "@shared/base";
import { findJsonProblem } from "./json-problem.ts";

/** An object of JSON, nothing of it read yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The largest manifest that is parsed. */
const MANIFEST_LIMIT_BYTES = 1024 * KiB;

export interface DocumentOptions {
  /** As it stands in messages: "image manifest". */
  readonly what: string;
  readonly limitBytes?: number;
}

/** A text that must be one JSON object. */
export function parseDocument(text: string, options: DocumentOptions): JsonObject {
  const limit = options.limitBytes ?? MANIFEST_LIMIT_BYTES;
  if (Buffer.byteLength(text) > limit) {
    throw new Fault("invalid", `parse ${options.what}: larger than ${limit} bytes`);
  }
  return readObject(parsed(text, options.what), options.what);
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const found = findJsonProblem(text);
    if (found === undefined) throw new Fault("invalid", `parse ${what}: not JSON`, { cause });
    const { line, column, problem } = found;
    throw new Fault("invalid", `parse ${what}: line ${line}, column ${column}: ${problem}`);
  }
}

/** The object, or a Fault; `null` is no object. */
export function readObject(value: unknown, place: string): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw wrongShape(value, place, "an object");
}

/** The text; undefined where it is absent. */
export function readText(value: unknown, place: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw wrongShape(value, place, "a string");
  return value;
}

/** The items in order; undefined where the list is absent. */
export function readList<T>(
  value: unknown,
  place: string,
  item: (value: unknown, place: string) => T,
): T[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw wrongShape(value, place, "a list");
  return value.map((each: unknown, index) => item(each, `${place}[${index}]`));
}

/** A list of texts; a `null` among them is the empty text, as in Go. */
export function readTexts(value: unknown, place: string): string[] | undefined {
  return readList(value, place, (each, at) => readText(each, at) ?? "");
}

export interface IntegerRange {
  readonly min: number;
  readonly max: number;
}

/** A whole number inside the range, both ends included; undefined where it is absent. */
export function readInteger(
  value: unknown,
  place: string,
  range: IntegerRange,
): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number") throw wrongShape(value, place, "a number");
  if (!Number.isSafeInteger(value) || value < range.min || value > range.max) {
    const allowed = `a whole number from ${range.min} to ${range.max}`;
    throw new Fault("invalid", `read ${quote(place)}: want ${allowed}, found ${value}`);
  }
  return value;
}

/** True or false; undefined where it is absent. */
export function readBoolean(value: unknown, place: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw wrongShape(value, place, "true or false");
  return value;
}

/** An object whose values are texts; undefined where it is absent. */
export function readTextMap(value: unknown, place: string): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  const entries = Object.entries(readObject(value, place));
  return Object.fromEntries(
    entries.map(([key, text]) => [key, readText(text, `${place}.${key}`) ?? ""]),
  );
}

/** Optional fields may be given as undefined, required ones may not. */
type Loose<T> = {
  [K in keyof T]: object extends Pick<T, K> ? T[K] | undefined : T[K];
};

/** The record without the fields that are undefined. */
export function given<T extends object>(record: Loose<T>): T {
  return Object.fromEntries(Object.entries(record).filter(([, v]) => v !== undefined)) as T;
}

function wrongShape(value: unknown, place: string, wanted: string): Fault {
  return new Fault("invalid", `read ${quote(place)}: want ${wanted}, found ${shapeOf(value)}`);
}

function shapeOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

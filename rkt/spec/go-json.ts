/**
 * JSON texts as Go's encoding/json prints them: a value of plain objects, whose keys already stand
 * in their order, flows in, one text flows out. Differs from JSON.stringify in what it escapes.
 * Never sorts and never adds a line end.
 *
 * @see https://pkg.go.dev/encoding/json#Marshal
 */

/** How a document is printed. */
export interface PrintOptions {
  /** One field per line, indented by tabs. */
  readonly pretty: boolean;
}

const BACKSLASH_PAIR = /\\./g;
const SPECIAL = /[<>&\u2028\u2029]/g;

/**
 * `<`, `>`, `&` and the two line separators become \u escapes; an unpaired surrogate becomes
 * U+FFFD.
 */
export function printGoJson(value: unknown, options: PrintOptions): string {
  const text = JSON.stringify(value, wellFormed, options.pretty ? "\t" : undefined);
  return text
    .replace(BACKSLASH_PAIR, (pair) => longEscape(pair))
    .replace(SPECIAL, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A map as Go prints it, by key in byte order; undefined where there is nothing to print. */
export function sortedMap(
  map: Readonly<Record<string, string>> | undefined,
): Record<string, string> | undefined {
  const keys = Object.keys(map ?? {}).sort(compareBytes);
  if (map === undefined || keys.length === 0) return undefined;
  return Object.fromEntries(keys.map((key) => [key, map[key] ?? ""]));
}

/** The list, or undefined where it is empty: Go's `omitempty`. */
export function unlessEmpty<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === "string" ? value.toWellFormed() : value;
}

function longEscape(pair: string): string {
  if (pair === "\\b") return "\\u0008";
  return pair === "\\f" ? "\\u000c" : pair;
}

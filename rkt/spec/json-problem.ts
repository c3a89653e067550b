/**
 * Where a text stops being JSON, for the person who wrote it: the runtime's own parser does not
 * say. A text that is not JSON flows in, place and problem in the words of Go's decoder flow out.
 * Reads once from start to end, keeps no value, and does not recurse.
 *
 * @see RFC 8259; https://pkg.go.dev/encoding/json#SyntaxError
 */

export interface JsonProblem {
  /** Both from 1; the column counts characters as an editor does. */
  readonly line: number;
  readonly column: number;
  readonly problem: string;
}

/** What may come next, and how Go calls the place. */
type Expectation =
  | "value"
  | "first-item"
  | "key"
  | "first-key"
  | "colon"
  | "object"
  | "array"
  | "end";

const PLACES: Readonly<Record<Expectation, string>> = {
  value: "looking for beginning of value",
  "first-item": "looking for beginning of value",
  key: "looking for beginning of object key string",
  "first-key": "looking for beginning of object key string",
  colon: "after object key",
  object: "after object key:value pair",
  array: "after array element",
  end: "after top-level value",
};

/** Parts of a string; a pattern of the whole could try for ever where its end is missing. */
const PLAIN = /[^"\\\0-\x1f]*/uy;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/uy;
const SCALAR = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/uy;

interface Scan {
  at: number;
  expects: Expectation;
  /** Open brackets, outermost first. */
  readonly open: ("object" | "array")[];
}

/** The first problem of the text; undefined where it has none. */
export function findJsonProblem(text: string): JsonProblem | undefined {
  const scan: Scan = { at: 0, expects: "value", open: [] };
  while (true) {
    while (/[ \t\r\n]/.test(text[scan.at] ?? "")) scan.at += 1;
    if (scan.at >= text.length) break;
    if (!step(text, scan)) return problemAt(text, scan);
  }
  return scan.expects === "end" ? undefined : problemAt(text, scan);
}

/** Takes one token; false where none of those that may come next stands here. */
function step(text: string, scan: Scan): boolean {
  const { expects } = scan;
  const character = text[scan.at] ?? "";
  if (expects === "end") return false;
  if (expects === "colon") return character === ":" && take(scan, "value");
  if (closes(expects, character)) return close(scan);
  if (expects === "object") return character === "," && take(scan, "key");
  if (expects === "array") return character === "," && take(scan, "value");
  if (expects === "key" || expects === "first-key") {
    return character === '"' && takeScalar(text, scan, "colon");
  }
  if (character === "{" || character === "[") return open(scan, character);
  return takeScalar(text, scan, scan.open.at(-1) ?? "end");
}

function take(scan: Scan, next: Expectation): boolean {
  scan.at += 1;
  scan.expects = next;
  return true;
}

function open(scan: Scan, bracket: "{" | "["): boolean {
  scan.open.push(bracket === "{" ? "object" : "array");
  return take(scan, bracket === "{" ? "first-key" : "first-item");
}

function closes(expects: Expectation, character: string): boolean {
  if (character === "}") return expects === "object" || expects === "first-key";
  return character === "]" && (expects === "array" || expects === "first-item");
}

function close(scan: Scan): boolean {
  scan.open.pop();
  return take(scan, scan.open.at(-1) ?? "end");
}

function takeScalar(text: string, scan: Scan, next: Expectation): boolean {
  const length =
    text[scan.at] === '"' ? stringLength(text, scan.at) : lengthAt(SCALAR, text, scan.at);
  if (length === 0) return false;
  scan.at += length;
  scan.expects = next;
  return true;
}

/** With both quotes; 0 where it is malformed or has no end. */
function stringLength(text: string, from: number): number {
  for (let at = from + 1; ; ) {
    at += lengthAt(PLAIN, text, at);
    if (text[at] === '"') return at + 1 - from;
    const escaped = lengthAt(ESCAPE, text, at);
    if (escaped === 0) return 0;
    at += escaped;
  }
}

function lengthAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

function problemAt(text: string, scan: Scan): JsonProblem {
  const before = text.slice(0, scan.at);
  const line = before.split("\n").length;
  const column = [...before.slice(before.lastIndexOf("\n") + 1)].length + 1;
  const character = [...text.slice(scan.at, scan.at + 2)][0];
  return { line, column, problem: wordsFor(character, scan.expects) };
}

function wordsFor(character: string | undefined, expects: Expectation): string {
  if (character === undefined) return "unexpected end of JSON input";
  if (character === '"' && !["colon", "object", "array", "end"].includes(expects)) {
    return "invalid or unfinished string";
  }
  return `invalid character ${character === "'" ? '"\'"' : `'${character}'`} ${PLACES[expects]}`;
}

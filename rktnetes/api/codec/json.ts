/**
 * JSON without a schema. In: text. Out: plain values, integers beyond 2^53 as `bigint`, the last
 * of duplicate members; a text that is no JSON is a Fault in Go's words. And back, escaped as Go
 * escapes.
 */
import type { Json } from "../schema/schema.ts";
import { Members, NumberLiteral, parseExactJson } from "./json-text.ts";
import type { ExactJson } from "./json-text.ts";
import { openObject } from "./plan.ts";

/** Deeper text or longer digits than these take the slow way, which loses nothing. */
const LONG_DIGITS = /\d{16}/;
/** Longer numbers are no integers of 64 bits; they become doubles, as in Go. */
const INTEGER_MAX = 20;

/** Objects may have a prototype: look keys from outside up with `Object.hasOwn`. */
export function parseJson(text: string): Json {
  if (LONG_DIGITS.test(text)) return plain(parseExactJson(text));
  try {
    const value: Json = JSON.parse(text) as Json;
    return value;
  } catch {
    return plain(parseExactJson(text));
  }
}

function plain(tree: ExactJson): Json {
  if (Array.isArray(tree)) return tree.map(plain);
  if (tree instanceof NumberLiteral) return numberOf(tree.text);
  if (!(tree instanceof Members)) return tree;
  const object = openObject();
  for (const [at, key] of tree.keys.entries()) object[key] = plain(tree.values[at] ?? null);
  return object;
}

function numberOf(text: string): number | bigint {
  const value = Number(text);
  const isLong = text.length > INTEGER_MAX || /[.eE]/.test(text);
  return Number.isSafeInteger(value) || isLong ? value : BigInt(text);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};
const ESCAPED = /[<>&\u2028\u2029]/;
const ALL_ESCAPED = /[<>&\u2028\u2029]/g;

/** The text of any value, members in the order that they have. */
export function stringifyJson(value: Json): string {
  const text = stringifyPlain(value);
  return ESCAPED.test(text) ? text.replace(ALL_ESCAPED, (char) => ESCAPES[char] ?? char) : text;
}

/** A replacer is called for every value: only big integers, which are rare, need one. */
function stringifyPlain(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch {
    return JSON.stringify(value, writeBigInt);
  }
}

const json: { readonly rawJSON: (text: string) => Json } = JSON as never;

function writeBigInt(_key: string, value: Json): Json {
  return typeof value === "bigint" ? json.rawJSON(String(value)) : value;
}

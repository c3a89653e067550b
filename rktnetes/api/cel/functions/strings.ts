/** Texts. Places are counted in code points. Pure. */
import { Fault } from "@shared/base";
import { goRegexp, type GoRegexp } from "../../values/go-regexp.ts";
import { CelError, type CelValue, isList } from "../values.ts";
import { formatText } from "./format-text.ts";
import type { Library, PartialFunction } from "./library.ts";

/** A function of a text and, at most, two more values. */
function onText(
  run: (text: string, b: CelValue | undefined, c: CelValue | undefined) => CelValue | undefined,
): PartialFunction {
  return ([text, b, c]) => (typeof text === "string" ? run(text, b, c) : undefined);
}

function withText(run: (text: string, other: string) => CelValue): PartialFunction {
  return onText((text, other) => (typeof other === "string" ? run(text, other) : undefined));
}

function regexp(pattern: string): GoRegexp {
  try {
    return goRegexp(pattern);
  } catch (error) {
    throw new CelError(Fault.from(error).message);
  }
}

function charAt(text: string, at: CelValue | undefined): CelValue | undefined {
  if (typeof at !== "bigint") return undefined;
  const chars = [...text];
  if (at < 0n || at > BigInt(chars.length)) throw new CelError(`index out of range: ${at}`);
  return chars[Number(at)] ?? "";
}

function place(text: string, wanted: string, from: bigint, isLast: boolean): bigint {
  const [chars, part] = [[...text], [...wanted]];
  if (from < 0n || from > BigInt(chars.length)) throw new CelError(`index out of range: ${from}`);
  const fits = (at: number): boolean => part.every((char, n) => chars[at + n] === char);
  const last = chars.length - part.length;
  if (isLast) {
    for (let at = Math.min(Number(from), last); at >= 0; at--) if (fits(at)) return BigInt(at);
    return -1n;
  }
  for (let at = Number(from); at <= last; at++) if (fits(at)) return BigInt(at);
  return -1n;
}

function substring(
  text: string,
  from: CelValue | undefined,
  to: CelValue | undefined,
): CelValue | undefined {
  if (typeof from !== "bigint" || (to !== undefined && typeof to !== "bigint")) return undefined;
  const chars = [...text];
  const end = to ?? BigInt(chars.length);
  const count = BigInt(chars.length);
  if (from < 0n || from > count) throw new CelError(`index out of range: ${from}`);
  if (end < 0n || end > count) throw new CelError(`index out of range: ${end}`);
  if (from > end) throw new CelError(`invalid substring range. start: ${from}, end: ${end}`);
  return chars.slice(Number(from), Number(end)).join("");
}

function replace([text, old, next, count]: readonly CelValue[]): CelValue | undefined {
  const areTexts = typeof text === "string" && typeof old === "string" && typeof next === "string";
  if (!areTexts) return undefined;
  if (typeof count !== "bigint" || count < 0n) return text.replaceAll(old, () => next);
  let out = "";
  let rest: string = text;
  for (let left = count; left > 0n; left--) {
    const at = rest.indexOf(old);
    if (at < 0) break;
    out += rest.slice(0, at) + next;
    rest = rest.slice(at + old.length);
  }
  return out + rest;
}

function split(
  text: string,
  by: CelValue | undefined,
  count: CelValue | undefined,
): CelValue | undefined {
  if (typeof by !== "string") return undefined;
  const parts = by === "" ? [...text] : text.split(by);
  if (typeof count !== "bigint" || count < 0n) return parts;
  if (count === 0n) return [];
  const n = Number(count);
  if (parts.length <= n) return parts;
  return [...parts.slice(0, n - 1), parts.slice(n - 1).join(by)];
}

function join([list, by]: readonly CelValue[]): CelValue | undefined {
  if (!isList(list ?? null)) return undefined;
  return (list as readonly CelValue[])
    .map((item) => {
      if (typeof item !== "string") throw new CelError("no such overload");
      return item;
    })
    .join(typeof by === "string" ? by : "");
}

function findAll(text: string, pattern: string, max: number): CelValue[] {
  const matcher = regexp(pattern).re2.matcher(text);
  const found: CelValue[] = [];
  while (found.length < max && matcher.find()) found.push(matcher.group() ?? "");
  return found;
}

/** Letters of ASCII only. */
function ascii(text: string, upper: boolean): string {
  return upper
    ? text.replaceAll(/[a-z]/g, (char) => char.toUpperCase())
    : text.replaceAll(/[A-Z]/g, (char) => char.toLowerCase());
}

/** White space at both ends, as Unicode has it. */
const SPACES = /^[\p{White_Space}]+|[\p{White_Space}]+$/gu;

const ESCAPED: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

function quoted(text: string): string {
  return `"${text.replaceAll(/[\u0007\b\f\n\r\t\v\\"]/g, (char) => ESCAPED[char] ?? char)}"`;
}

export const STRING_FUNCTIONS: Library = {
  contains: withText((text, other) => text.includes(other)),
  startsWith: withText((text, other) => text.startsWith(other)),
  endsWith: withText((text, other) => text.endsWith(other)),
  matches: withText((text, pattern) => regexp(pattern).test(text)),
  find: withText((text, pattern) => findAll(text, pattern, 1)[0] ?? ""),
  findAll: onText((text, pattern, max) => {
    if (typeof pattern !== "string") return undefined;
    const isLimited = typeof max === "bigint" && max >= 0n;
    return findAll(text, pattern, isLimited ? Number(max) : Number.POSITIVE_INFINITY);
  }),
  charAt: onText(charAt),
  indexOf: onText((text, wanted, from) =>
    typeof wanted === "string"
      ? place(text, wanted, typeof from === "bigint" ? from : 0n, false)
      : undefined,
  ),
  lastIndexOf: onText((text, wanted, from) =>
    typeof wanted === "string"
      ? place(text, wanted, typeof from === "bigint" ? from : BigInt([...text].length), true)
      : undefined,
  ),
  lowerAscii: onText((text) => ascii(text, false)),
  upperAscii: onText((text) => ascii(text, true)),
  replace,
  reverse: onText((text) => [...text].reverse().join("")),
  split: onText(split),
  join,
  substring: onText(substring),
  trim: onText((text) => text.replaceAll(SPACES, "")),
  "jsonpatch.escapeKey": onText((text) => text.replaceAll("~", "~0").replaceAll("/", "~1")),
  "strings.quote": onText(quoted),
  format: onText((text, args) =>
    isList(args ?? null) ? formatText(text, args as readonly CelValue[]) : undefined,
  ),
};

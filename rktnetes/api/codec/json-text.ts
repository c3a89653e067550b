/**
 * JSON text as Go reads it. In: text. Out: a tree in which nothing is lost: members in order with
 * their duplicates, numbers as they were written. What is no JSON is a Fault in Go's words.
 *
 * Slow beside `JSON.parse`: used when `needsExactness` says that the fast one would lose something.
 */
import { Fault } from "@shared/base";

/** The members of an object in the order of the text, duplicates and all. */
export class Members {
  readonly keys: string[] = [];
  readonly values: ExactJson[] = [];
}

/** A number that is no short plain integer: a fraction, an exponent, more than 15 digits. */
export class NumberLiteral {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type ExactJson = null | boolean | number | string | NumberLiteral | ExactJson[] | Members;

/** A string that reads as it is written. */
const PLAIN = /^[\u0020-\u005b\u005d-\ud7ff\ue000-\uffff]*$/;

const MAX_DEPTH = 10_000;
const DIGITS_MAX = 15;

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * How many members all objects of the text have together; undefined where `JSON.parse` would lose
 * something: how a number was written, half a surrogate pair, the depth.
 */
export function countMembers(text: string): number | undefined {
  if (/\\u[dD][89a-fA-F]/.test(text)) return undefined;
  let members = 0;
  let depth = 0;
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      digits = 0;
      at = endOfString(text, at + 1);
      if (at < 0) return undefined;
    } else if (char >= 0x30 && char <= 0x39) {
      if (++digits > DIGITS_MAX) return undefined;
    } else if (char === COLON) {
      members++;
      digits = 0;
    } else if (char === 0x7b || char === 0x5b) {
      if (++depth > MAX_DEPTH) return undefined;
    } else if (char === 0x7d || char === 0x5d) {
      depth--;
      digits = 0;
    } else if (char === 0x2e || char === 0x45 || (char === 0x65 && digits > 0)) {
      return undefined;
    } else digits = 0;
  }
  return members;
}

/** So many members, and so many objects and lists, may a text have that a stranger sends. */
const CROWD_MAX = 100_000;

/** So deep may they nest: whoever walks through them must not run out of stack. */
export const NESTING_MAX = 1000;

/** @throws {Fault} "exhausted" before a parser spends time on a text that could not be stored */
export function refuseCrowd(text: string): void {
  if (text.length <= NESTING_MAX) return;
  let members = 0;
  let containers = 0;
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) {
      at = endOfString(text, at + 1);
      if (at < 0) break;
    } else if (char === COLON) members++;
    else if (char === 0x7b || char === 0x5b) {
      containers++;
      deepest = Math.max(deepest, ++depth);
    } else if (char === 0x7d || char === 0x5d) depth--;
  }
  const isForParser = deepest > MAX_DEPTH; // which refuses it in Go's words
  if (deepest > NESTING_MAX && !isForParser) throw crowded(NESTING_MAX, "levels");
  if (members > CROWD_MAX) throw crowded(CROWD_MAX, "members");
  if (containers > CROWD_MAX) throw crowded(CROWD_MAX, "objects and lists");
}

export function crowded(max: number, what: string): Fault {
  return new Fault("exhausted", `Request entity too large: limit is ${max} ${what}`);
}

/** Where the quote that ends a string stands; below 0 when it does not. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return -1;
}

/** Parses a whole text; anything after the value but white space is an error. */
export function parseExactJson(text: string): ExactJson {
  return new Parser(text).whole();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): ExactJson {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected("after top-level value");
    return value;
  }

  #value(): ExactJson {
    this.#space();
    const char = this.#text[this.#at];
    if (char === "{") return this.#object();
    if (char === "[") return this.#array();
    if (char === '"') return this.#string();
    if (char === "t") return this.#literal("true", true);
    if (char === "f") return this.#literal("false", false);
    if (char === "n") return this.#literal("null", null);
    if (char !== undefined && /[-0-9]/.test(char)) return this.#number();
    throw this.#unexpected("looking for beginning of value");
  }

  #object(): Members {
    this.#enter();
    const members = new Members();
    this.#space();
    if (this.#skip("}")) return this.#leave(members);
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') {
        throw this.#unexpected("looking for beginning of object key string");
      }
      members.keys.push(this.#string());
      this.#space();
      if (!this.#skip(":")) throw this.#unexpected("after object key");
      members.values.push(this.#value());
      this.#space();
      if (this.#skip("}")) return this.#leave(members);
      if (!this.#skip(",")) throw this.#unexpected("after object key:value pair");
    }
  }

  #array(): ExactJson[] {
    this.#enter();
    const items: ExactJson[] = [];
    this.#space();
    if (this.#skip("]")) return this.#leave(items);
    for (;;) {
      items.push(this.#value());
      this.#space();
      if (this.#skip("]")) return this.#leave(items);
      if (!this.#skip(",")) throw this.#unexpected("after array element");
    }
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw this.#unexpected("exceeded max depth");
    this.#at++;
  }

  #leave<T>(value: T): T {
    this.#depth--;
    return value;
  }

  #string(): string {
    const from = this.#at;
    const end = this.#text.indexOf('"', from + 1);
    const plain = this.#text.slice(from + 1, Math.max(end, from + 1));
    if (end > 0 && PLAIN.test(plain)) {
      this.#at = end + 1;
      return plain;
    }
    for (this.#at++; ; this.#at++) {
      const char = this.#text.charCodeAt(this.#at);
      if (char === QUOTE) break;
      if (char === BACKSLASH) this.#escape();
      else if (!(char >= 0x20)) throw this.#unexpected("in string literal");
    }
    this.#at++;
    const value: unknown = JSON.parse(this.#text.slice(from, this.#at));
    return String(value).toWellFormed();
  }

  #escape(): void {
    this.#at++;
    const char = this.#text[this.#at] ?? "";
    if (char === "u") {
      for (let digit = 0; digit < 4; digit++) {
        this.#at++;
        if (!/[0-9a-fA-F]/.test(this.#text[this.#at] ?? "")) {
          throw this.#unexpected("in \\u hexadecimal character escape");
        }
      }
    } else if (char === "" || !'"\\/bfnrt'.includes(char)) {
      throw this.#unexpected("in string escape code");
    }
  }

  #number(): number | NumberLiteral {
    const from = this.#at;
    this.#skip("-");
    if (!this.#skip("0") && !this.#digits()) throw this.#unexpected("in numeric literal");
    if (this.#skip(".") && !this.#digits()) {
      throw this.#unexpected("after decimal point in numeric literal");
    }
    if (this.#skip("e") || this.#skip("E")) {
      if (!this.#skip("+")) this.#skip("-");
      if (!this.#digits()) throw this.#unexpected("in exponent of numeric literal");
    }
    const text = this.#text.slice(from, this.#at);
    return /^-?\d{1,15}$/.test(text) ? Number(text) : new NumberLiteral(text);
  }

  #digits(): boolean {
    const from = this.#at;
    while (isDigit(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#at > from;
  }

  #literal<T>(word: string, value: T): T {
    for (let at = 0; at < word.length; at++, this.#at++) {
      if (this.#text[this.#at] !== word[at]) {
        throw this.#unexpected(`in literal ${word} (expecting '${word[at]}')`);
      }
    }
    return value;
  }

  #space(): void {
    for (;;) {
      const char = this.#text.charCodeAt(this.#at);
      if (char !== 0x20 && char !== 0x0a && char !== 0x0d && char !== 0x09) return;
      this.#at++;
    }
  }

  #skip(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #unexpected(where: string): Fault {
    const char = this.#text.codePointAt(this.#at);
    if (char === undefined) return new Fault("invalid", "unexpected end of JSON input");
    return new Fault("invalid", `invalid character ${quoteByte(char)} ${where}`);
  }
}

function isDigit(char: number): boolean {
  return char >= 0x30 && char <= 0x39;
}

/** Go looks at bytes: of a character beyond ASCII the first one is shown. */
function quoteByte(codePoint: number): string {
  const byte = Buffer.from(String.fromCodePoint(codePoint))[0] ?? 0;
  if (byte === 0x27) return "'\\''";
  if (byte === QUOTE) return "'\"'";
  if (byte === BACKSLASH) return "'\\\\'";
  const short: Readonly<Record<number, string>> = {
    7: "\\a",
    8: "\\b",
    9: "\\t",
    10: "\\n",
    11: "\\v",
    12: "\\f",
    13: "\\r",
  };
  if (short[byte] !== undefined) return `'${short[byte]}'`;
  if (byte < 0x20 || byte === 0x7f) return `'\\x${byte.toString(16).padStart(2, "0")}'`;
  if (byte > 0x7f && byte < 0xa1) return `'\\u${byte.toString(16).padStart(4, "0")}'`;
  return `'${String.fromCharCode(byte)}'`;
}

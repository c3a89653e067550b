/**
 * The text of a CEL expression as tokens. In: text. Out: tokens with their places.
 * @throws {SyntaxFault}
 */

export type TokenType =
  | "int"
  | "uint"
  | "double"
  | "string"
  | "bytes"
  | "identifier"
  | "symbol"
  | "end";

export interface Token {
  readonly type: TokenType;
  /** The name or the symbol; the number as written; the content of a string. */
  readonly text: string;
  /** How it stands in the expression. */
  readonly raw: string;
  readonly bytes?: Uint8Array;
  readonly at: number;
}

/** The text is no expression; `at` counts code points. */
export class SyntaxFault extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const SPACE = /[\s]+|\/\/[^\n]*/y;
const IDENTIFIER = /[_a-zA-Z][_a-zA-Z0-9]*/y;
const NUMBER =
  /0x[0-9a-fA-F]+[uU]?|\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?|\d+[uU]?/y;
const STRING =
  /([rR]?[bB]?|[bB][rR])("""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')/y;
const RAW_STRING = /([rR][bB]?|[bB][rR])("""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\n]*"|'[^'\n]*')/y;
const QUOTED = /`([a-zA-Z0-9_.\-/ ]+)`/y;
const SYMBOL = /==|!=|<=|>=|&&|\|\||[[\]{}().,:?<>+\-*/%!=]/y;

export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  while (at < text.length) {
    const space = take(SPACE);
    if (space !== null) {
      at += space[0].length;
      continue;
    }
    const token = readToken(take, at);
    if (token === undefined) {
      const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
      throw new SyntaxFault(`Syntax error: token recognition error at: '${char}'`, at);
    }
    tokens.push(token);
    at += token.raw.length;
  }
  return [...tokens, { type: "end", text: "<EOF>", raw: "<EOF>", at: text.length }];
}

function readToken(
  take: (pattern: RegExp) => RegExpExecArray | null,
  at: number,
): Token | undefined {
  const string = take(RAW_STRING) ?? take(STRING);
  if (string !== null) return stringToken(string, at);
  const number = take(NUMBER);
  if (number !== null) return numberToken(number[0], at);
  const name = take(IDENTIFIER);
  if (name !== null) return { type: "identifier", text: name[0], raw: name[0], at };
  const quoted = take(QUOTED);
  if (quoted !== null) return { type: "identifier", text: quoted[1] ?? "", raw: quoted[0], at };
  const symbol = take(SYMBOL);
  return symbol === null ? undefined : { type: "symbol", text: symbol[0], raw: symbol[0], at };
}

function numberToken(raw: string, at: number): Token {
  if (/[uU]$/.test(raw)) return { type: "uint", text: raw.slice(0, -1), raw, at };
  const isDouble = !raw.startsWith("0x") && /[.eE]/.test(raw);
  return { type: isDouble ? "double" : "int", text: raw, raw, at };
}

function stringToken(found: RegExpExecArray, at: number): Token {
  const [raw, prefix = "", body = ""] = found;
  const quotes = body.startsWith('"""') || body.startsWith("'''") ? 3 : 1;
  const inner = body.slice(quotes, body.length - quotes);
  const isBytes = /b/i.test(prefix);
  if (/r/i.test(prefix)) {
    const bytes = isBytes ? { bytes: Buffer.from(inner) } : {};
    return { type: isBytes ? "bytes" : "string", text: inner, raw, at, ...bytes };
  }
  if (isBytes) return { type: "bytes", text: inner, raw, at, bytes: unescapeBytes(inner, at) };
  return { type: "string", text: unescapeText(inner, at), raw, at };
}

/** Two, two, four or eight hexadecimal digits, three octal ones, or one character. */
const ESCAPE = new RegExp(
  [
    String.raw`\\(?:x([0-9a-fA-F]{2})|X([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})`,
    String.raw`([0-3][0-7]{2})`,
    "([abfnrtv\\\\'\"`?]))",
    String.raw`\\`,
  ].join("|"),
  "g",
);

const SIMPLE: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

function codeOf(groups: readonly (string | undefined)[]): number | undefined {
  const hex = groups[0] ?? groups[1] ?? groups[2] ?? groups[3];
  if (hex !== undefined) return Number.parseInt(hex, 16);
  return groups[4] === undefined ? undefined : Number.parseInt(groups[4], 8);
}

function unescapeText(text: string, at: number): string {
  return text.replaceAll(ESCAPE, (...found: (string | undefined)[]) => {
    const groups = found.slice(1, 7);
    const code = codeOf(groups);
    if (code !== undefined) return String.fromCodePoint(Math.min(code, 0x10ffff));
    const simple = groups[5];
    if (simple === undefined) throw new SyntaxFault("Syntax error: invalid escape sequence", at);
    return SIMPLE[simple] ?? simple;
  });
}

function unescapeBytes(text: string, at: number): Uint8Array {
  const parts: Buffer[] = [];
  let last = 0;
  for (const found of text.matchAll(ESCAPE)) {
    parts.push(Buffer.from(text.slice(last, found.index)));
    last = found.index + found[0].length;
    const groups = found.slice(1, 7);
    const code = codeOf(groups);
    const simple = groups[5];
    if (code !== undefined) parts.push(Buffer.from([code & 0xff]));
    else if (simple !== undefined) parts.push(Buffer.from(SIMPLE[simple] ?? simple));
    else throw new SyntaxFault("Syntax error: invalid escape sequence", at);
  }
  return Buffer.concat([...parts, Buffer.from(text.slice(last))]);
}

/**
 * Tokens become a tree; macros become what they stand for. In: the text of an expression. Out: its
 * tree. @throws {SyntaxFault}
 *
 * @see https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax
 */
import type { EachOperation, Expr, Identifier, MapEntry } from "./ast.ts";
import { SyntaxFault, type Token, tokenize } from "./lexer.ts";
import { Uint } from "./values.ts";

const DEPTH_MAX = 250;

export function parse(text: string): Expr {
  return new Parser(tokenize(text)).whole();
}

const RELATIONS: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">=", "in"]);
const OPERATORS: Readonly<Record<string, string>> = { in: "@in" };

const START =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, " +
  "BYTES, IDENTIFIER}";

const START_OR_END = START.replace("'(', ", "'(', ')', ");

const RESERVED: ReadonlySet<string> = new Set(
  (
    "as break const continue else for function if import let loop package namespace return var " +
    "void while"
  ).split(" "),
);

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Expr {
    const expr = this.#expression();
    const rest = this.#peek();
    if (rest.type !== "end") throw this.#unexpected("extraneous", "<EOF>");
    return expr;
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #is(symbol: string): boolean {
    const token = this.#peek();
    return token.type === "symbol" && token.text === symbol;
  }

  #accept(symbol: string): Token | undefined {
    return this.#is(symbol) ? this.#next() : undefined;
  }

  #expect(symbol: string): Token {
    if (!this.#is(symbol)) throw this.#unexpected("mismatched", `'${symbol}'`);
    return this.#next();
  }

  #unexpected(how: "mismatched" | "extraneous", expected: string): SyntaxFault {
    const { raw, at } = this.#peek();
    return new SyntaxFault(`Syntax error: ${how} input '${raw}' expecting ${expected}`, at);
  }

  #expression(): Expr {
    if (++this.#depth > DEPTH_MAX) {
      const why = `expression recursion limit exceeded: ${DEPTH_MAX}`;
      throw new SyntaxFault(why, this.#peek().at);
    }
    const condition = this.#or();
    const mark = this.#accept("?");
    if (mark === undefined) {
      this.#depth--;
      return condition;
    }
    const yes = this.#or();
    this.#expect(":");
    const no = this.#expression();
    this.#depth--;
    return { kind: "call", name: "_?_:_", args: [condition, yes, no], at: mark.at };
  }

  #or(): Expr {
    return this.#chain(() => this.#and(), "||");
  }

  #and(): Expr {
    return this.#chain(() => this.#relation(), "&&");
  }

  #chain(operand: () => Expr, symbol: string): Expr {
    let left = operand();
    for (let token = this.#accept(symbol); token; token = this.#accept(symbol)) {
      left = { kind: "call", name: `_${symbol}_`, args: [left, operand()], at: token.at };
    }
    return left;
  }

  #relation(): Expr {
    let left = this.#sum();
    for (;;) {
      const token = this.#peek();
      const isWord = token.type === "identifier" && token.raw === "in";
      if (!RELATIONS.has(token.text) || (token.type !== "symbol" && !isWord)) return left;
      this.#next();
      const name = OPERATORS[token.text] ?? `_${token.text}_`;
      left = { kind: "call", name, args: [left, this.#sum()], at: token.at };
    }
  }

  #sum(): Expr {
    return this.#binary(() => this.#product(), ["+", "-"]);
  }

  #product(): Expr {
    return this.#binary(() => this.#unary(), ["*", "/", "%"]);
  }

  #binary(operand: () => Expr, symbols: readonly string[]): Expr {
    let left = operand();
    for (;;) {
      const token = this.#peek();
      if (token.type !== "symbol" || !symbols.includes(token.text)) return left;
      this.#next();
      left = { kind: "call", name: `_${token.text}_`, args: [left, operand()], at: token.at };
    }
  }

  #unary(): Expr {
    const token = this.#peek();
    if (!this.#is("!") && !this.#is("-")) return this.#member();
    this.#next();
    if (++this.#depth > DEPTH_MAX) throw new SyntaxFault("expression recursion limit", token.at);
    const following = this.#peek();
    if (token.text === "-" && following.at === token.at + 1) {
      const isNumber = following.type === "int" || following.type === "double";
      if (isNumber) {
        this.#depth--;
        return this.#members(this.#number(this.#next(), "-", token.at));
      }
    }
    const operand = this.#unary();
    this.#depth--;
    return { kind: "call", name: `${token.text}_`, args: [operand], at: token.at };
  }

  #member(): Expr {
    return this.#members(this.#primary());
  }

  #members(first: Expr): Expr {
    let expr = first;
    for (;;) {
      const dot = this.#accept(".");
      if (dot !== undefined) {
        expr = this.#afterDot(expr, dot);
        continue;
      }
      const bracket = this.#accept("[");
      if (bracket !== undefined) {
        const isOptional = this.#accept("?") !== undefined;
        const index = this.#expression();
        this.#expect("]");
        const name = isOptional ? "_[?_]" : "_[_]";
        expr = { kind: "call", name, args: [expr, index], at: bracket.at };
        continue;
      }
      const brace = this.#is("{") ? structName(expr) : undefined;
      if (brace === undefined) return expr;
      const at = this.#next().at;
      expr = { kind: "struct", name: brace, entries: this.#fields(), at };
    }
  }

  #afterDot(operand: Expr, dot: Token): Expr {
    const isOptional = this.#accept("?") !== undefined;
    const token = this.#next();
    if (token.type !== "identifier") {
      this.#at--;
      throw this.#unexpected("mismatched", "{'?', IDENTIFIER}");
    }
    if (!isOptional && this.#is("(")) {
      const open = this.#next();
      const args = this.#arguments(")");
      return expandMember(operand, token.text, { args, at: open.at });
    }
    return { kind: "select", operand, field: token.text, isTest: false, isOptional, at: dot.at };
  }

  #primary(): Expr {
    const token = this.#next();
    switch (token.type) {
      case "int":
      case "uint":
      case "double":
        return this.#number(token, "", token.at);
      case "string":
        return { kind: "constant", value: token.text, at: token.at };
      case "bytes":
        return { kind: "constant", value: token.bytes ?? new Uint8Array(), at: token.at };
      case "identifier":
        return this.#named(token);
      case "symbol":
        return this.#bracketed(token);
      default:
        this.#at--;
        throw this.#unexpected("mismatched", START);
    }
  }

  #bracketed(token: Token): Expr {
    if (token.text === "(") {
      const expr = this.#expression();
      this.#expect(")");
      return expr;
    }
    if (token.text === "[") return this.#list(token);
    if (token.text === "{") return { kind: "map", entries: this.#entries(), at: token.at };
    const name = this.#peek();
    if (token.text === "." && name.type === "identifier") return this.#named(this.#next());
    this.#at--;
    throw this.#unexpected("mismatched", START);
  }

  #named(token: Token): Expr {
    const { text: name, at } = token;
    if (token.raw === "true" || token.raw === "false") {
      return { kind: "constant", value: name === "true", at };
    }
    if (token.raw === "null") return { kind: "constant", value: null, at };
    if (RESERVED.has(token.raw)) throw new SyntaxFault(`reserved identifier: ${name}`, at);
    const open = this.#accept("(");
    if (open === undefined) return { kind: "identifier", name, at };
    return expandGlobal(name, { args: this.#arguments(")"), at: open.at });
  }

  #number(token: Token, sign: "" | "-", at: number): Expr {
    if (token.type === "double") {
      return { kind: "constant", value: Number(`${sign}${token.text}`), at };
    }
    const size = BigInt(token.text);
    const value = sign === "-" ? -size : size;
    if (token.type === "uint") {
      if (value > UINT_MAX) throw new SyntaxFault("Syntax error: invalid uint literal", at);
      return { kind: "constant", value: new Uint(value), at };
    }
    if (value > INT_MAX || value < INT_MIN) {
      throw new SyntaxFault("Syntax error: invalid int literal", at);
    }
    return { kind: "constant", value, at };
  }

  #arguments(end: string): readonly Expr[] {
    const args: Expr[] = [];
    if (this.#accept(end) !== undefined) return args;
    if (this.#peek().type === "end") throw this.#unexpected("mismatched", START_OR_END);
    do args.push(this.#expression());
    while (this.#accept(",") !== undefined);
    this.#expect(end);
    return args;
  }

  #list({ at }: Token): Expr {
    const items: Expr[] = [];
    const optional = new Set<number>();
    while (!this.#is("]")) {
      if (this.#accept("?") !== undefined) optional.add(items.length);
      items.push(this.#expression());
      if (this.#accept(",") === undefined) break;
    }
    this.#expect("]");
    return { kind: "list", items, optional, at };
  }

  #entries(): readonly MapEntry[] {
    return this.#keyed(() => this.#expression());
  }

  #fields(): readonly MapEntry[] {
    return this.#keyed(() => {
      const { type, text, at } = this.#next();
      if (type === "identifier") return { kind: "constant", value: text, at };
      this.#at--;
      throw this.#unexpected("mismatched", "{'}', ',', '?', IDENTIFIER}");
    });
  }

  #keyed(key: () => Expr): readonly MapEntry[] {
    const entries: MapEntry[] = [];
    while (!this.#is("}")) {
      const isOptional = this.#accept("?") !== undefined;
      const name = key();
      this.#expect(":");
      entries.push({ key: name, value: this.#expression(), isOptional });
      if (this.#accept(",") === undefined) break;
    }
    this.#expect("}");
    return entries;
  }
}

const END: Token = { type: "end", text: "<EOF>", raw: "<EOF>", at: 0 };
const INT_MAX = 2n ** 63n - 1n;
const INT_MIN = -(2n ** 63n);
const UINT_MAX = 2n ** 64n - 1n;

/** `Object.spec` in front of a brace names a type. */
function structName(expr: Expr): string | undefined {
  if (expr.kind === "identifier") return expr.name;
  if (expr.kind !== "select" || expr.isTest || expr.isOptional) return undefined;
  const operand = structName(expr.operand);
  return operand === undefined ? undefined : `${operand}.${expr.field}`;
}

interface Given {
  readonly args: readonly Expr[];
  readonly at: number;
}

function expandGlobal(name: string, { args, at }: Given): Expr {
  const [first] = args;
  if (name !== "has" || args.length !== 1 || first === undefined) {
    return { kind: "call", name, args, at };
  }
  if (first.kind !== "select") throw new SyntaxFault("invalid argument to has() macro", first.at);
  return { ...first, isTest: true };
}

const EACH: Readonly<Record<string, EachOperation>> = {
  all: "all",
  exists: "exists",
  exists_one: "existsOne",
  existsOne: "existsOne",
  map: "map",
  filter: "filter",
  transformList: "transformList",
  transformMap: "transformMap",
  transformMapEntry: "transformMapEntry",
  sortBy: "sortBy",
};

function expandMember(target: Expr, name: string, given: Given): Expr {
  const { args, at } = given;
  const [first, second, third] = args;
  const operation = Object.hasOwn(EACH, name) ? EACH[name] : undefined;
  if (operation !== undefined && first !== undefined && second !== undefined) {
    const each = expandEach(operation, target, given);
    if (each !== undefined) return each;
  }
  if ((name === "optMap" || name === "optFlatMap") && first && second) {
    const isFlat = name === "optFlatMap";
    return { kind: "optionalMap", target, name: nameOf(first), body: second, isFlat, at };
  }
  const isBind = target.kind === "identifier" && target.name === "cel" && name === "bind";
  if (isBind && first && second && third) {
    return { kind: "bind", name: nameOf(first), init: second, body: third, at };
  }
  return { kind: "call", name, target, args, at };
}

const WITH_TWO_NAMES: ReadonlySet<EachOperation> = new Set([
  "transformList",
  "transformMap",
  "transformMapEntry",
]);

function expandEach(operation: EachOperation, range: Expr, { args, at }: Given): Expr | undefined {
  const [first, second, third, fourth] = args;
  if (first === undefined || second === undefined) return undefined;
  const base = { kind: "each", operation, range, at } as const;
  if (WITH_TWO_NAMES.has(operation)) {
    if (third === undefined) return undefined;
    const names = [nameOf(first), nameOf(second)];
    if (fourth === undefined) return { ...base, names, body: third };
    return { ...base, names, filter: third, body: fourth };
  }
  if (args.length === 2) return { ...base, names: [nameOf(first)], body: second };
  if (args.length !== 3 || third === undefined) return undefined;
  if (operation === "map") return { ...base, names: [nameOf(first)], filter: second, body: third };
  const takesTwo = operation === "all" || operation === "exists" || operation === "existsOne";
  return takesTwo ? { ...base, names: [nameOf(first), nameOf(second)], body: third } : undefined;
}

function nameOf(expr: Expr): Identifier["name"] {
  if (expr.kind === "identifier") return expr.name;
  throw new SyntaxFault("argument must be a simple name", expr.at);
}

/**
 * Label selectors as they stand in queries: text becomes requirements, requirements are asked about
 * an object's labels. Refusals have the words of Kubernetes. Pure.
 */
import { describeFieldError, invalid } from "../validate/field-error.ts";
import { badRequest } from "../status/status-fault.ts";
import { labelKeyProblems, labelValueProblems } from "./label-syntax.ts";

/** How a requirement looks at a label. */
export type LabelOperator = "in" | "notin" | "exists" | "!" | "gt" | "lt";

/** One condition on one label. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** All must hold; the empty selector matches everything. */
export type LabelSelector = readonly LabelRequirement[];

/** Labels of an object. */
export type Labels = Readonly<Record<string, string>>;

/** True when every requirement holds. */
export function matchesLabels(selector: LabelSelector, labels: Labels): boolean {
  return selector.every((requirement) => matches(requirement, labels));
}

/**
 * What the compact JSON of an object has if the requirement holds; undefined where that cannot be
 * said.
 */
export function textOfLabel({ key, operator, values }: LabelRequirement): string | undefined {
  if (operator === "exists") return `"${key}":`;
  const [value = ""] = values;
  const isPlain = operator === "in" && values.length === 1 && /^[\w.-]*$/.test(value);
  return isPlain ? `"${key}":"${value}"` : undefined;
}

function matches({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    case "in":
      return value !== undefined && values.includes(value);
    case "notin":
      return value === undefined || !values.includes(value);
    default:
      return value !== undefined && comparesTo(value, operator, values[0] ?? "");
  }
}

function comparesTo(value: string, operator: "gt" | "lt", bound: string): boolean {
  if (!INTEGER.test(value)) return false;
  return operator === "gt" ? BigInt(value) > BigInt(bound) : BigInt(value) < BigInt(bound);
}

const INTEGER = /^[-+]?\d{1,19}$/;

interface Token {
  readonly type: "identifier" | "end" | "symbol";
  readonly text: string;
}

const TOKEN = /\s*(?:(==|!=|[=!(),<>])|([^\s=!(),<>]+))/y;

function scan(text: string): readonly Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(text); found !== null; found = TOKEN.exec(text)) {
    const [, symbol, word = ""] = found;
    if (symbol === undefined) tokens.push({ type: "identifier", text: word });
    else tokens.push({ type: "symbol", text: symbol });
  }
  return tokens;
}

const END: Token = { type: "end", text: "" };

/** Walks over the tokens of one selector. */
class LabelParser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = scan(text);
  }

  parse(): LabelSelector {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const first = this.#peek();
      if (first.type === "end") return requirements;
      if (first.type !== "identifier" && first.text !== "!") {
        throw unexpected(first, "!, identifier, or 'end of string'");
      }
      requirements.push(this.#requirement());
      const next = this.#next();
      if (next.type === "end") return requirements;
      if (next.text !== ",") throw unexpected(next, "',' or 'end of string'");
      const after = this.#peek();
      if (after.type !== "identifier" && after.text !== "!") {
        throw unexpected(after, "identifier after ','");
      }
    }
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? END;
  }

  #next(): Token {
    return this.#tokens[this.#at++] ?? END;
  }

  #requirement(): LabelRequirement {
    const negated = this.#peek().text === "!";
    if (negated) this.#next();
    const word = this.#next();
    if (word.type !== "identifier") throw inRequirement(found(word, "expected: identifier"));
    const key = checkedKey(word.text);
    const follows = this.#peek();
    if (negated) return { key, operator: "!", values: [] };
    if (follows.type === "end" || follows.text === ",")
      return { key, operator: "exists", values: [] };
    return this.#comparison(key);
  }

  #comparison(key: string): LabelRequirement {
    const word = this.#next();
    switch (word.text) {
      case "in":
      case "notin":
        return { key, operator: word.text, values: checkedValues(key, this.#values()) };
      case "=":
      case "==":
        return { key, operator: "in", values: checkedValues(key, [this.#exactValue()]) };
      case "!=":
        return { key, operator: "notin", values: checkedValues(key, [this.#exactValue()]) };
      case ">":
      case "<":
        return { key, operator: word.text === ">" ? "gt" : "lt", values: this.#bound() };
      default:
        throw inRequirement(found(word, "expected: in, notin, =, ==, !=, gt, lt"));
    }
  }

  #bound(): readonly string[] {
    const value = this.#exactValue();
    if (INTEGER.test(value)) return [value];
    const why = "for 'Gt', 'Lt' operators, the value must be an integer";
    throw inRequirement(describeFieldError(invalid("values[0]", value, why)));
  }

  #exactValue(): string {
    const first = this.#peek();
    if (first.type === "end" || first.text === ",") return "";
    const word = this.#next();
    if (word.type !== "identifier") throw inRequirement(found(word, "expected: identifier"));
    return word.text;
  }

  #values(): readonly string[] {
    const open = this.#next();
    if (open.text !== "(") throw inRequirement(found(open, "expected: '('"));
    const first = this.#peek();
    if (first.text === ")") {
      this.#next();
      return [""];
    }
    if (first.type !== "identifier" && first.text !== ",") {
      throw inRequirement(found(first, "expected: ',', ')' or identifier"));
    }
    return this.#valueList();
  }

  #valueList(): readonly string[] {
    const values: string[] = [];
    for (let expectsValue = true; ; ) {
      const token = this.#next();
      if (token.type === "identifier" && expectsValue) {
        values.push(token.text);
        expectsValue = false;
      } else if (token.text === "," && token.type === "symbol") {
        if (expectsValue) values.push("");
        expectsValue = true;
      } else if (token.text === ")") {
        if (expectsValue) values.push("");
        return [...new Set(values)].sort();
      } else {
        throw inRequirement(found(token, "expected: ',' or ')'"));
      }
    }
  }
}

function checkedKey(key: string): string {
  const problems = labelKeyProblems(key);
  if (problems.length === 0) return key;
  throw inRequirement(describeFieldError(invalid("<nil>", key, problems.join("; "))));
}

function checkedValues(key: string, values: readonly string[]): readonly string[] {
  values.forEach((value, at) => {
    const problems = labelValueProblems(value);
    if (problems.length === 0) return;
    const field = `values[${at}][${key}]`;
    throw inRequirement(describeFieldError(invalid(field, value, problems.join("; "))));
  });
  return values;
}

function found(token: Token, rest: string): string {
  const comma = rest === "expected: '('" ? "" : ",";
  return `found '${token.text}'${comma} ${rest}`;
}

function unexpected(token: Token, expected: string): Error {
  return badRequest(`found '${token.text}', expected: ${expected}`);
}

function inRequirement(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}

/** @throws {StatusFault} 400 */
export function parseLabelSelector(text: string): LabelSelector {
  return new LabelParser(text).parse();
}

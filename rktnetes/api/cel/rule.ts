/** One entry of `x-kubernetes-validations`, compiled. In: the entry and the type of `self`. */
import type { JsonObject } from "../schema/schema.ts";
import { readText } from "../strategy/object-at.ts";
import type { Expr } from "./ast.ts";
import { type Compilation, compile, type Compiled } from "./compile.ts";
import { type CelType, optionalOf } from "./types.ts";

export interface Rule {
  readonly text: string;
  readonly message: string;
  readonly messageExpression: string;
  readonly reason: string;
  readonly fieldPath: string;
  /** `oldSelf` is an optional, and the rule holds for new values too. */
  readonly optionalOldSelf: boolean;
}

export function readRule(entry: JsonObject): Rule {
  return {
    text: readText(entry, "rule"),
    message: readText(entry, "message"),
    messageExpression: readText(entry, "messageExpression"),
    reason: readText(entry, "reason"),
    fieldPath: readText(entry, "fieldPath"),
    optionalOldSelf: entry["optionalOldSelf"] === true,
  };
}

export function ruleTypes(self: CelType, rule: Rule): ReadonlyMap<string, CelType> {
  const oldSelf = rule.optionalOldSelf ? optionalOf(self) : self;
  return new Map([
    ["self", self],
    ["oldSelf", oldSelf],
  ]);
}

export function compileRule(rule: Rule, self: CelType): Compilation {
  return compile(rule.text.trim(), ruleTypes(self, rule), ["bool"]);
}

export function compileMessage(rule: Rule, self: CelType): Compilation {
  return compile(rule.messageExpression.trim(), ruleTypes(self, rule), ["string"]);
}

/** Rules about changes hold only where there is an old value. */
export function usesOldSelf({ expr }: Compiled): boolean {
  return mentions(expr, "oldSelf");
}

function mentions(expr: Expr, name: string): boolean {
  switch (expr.kind) {
    case "constant":
      return false;
    case "identifier":
      return expr.name === name;
    case "select":
      return mentions(expr.operand, name);
    case "call":
      return [...(expr.target ? [expr.target] : []), ...expr.args].some((arg) =>
        mentions(arg, name),
      );
    case "list":
      return expr.items.some((item) => mentions(item, name));
    case "map":
    case "struct":
      return expr.entries.some(({ key, value }) => mentions(key, name) || mentions(value, name));
    case "each":
      return [expr.range, expr.body, ...(expr.filter ? [expr.filter] : [])].some((each) =>
        mentions(each, name),
      );
    case "bind":
      return mentions(expr.init, name) || mentions(expr.body, name);
    default:
      return mentions(expr.target, name) || mentions(expr.body, name);
  }
}

/**
 * The CEL rules of a schema, ready to be asked. In: a schema. Out: what judges its objects. The
 * rules are compiled when the first object comes.
 */
import type { Json, Structural } from "../schema/schema.ts";
import { correlate } from "../structural/correlate.ts";
import { isObject } from "../structural/structural.ts";
import { type FieldError, invalid } from "../validate/field-error.ts";
import { equalJson } from "../values/equal-json.ts";
import { pathSteps } from "./check-rules.ts";
import type { Compiled } from "./compile.ts";
import { CostError, Meter, rootScope, type Scope } from "./evaluate.ts";
import { compileMessage, compileRule, readRule, type Rule, usesOldSelf } from "./rule.ts";
import { celType, celValue } from "./schema-types.ts";
import { CelError, Optional } from "./values.ts";

/** All rules about one object together may cost so much. */
const BUDGET = 10_000_000;
/** One rule may cost so much. */
const CALL_MAX = 1_000_000;

/** What rules say of an object. */
export interface RuleVerdict {
  readonly errors: readonly FieldError[];
  /** Of what was so before: nobody is kept from changing something else. */
  readonly warnings: readonly FieldError[];
}

/** Judges a whole object; undefined where the schema has no rules. */
export function schemaRules(
  structural: Structural,
): ((object: Json, old: Json | undefined) => RuleVerdict) | undefined {
  if (!hasRules(structural)) return undefined;
  let judge: Judge | undefined;
  return (object, old) => {
    judge ??= judgeOf(structural, true);
    const [errors, warnings]: [FieldError[], FieldError[]] = [[], []];
    judge?.(object, old, { path: "", budget: { left: BUDGET }, isOld: false, errors, warnings });
    return { errors, warnings };
  };
}

const SPENT =
  "validation failed due to running out of cost budget, no further validation rules will be run";

function hasRules({ source, properties, items, additional }: Structural): boolean {
  const own = source["x-kubernetes-validations"];
  if (Array.isArray(own) && own.length > 0) return true;
  if ([...properties.values()].some(hasRules)) return true;
  if (items !== undefined && hasRules(items)) return true;
  return additional !== undefined && additional !== true && hasRules(additional);
}

interface Place {
  readonly path: string;
  /** Below zero nothing is asked any more. */
  readonly budget: { left: number };
  /** The nearest value above that has an old one is as it was. */
  readonly isOld: boolean;
  readonly errors: FieldError[];
  readonly warnings: FieldError[];
}

/** `old` is undefined where there is none, or nobody can tell. */
type Judge = (value: Json, old: Json | undefined, place: Place) => void;

function judgeOf(schema: Structural, isResource: boolean): Judge | undefined {
  if (!hasRules(schema)) return undefined;
  const own = rulesOf(schema, isResource);
  const { properties, items, additional } = schema;
  const members = new Map(
    [...properties].map(([name, each]) => [name, judgeOf(each, each.embedded)] as const),
  );
  const others =
    additional === undefined || additional === true
      ? undefined
      : judgeOf(additional, additional.embedded);
  const item = items === undefined ? undefined : judgeOf(items, items.embedded);
  return (value, old, place) => {
    if (value === null) return;
    const isSame = old === undefined ? place.isOld : equalJson(value, old);
    judgeOne(own, schema, { value, old, isSame, place });
    if (Array.isArray(value) && item !== undefined) {
      for (const [at, each] of value.entries()) {
        const path = `${place.path}[${at}]`;
        item(each, correlate(schema, old, each), { ...place, path, isOld: isSame });
      }
    }
    if (!isObject(value)) return;
    const before = isObject(old) ? old : {};
    for (const name of Object.keys(value)) {
      const isProperty = members.has(name);
      const judge = isProperty ? members.get(name) : others;
      if (judge === undefined) continue;
      const child = Object.hasOwn(before, name) ? before[name] : undefined;
      judge(value[name] ?? null, child, {
        ...place,
        path: childPath(place.path, name, isProperty),
        isOld: isSame,
      });
    }
  };
}

function childPath(path: string, name: string, isProperty: boolean): string {
  if (!isProperty) return `${path}[${name}]`;
  return path === "" ? name : `${path}.${name}`;
}

interface ReadyRule {
  readonly rule: Rule;
  readonly compiled: Compiled;
  readonly message: Compiled | undefined;
  readonly isTransition: boolean;
}

function rulesOf(schema: Structural, isResource: boolean): readonly ReadyRule[] {
  const entries = schema.source["x-kubernetes-validations"];
  if (!Array.isArray(entries)) return [];
  const self = celType(schema, isResource);
  return entries.filter(isObject).flatMap((entry) => {
    const rule = readRule(entry);
    const compilation = compileRule(rule, self);
    if (!compilation.ok) return [];
    const message = rule.messageExpression === "" ? undefined : compileMessage(rule, self);
    const { compiled } = compilation;
    const ready = message?.ok === true ? message.compiled : undefined;
    return [{ rule, compiled, message: ready, isTransition: usesOldSelf(compiled) }];
  });
}

interface Judged {
  readonly value: Json;
  readonly old: Json | undefined;
  readonly isSame: boolean;
  readonly place: Place;
}

function judgeOne(
  rules: readonly ReadyRule[],
  schema: Structural,
  { value, old, isSame, place }: Judged,
): void {
  if (rules.length === 0) return;
  const { budget } = place;
  const self = celValue(value, schema);
  for (const ready of rules) {
    if (budget.left < 0) return;
    const { rule, isTransition } = ready;
    if (isTransition && old === undefined && !rule.optionalOldSelf) continue;
    const before = old === undefined ? undefined : celValue(old, schema);
    const oldSelf = rule.optionalOldSelf ? new Optional(before) : (before ?? null);
    const values = { self: () => self, oldSelf: () => oldSelf };
    const refused = refusal(ready, { budget, scope: (meter) => rootScope(values, meter) });
    if (refused === undefined) continue;
    const { why, isFalse } = refused;
    const list = isFalse && isSame && !isTransition ? place.warnings : place.errors;
    list.push(ruleError(rule, schema, { value, why, place }));
  }
}

interface Asking {
  readonly budget: { left: number };
  readonly scope: (meter: Meter) => Scope;
}

interface Refusal {
  readonly why: string;
  /** The rule was asked and does not hold; otherwise nobody can tell. */
  readonly isFalse: boolean;
}

/** Undefined when the rule holds. */
function refusal({ rule, compiled, message }: ReadyRule, asking: Asking): Refusal | undefined {
  const { budget } = asking;
  const meter = new Meter(CALL_MAX);
  const shown = (rule.message === "" ? rule.text : rule.message).trim();
  try {
    const holds = compiled.run(asking.scope(meter)) === true;
    budget.left -= meter.spent;
    if (budget.left < 0) return { why: SPENT, isFalse: false };
    if (holds) return undefined;
  } catch (error) {
    budget.left -= meter.spent;
    return { why: failureText(error, shown, budget), isFalse: false };
  }
  const made = message === undefined ? undefined : messageOf(message, rule, asking);
  const plain = rule.message === "" ? `failed rule: ${shown}` : shown;
  return { why: made ?? plain, isFalse: true };
}

function failureText(error: unknown, shown: string, budget: Asking["budget"]): string {
  if (!(error instanceof CelError)) throw error;
  if (budget.left < 0) return SPENT;
  if (error instanceof CostError) {
    budget.left = -1;
    const why = "no further validation rules will be run due to call cost exceeds limit for rule";
    return `'${error.message}': ${why}: ${shown}`;
  }
  if (!error.message.startsWith("no such overload")) {
    return `${error.message} evaluating rule: ${shown}`;
  }
  const why = "call arguments did not match a supported operator, function or macro signature";
  return `'${error.message}': ${why} for rule: ${shown}`;
}

/** Undefined for a message that is none. */
function messageOf(message: Compiled, rule: Rule, asking: Asking): string | undefined {
  const { budget } = asking;
  const meter = new Meter(Math.min(CALL_MAX, budget.left));
  try {
    const text = message.run(asking.scope(meter));
    budget.left -= meter.spent;
    if (typeof text !== "string" || text.trim() === "" || text.includes("\n")) return undefined;
    return text.trim();
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    if (!(error instanceof CostError)) return undefined;
    const isPoor = budget.left < CALL_MAX;
    budget.left = -1;
    const words = isPoor
      ? "messageExpression evaluation failed due to running out of cost budget, no further " +
        "validation rules will be run"
      : "no further validation rules will be run due to call cost exceeds limit for " +
        `messageExpression: ${rule.messageExpression}`;
    return words;
  }
}

interface Broken {
  readonly value: Json;
  readonly why: string;
  readonly place: Place;
}

function ruleError(
  { reason, fieldPath }: Rule,
  { type }: Structural,
  { value, why, place }: Broken,
): FieldError {
  const steps = fieldPath === "" ? [] : (pathSteps(fieldPath) ?? []);
  const path = steps.reduce((all, step) => childPath(all, step, true), place.path);
  const field = path === "" ? "<nil>" : path;
  const isWhole = typeof value === "object";
  const error = invalid(field, isWhole ? type : value, why);
  switch (reason) {
    case "FieldValueForbidden":
      return { type: reason, field, message: `Forbidden: ${why}` };
    case "FieldValueRequired":
      return { type: reason, field, message: `Required value: ${why}` };
    case "FieldValueDuplicate":
      return { ...error, type: reason, message: error.message.replace("Invalid", "Duplicate") };
    default:
      return error;
  }
}

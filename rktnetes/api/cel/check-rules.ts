/**
 * Are the rules of a schema rules? In: a schema. Out: field errors in the words of Kubernetes:
 * what does not compile, what could cost too much. Pure.
 */
import type { Json, JsonObject, Structural } from "../schema/schema.ts";
import { isObject, structuralOf } from "../structural/structural.ts";
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
} from "../validate/field-error.ts";
import type { Compiled } from "./compile.ts";
import { estimateCost } from "./cost.ts";
import {
  compileMessage,
  compileRule,
  readRule,
  type Rule,
  ruleTypes,
  usesOldSelf,
} from "./rule.ts";
import { celType, minSize, REQUEST_MAX } from "./schema-types.ts";

const RULE_COST_MAX = 10_000_000;
const SCHEMA_COST_MAX = 100_000_000;

export function ruleErrors(schema: JsonObject, path: string): readonly FieldError[] {
  const costs: { readonly path: string; readonly cost: number }[] = [];
  const place = { path, isResource: true, times: 1, within: "", costs };
  const errors = [...schemaErrors(structuralOf(schema), place)];
  const total = costs.reduce((sum, { cost }) => sum + cost, 0);
  if (total <= SCHEMA_COST_MAX) return errors;
  const most = costs
    .filter(({ cost }) => cost >= SCHEMA_COST_MAX / 100)
    .toSorted((left, right) => right.cost - left.cost)
    .slice(0, 4);
  const why =
    "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
  const whole =
    "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds " +
    "budget " +
    factor(total / SCHEMA_COST_MAX);
  return [...errors, ...most.map((each) => forbidden(each.path, why)), forbidden(path, whole)];
}

const ADVICE =
  "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, " +
  "maps, and strings are declared)";

function factor(times: number): string {
  const shown = times > 100 ? "more than 100" : times < 1.5 ? times.toFixed(6) : times.toFixed(1);
  return `by factor of ${shown}x ${ADVICE}`;
}

interface Place {
  readonly path: string;
  readonly isResource: boolean;
  /** How often the schema holds at most; undefined where nobody limits that. */
  readonly times: number | undefined;
  /** The list or map in which old and new values cannot be told apart; empty for none. */
  readonly within: string;
  readonly costs: { readonly path: string; readonly cost: number }[];
}

function schemaErrors(schema: Structural, place: Place): readonly FieldError[] {
  const errors: FieldError[] = [];
  const entries = schema.source["x-kubernetes-validations"];
  if (Array.isArray(entries) && entries.length > 0) {
    for (const [at, entry] of entries.entries()) {
      if (!isObject(entry)) continue;
      const path = `${place.path}.x-kubernetes-validations[${at}]`;
      errors.push(...entryErrors(readRule(entry), schema, { ...place, path }));
    }
  }
  const { properties, items, additional } = schema;
  for (const [name, property] of properties) {
    const path = `${place.path}.properties[${name}]`;
    errors.push(...schemaErrors(property, { ...place, path, isResource: property.embedded }));
  }
  if (items !== undefined) {
    const within = schema.listType === "map" ? place.within : place.within || place.path;
    const path = `${place.path}.items`;
    const times = often(place.times, schema.source["maxItems"]);
    errors.push(
      ...schemaErrors(items, { ...place, path, times, within, isResource: items.embedded }),
    );
  }
  if (additional !== undefined && additional !== true) {
    const path = `${place.path}.additionalProperties`;
    const isResource = additional.embedded;
    const times = often(place.times, schema.source["maxProperties"]);
    errors.push(...schemaErrors(additional, { ...place, path, times, isResource }));
  }
  return errors;
}

function often(times: number | undefined, most: Json | undefined): number | undefined {
  return times === undefined || typeof most !== "number" ? undefined : times * most;
}

const REASONS = [
  "FieldValueDuplicate",
  "FieldValueForbidden",
  "FieldValueInvalid",
  "FieldValueRequired",
] as const;

function entryErrors(rule: Rule, schema: Structural, place: Place): readonly FieldError[] {
  const { path } = place;
  if (rule.text.trim() === "") return [required(`${path}.rule`, "rule is not specified")];
  const errors: FieldError[] = [...textErrors(rule, path)];
  if (rule.fieldPath !== "" && !isPath(rule.fieldPath, schema)) {
    errors.push(invalid(`${path}.fieldPath`, rule.fieldPath, "must be a valid path"));
  }
  const self = celType(schema, place.isResource);
  const compiled = compileRule(rule, self);
  if (!compiled.ok) {
    const isOther = compiled.error.startsWith("must evaluate");
    const why = isOther ? "cel expression must evaluate to a bool" : compiled.error;
    return [...errors, invalid(`${path}.rule`, shown(rule), why)];
  }
  errors.push(...costErrors(rule, compiled.compiled, schema, place));
  if (place.within !== "" && usesOldSelf(compiled.compiled)) {
    const where = "the uncorrelatable portion of the schema within";
    const why = `oldSelf cannot be used on ${where} ${place.within}`;
    errors.push(invalid(`${path}.rule`, rule.text, why));
  }
  if (rule.messageExpression === "") return errors;
  const message = compileMessage(rule, self);
  if (message.ok) return [...errors, ...messageCostErrors(rule, message.compiled, schema, place)];
  const why = message.error.startsWith("compilation failed")
    ? `messageExpression ${message.error}`
    : "messageExpression must evaluate to a string";
  return [...errors, invalid(`${path}.messageExpression`, shown(rule), why)];
}

function textErrors({ message, reason }: Rule, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (message !== "" && message.trim() === "") {
    errors.push(invalid(`${path}.message`, message, "message must be non-empty if specified"));
  } else if (message.trim().includes("\n")) {
    errors.push(invalid(`${path}.message`, message, "must not contain line breaks"));
  }
  if (reason !== "" && !REASONS.some((each) => each === reason)) {
    errors.push(notSupported(`${path}.reason`, reason, REASONS));
  }
  return errors;
}

function costErrors(
  rule: Rule,
  { expr }: Compiled,
  schema: Structural,
  { path, times, costs, isResource }: Place,
): readonly FieldError[] {
  const types = ruleTypes(celType(schema, isResource), rule);
  const most = times ?? Math.floor(REQUEST_MAX / (minSize(schema) + 1));
  const cost = estimateCost(expr, types) * most;
  costs.push({ path: `${path}.rule`, cost });
  if (cost <= RULE_COST_MAX) return [];
  const why = `estimated rule cost exceeds budget ${factor(cost / RULE_COST_MAX)}`;
  return [forbidden(`${path}.rule`, why)];
}

/** One message is made at a time. */
function messageCostErrors(
  rule: Rule,
  { expr }: Compiled,
  schema: Structural,
  { path, costs, isResource }: Place,
): readonly FieldError[] {
  const field = `${path}.messageExpression`;
  const cost = estimateCost(expr, ruleTypes(celType(schema, isResource), rule));
  costs.push({ path: field, cost });
  if (cost <= RULE_COST_MAX) return [];
  const why = `estimated messageExpression cost exceeds budget ${factor(cost / RULE_COST_MAX)}`;
  return [forbidden(field, why)];
}

/** A rule as Kubernetes' own form of it reads in messages. */
function shown(rule: Rule): Json {
  return {
    Rule: rule.text,
    Message: rule.message,
    MessageExpression: rule.messageExpression,
    Reason: rule.reason === "" ? null : rule.reason,
    FieldPath: rule.fieldPath,
    OptionalOldSelf: rule.optionalOldSelf ? true : null,
  };
}

/** The names of a path such as `.spec['a.b'].c`; undefined where it is none. */
export function pathSteps(path: string): readonly string[] | undefined {
  const steps = [...path.matchAll(/\.([^.[]+)|\['((?:[^'\\]|\\.)*)'\]/gy)];
  const length = steps.reduce((sum, step) => sum + step[0].length, 0);
  if (length !== path.length || length === 0) return undefined;
  return steps.map(([, name, quoted = ""]) => name ?? quoted.replaceAll(/\\(.)/g, "$1"));
}

function isPath(path: string, schema: Structural): boolean {
  const steps = pathSteps(path);
  if (steps === undefined) return false;
  let place: Structural | true | undefined = schema;
  for (const step of steps) {
    if (place === undefined || place === true) return place === true;
    place = place.properties.get(step) ?? place.additional;
  }
  return place !== undefined;
}

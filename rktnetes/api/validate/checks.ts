/**
 * The small judgements that most validations are made of. In: a field's path and what it holds.
 * Out: field errors, in the words that clients know. Pure.
 */
import type { Json, JsonObject } from "../schema/schema.ts";
import { labelKeyProblems, labelValueProblems } from "../selectors/label-syntax.ts";
import { readList, readObject, readText, readTexts } from "../strategy/object-at.ts";
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  portNameProblems,
  portNumberProblems,
} from "../values/names.ts";
import { isSameJson } from "../values/same-json.ts";
import { type FieldError, forbidden, invalid, notSupported, required } from "./field-error.ts";
import { labelsErrors } from "./object-meta.ts";

export type Errors = readonly FieldError[];

export const NOT_NEGATIVE = "must be greater than or equal to 0";
export const INT32_MAX: number = 2 ** 31 - 1;

/** One error for each problem of a value. */
export function problemErrors(
  field: string,
  value: Json | undefined,
  problems: readonly string[],
): Errors {
  return problems.map((problem) => invalid(field, value, problem));
}

export function labelErrors(field: string, text: string): Errors {
  return problemErrors(field, text, dnsLabelProblems(text));
}

export function subdomainErrors(field: string, text: string): Errors {
  return problemErrors(field, text, dnsSubdomainProblems(text));
}

/** A key as labels have them: `example.com/name`. */
export function qualifiedNameErrors(field: string, text: string): Errors {
  return problemErrors(field, text, labelKeyProblems(text));
}

/** The text in `name` must be there. */
export function requiredText(object: JsonObject, field: string, name: string): Errors {
  return readText(object, name) === "" ? [required(`${field}.${name}`)] : [];
}

/** The text must be one of `choices`; an absent one passes. */
export function choiceErrors(
  field: string,
  value: Json | undefined,
  choices: readonly string[],
): Errors {
  if (value === undefined || choices.includes(value as string)) return [];
  return [notSupported(field, value, choices)];
}

/** The same where there must be a text. */
export function requiredChoice(
  field: string,
  value: Json | undefined,
  choices: readonly string[],
): Errors {
  if (value === undefined || value === "") return [required(field)];
  return choiceErrors(field, value, choices);
}

export function nonNegativeErrors(field: string, value: Json | undefined): Errors {
  return isNumber(value) && value < 0 ? [invalid(field, value, NOT_NEGATIVE)] : [];
}

/** Several fields of one object that may not be negative. */
export function nonNegativeFields(
  object: JsonObject,
  field: string,
  names: readonly string[],
): Errors {
  return names.flatMap((name) => nonNegativeErrors(`${field}.${name}`, object[name]));
}

export function rangeErrors(
  field: string,
  value: Json | undefined,
  [from, to]: readonly [number, number],
): Errors {
  if (!isNumber(value) || (value >= from && value <= to)) return [];
  return [invalid(field, value, `must be between ${from} and ${to}, inclusive`)];
}

/** User and group ids. */
export function idErrors(field: string, value: Json | undefined): Errors {
  return rangeErrors(field, value, [0, INT32_MAX]);
}

/** A port, by number or by name. */
export function portErrors(field: string, value: Json | undefined): Errors {
  if (typeof value === "string") return problemErrors(field, value, portNameProblems(value));
  const port = isNumber(value) ? Number(value) : 0;
  return problemErrors(field, port, portNumberProblems(port));
}

export function immutableErrors(
  field: string,
  value: Json | undefined,
  before: Json | undefined,
): Errors {
  return isSameJson(value, before) ? [] : [invalid(field, value ?? null, "field is immutable")];
}

export function isNumber(value: Json | undefined): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

const OPERATOR = "`operator`";

/** A label selector as objects hold it. */
export function labelSelectorErrors(selector: JsonObject, field: string): Errors {
  const errors = [...labelsErrors(readObject(selector, "matchLabels"), `${field}.matchLabels`)];
  for (const [at, requirement] of readList(selector, "matchExpressions").entries())
    errors.push(...requirementErrors(requirement, `${field}.matchExpressions[${at}]`));
  return errors;
}

function requirementErrors(requirement: JsonObject, field: string): Errors {
  const values = readTexts(requirement, "values");
  const errors = [...operatorErrors(requirement, field)];
  errors.push(...qualifiedNameErrors(`${field}.key`, readText(requirement, "key")));
  for (const [at, value] of values.entries())
    errors.push(...problemErrors(`${field}.values[${at}]`, value, labelValueProblems(value)));
  return errors;
}

function operatorErrors(requirement: JsonObject, field: string): Errors {
  const operator = readText(requirement, "operator");
  const count = readTexts(requirement, "values").length;
  if (operator === "In" || operator === "NotIn") {
    const why = `must be specified when ${OPERATOR} is 'In' or 'NotIn'`;
    return count === 0 ? [required(`${field}.values`, why)] : [];
  }
  if (operator === "Exists" || operator === "DoesNotExist") {
    const why = `may not be specified when ${OPERATOR} is 'Exists' or 'DoesNotExist'`;
    return count > 0 ? [forbidden(`${field}.values`, why)] : [];
  }
  return [invalid(`${field}.operator`, operator, "not a valid selector operator")];
}

/** Labels as messages show them: in the order of their keys. */
export function inKeyOrder(labels: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A label selector as messages show it. */
export function shownSelector(selector: JsonObject): JsonObject {
  const { matchLabels, ...rest } = selector;
  if (matchLabels === undefined) return rest;
  return { matchLabels: inKeyOrder(readObject(selector, "matchLabels")), ...rest };
}

export function hasSelector(selector: JsonObject): boolean {
  const labels = Object.keys(readObject(selector, "matchLabels")).length;
  return labels + readList(selector, "matchExpressions").length > 0;
}

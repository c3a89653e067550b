/** What is wrong with limit ranges. In: decoded objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { labelKeyProblems } from "../../selectors/label-syntax.ts";
import { readList, readObject, readText } from "../../strategy/object-at.ts";
import { compareQuantities, parseQuantity } from "../../values/quantity.ts";
import { type Errors, problemErrors } from "../checks.ts";
import { duplicate, type FieldError, forbidden, invalid, required } from "../field-error.ts";
import { containerResourceErrors, resourceNameErrors } from "../pod/resources.ts";

const TYPES: ReadonlySet<string> = new Set(["Pod", "Container", "PersistentVolumeClaim"]);
const NOT_OF_PODS = "may not be specified when `type` is 'Pod'";

export function limitRangeErrors(range: JsonObject): Errors {
  const seen = new Set<string>();
  return readList(readObject(range, "spec"), "limits").flatMap((limit, at) => {
    const field = `spec.limits[${at}]`;
    const type = readText(limit, "type");
    const errors: FieldError[] = [...typeErrors(type, `${field}.type`)];
    if (seen.has(type)) errors.push(duplicate(`${field}.type`, type));
    seen.add(type);
    return [...errors, ...nameErrors(limit, field, type), ...amountsErrors(limit, field)];
  });
}

function typeErrors(type: string, field: string): Errors {
  const problems = labelKeyProblems(type);
  if (problems.length > 0) return problemErrors(field, type, problems);
  if (type.includes("/") || TYPES.has(type)) return [];
  return [invalid(field, type, "must be a standard limit type or fully qualified")];
}

function nameErrors(limit: JsonObject, field: string, type: string): Errors {
  const check =
    type === "Pod" || type === "Container" ? containerResourceErrors : resourceNameErrors;
  const names = (part: string): Errors =>
    Object.keys(readObject(limit, part)).flatMap((name) =>
      check(`${field}.${part}[${name}]`, name),
    );
  const errors: FieldError[] = [...names("max"), ...names("min")];
  for (const part of ["default", "defaultRequest"]) {
    if (type !== "Pod") errors.push(...names(part));
    else if (Object.keys(readObject(limit, part)).length > 0)
      errors.push(forbidden(`${field}.${part}`, NOT_OF_PODS));
  }
  if (type === "PersistentVolumeClaim" && !hasStorage(limit)) {
    const why = "either minimum or maximum storage value is required, but neither was provided";
    errors.push(required(`${field}.limits`, why));
  }
  return [...errors, ...names("maxLimitRequestRatio")];
}

function hasStorage(limit: JsonObject): boolean {
  return ["min", "max"].some((part) => readObject(limit, part)["storage"] !== undefined);
}

/** What must not be more than what, and how a message says so. */
type Order = readonly [
  less: string,
  more: string,
  shown: string,
  value: string,
  words: readonly [string, string],
];

const ORDERS: readonly Order[] = [
  ["min", "max", "min", "min", ["min value", "max value"]],
  [
    "min",
    "defaultRequest",
    "defaultRequest",
    "defaultRequest",
    ["min value", "default request value"],
  ],
  [
    "defaultRequest",
    "max",
    "defaultRequest",
    "defaultRequest",
    ["default request value", "max value"],
  ],
  [
    "defaultRequest",
    "default",
    "defaultRequest",
    "defaultRequest",
    ["default request value", "default limit value"],
  ],
  ["min", "default", "default", "min", ["min value", "default value"]],
  ["default", "max", "default", "default", ["default value", "max value"]],
];

function amountsErrors(limit: JsonObject, field: string): Errors {
  const names = new Set(
    ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"].flatMap((part) =>
      Object.keys(readObject(limit, part)),
    ),
  );
  return [...names].flatMap((name) => [
    ...ORDERS.flatMap((order) => orderErrors(limit, field, { name, order })),
    ...ratioErrors(limit, field, name),
  ]);
}

function orderErrors(
  limit: JsonObject,
  field: string,
  { name, order }: { readonly name: string; readonly order: Order },
): Errors {
  const [less, more, shown, value, [lessWords, moreWords]] = order;
  const left = readText(readObject(limit, less), name);
  const right = readText(readObject(limit, more), name);
  if (!isMore(left, right)) return [];
  const why = `${lessWords} ${left} is greater than ${moreWords} ${right}`;
  return [invalid(`${field}.${shown}[${name}]`, readObject(limit, value)[name], why)];
}

function isMore(left: string, right: string): boolean {
  if (left === "" || right === "") return false;
  return compareQuantities(parseQuantity(left), parseQuantity(right)) > 0;
}

function ratioErrors(limit: JsonObject, field: string, name: string): Errors {
  const ratio = readObject(limit, "maxLimitRequestRatio")[name];
  if (typeof ratio !== "string" || compareQuantities(parseQuantity(ratio), 1n) >= 0) return [];
  const why = `ratio ${ratio} is less than 1`;
  return [invalid(`${field}.maxLimitRequestRatio[${name}]`, ratio, why)];
}

/** Counts that may be shares: `3` or `25%`. In: a field's value. Out: field errors. Pure. */
import type { Json } from "../../schema/schema.ts";
import { percentProblems } from "../../values/names.ts";
import { type Errors, isNumber, nonNegativeErrors, problemErrors } from "../checks.ts";
import { invalid } from "../field-error.ts";

export function intOrPercentErrors(field: string, value: Json | undefined): Errors {
  if (typeof value === "string") return problemErrors(field, value, percentProblems(value));
  return nonNegativeErrors(field, value);
}

export function notOverAllErrors(field: string, value: Json | undefined): Errors {
  if (typeof value !== "string" || percentProblems(value).length > 0) return [];
  return amountOf(value) > 100 ? [invalid(field, value, "must not be greater than 100%")] : [];
}

/** The number before the `%`, or the number itself. */
export function amountOf(value: Json | undefined): number {
  if (typeof value === "string") return /^\d+%$/.test(value) ? Number.parseInt(value, 10) : 0;
  return isNumber(value) ? Number(value) : 0;
}

/**
 * Limits of numbers in a JSON schema. In: a number. Out: field errors in Kubernetes' words. Pure.
 */
import type { JsonObject } from "../schema/schema.ts";
import { type FieldError, invalid } from "../validate/field-error.ts";

export function numberErrors(
  value: number | bigint,
  source: JsonObject,
  types: readonly string[],
  path: string,
): readonly FieldError[] {
  const isWhole = typeof value === "bigint" || Number.isInteger(value);
  return [
    ...rangeErrors(value, source, types, path),
    ...multipleErrors(value, source["multipleOf"], path, isWhole),
    ...maximumErrors(value, source, path, isWhole),
    ...minimumErrors(value, source, path, isWhole),
  ];
}

const INT32: readonly [number, number] = [-(2 ** 31), 2 ** 31 - 1];

function rangeErrors(
  value: number | bigint,
  { format }: JsonObject,
  types: readonly string[],
  path: string,
): readonly FieldError[] {
  if (types[0] !== "integer") return [];
  const isWhole = typeof value === "bigint" || Number.isInteger(value);
  const isSmall = Number(value) >= INT32[0] && Number(value) <= INT32[1];
  if (isWhole && (format !== "int32" || isSmall)) return [];
  const named = format === "int32" || format === "int64";
  const form = named ? `with format ${format}` : "(default format)";
  return [invalid("<nil>", "", `Checked value must be of type integer ${form} in ${path}`)];
}

/** Whole numbers are compared with whole limits. */
function limit(value: unknown, isWhole: boolean): number | undefined {
  if (typeof value !== "number") return undefined;
  return isWhole ? Math.trunc(value) : value;
}

function multipleErrors(
  value: number | bigint,
  multipleOf: unknown,
  path: string,
  isWhole: boolean,
): readonly FieldError[] {
  const factor = limit(multipleOf, isWhole);
  if (factor === undefined) return [];
  if (factor <= 0) {
    const why = `factor MultipleOf declared for ${path} must be positive: ${factor}`;
    return [invalid(path, factor, why)];
  }
  const quotient = Number(value) / factor;
  if (Number.isInteger(quotient)) return [];
  return [invalid(path, value, `${path} in body should be a multiple of ${factor}`)];
}

function maximumErrors(
  value: number | bigint,
  { maximum, exclusiveMaximum }: JsonObject,
  path: string,
  isWhole: boolean,
): readonly FieldError[] {
  const max = limit(maximum, isWhole);
  if (max === undefined) return [];
  const isExclusive = exclusiveMaximum === true;
  if (isExclusive ? value < max : value <= max) return [];
  const words = isExclusive ? "less than" : "less than or equal to";
  return [invalid(path, value, `${path} in body should be ${words} ${max}`)];
}

function minimumErrors(
  value: number | bigint,
  { minimum, exclusiveMinimum }: JsonObject,
  path: string,
  isWhole: boolean,
): readonly FieldError[] {
  const min = limit(minimum, isWhole);
  if (min === undefined) return [];
  const isExclusive = exclusiveMinimum === true;
  if (isExclusive ? value > min : value >= min) return [];
  const words = isExclusive ? "greater than" : "greater than or equal to";
  return [invalid(path, value, `${path} in body should be ${words} ${min}`)];
}

/**
 * In: an applied configuration and its schema. Out: what is wrong with it, in the words that
 * clients know; undefined when nothing is. Duplicates matter here: an apply must say what it means.
 */
import type { Json, ListSchema, Scalar, ScalarSchema, TypeSchema } from "../schema/schema.ts";
import { goText, isObject } from "../patch/values.ts";
import { itemStep, stepText } from "./path-step.ts";
import { memberSchema } from "./walk.ts";

/** The first thing that is wrong: `.spec.ports: expected list, got &{x}`. */
export function typedProblem(
  value: Json,
  schema: TypeSchema,
  path: string = "",
): string | undefined {
  if (value === null) return undefined;
  if (schema.kind === "scalar") return scalarProblem(value, schema, path);
  if (schema.kind === "list") return listProblem(value, schema, path);
  if (!isObject(value)) return `${path}: expected map, got &{${goText(value)}}`;
  for (const [name, member] of Object.entries(value)) {
    const below = `${path}.${name}`;
    const type = memberSchema(schema, name);
    if (type === undefined) return `${below}: field not declared in schema`;
    const problem = typedProblem(member, type, below);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function listProblem(value: Json, schema: ListSchema, path: string): string | undefined {
  if (!Array.isArray(value)) return `${path}: expected list, got &{${goText(value)}}`;
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    if (schema.listType === "map" && !isObject(item)) {
      const what = item === null ? "a null element" : "non-map elements";
      return `${path}: element ${index}: associative list with keys may not have ${what}`;
    }
    const step = schema.listType === "atomic" ? `i:${index}` : itemStep(schema, item);
    const problem = typedProblem(item, schema.items, `${path}${stepText(step)}`);
    if (problem !== undefined) return problem;
    if (seen.has(step)) return `${path}: duplicate entries for key ${stepText(step)}`;
    seen.add(step);
  }
  return undefined;
}

const JSON_TYPE: Partial<Record<Scalar, "string" | "boolean" | "number">> = {
  string: "string",
  bytes: "string",
  boolean: "boolean",
  int32: "number",
  int64: "number",
  double: "number",
};

/** Their schemas leave the type open, so that objects and lists are as good as scalars. */
const OPEN: ReadonlySet<Scalar> = new Set<Scalar>([
  "any",
  "json-schema-or-bool",
  "json-schema-or-array",
  "json-schema-or-strings",
]);

function scalarProblem(value: Json, { scalar }: ScalarSchema, path: string): string | undefined {
  const expected = JSON_TYPE[scalar];
  if (expected === undefined) {
    const isWrong = !OPEN.has(scalar) && typeof value === "object";
    return isWrong ? `${path}: expected any scalar, got &{${goText(value)}}` : undefined;
  }
  const actual = typeof value === "bigint" ? "number" : typeof value;
  return actual === expected ? undefined : `${path}: ${MISMATCH[expected](value)}`;
}

const MISMATCH: Record<"string" | "boolean" | "number", (value: Json) => string> = {
  string: (value) => `expected string, got &value.valueUnstructured{Value:${goText(value)}}`,
  boolean: (value) => `expected boolean, got &{${goText(value)}}`,
  number: (value) => `expected numeric (int or float), got ${goType(value)}`,
};

function goType(value: Json): string {
  if (Array.isArray(value)) return "[]interface {}";
  if (isObject(value)) return "map[string]interface {}";
  return typeof value === "boolean" ? "bool" : "string";
}

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

const EXPECTED: Partial<Record<Scalar, readonly [string, string]>> = {
  string: ["string", "string"],
  bytes: ["string", "string"],
  boolean: ["boolean", "boolean"],
  int32: ["numeric", "number"],
  int64: ["numeric", "number"],
  double: ["numeric", "number"],
};

function scalarProblem(value: Json, { scalar }: ScalarSchema, path: string): string | undefined {
  const expected = EXPECTED[scalar];
  if (expected === undefined) {
    const isWrong = scalar !== "any" && typeof value === "object";
    return isWrong ? `${path}: expected untyped scalar, got ${unstructured(value)}` : undefined;
  }
  const [word, type] = expected;
  const actual = typeof value === "bigint" ? "number" : typeof value;
  if (actual === type) return undefined;
  const name = word === "numeric" ? "numeric (int or float)" : word;
  return `${path}: expected ${name}, got ${unstructured(value)}`;
}

function unstructured(value: Json): string {
  const shown = typeof value === "string" ? JSON.stringify(value) : goText(value);
  return `&value.valueUnstructured{Value:${shown}}`;
}

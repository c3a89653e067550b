/**
 * Is a value what its JSON schema says? In: a value, its schema, and the value that it replaces:
 * what did not change is not judged again. Out: field errors in the order and words of Kubernetes.
 * Pure.
 */
import type { Json, JsonObject, Structural } from "../schema/schema.ts";
import {
  type FieldError,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from "../validate/field-error.ts";
import { goRegexp } from "../values/go-regexp.ts";
import { equalJson } from "../values/equal-json.ts";
import { correlate } from "./correlate.ts";
import { hasFormat } from "./formats.ts";
import { numberErrors } from "./validate-number.ts";
import { isObject, structuralOf, textsOf } from "./structural.ts";

/** Errors of a value; `path` is empty at the root. */
export function valueErrors(
  value: Json,
  schema: Structural,
  path: string,
  old?: Json,
): readonly FieldError[] {
  if (old !== undefined && equalJson(value, old)) return [];
  const types = typesOf(schema);
  if (value === null) {
    if (schema.nullable) return [];
    const wrong = types.length > 0 ? [wrongType(path, types.join(","), "null")] : [];
    return [...wrong, ...enumErrors(value, schema, path)];
  }
  return [
    ...typeErrors(value, schema, path, types),
    ...junctionErrors(value, schema, path),
    ...(typeof value === "string" ? stringErrors(value, schema, path) : []),
    ...(typeof value === "string" ? formatErrors(value, schema, path) : []),
    ...(isNumber(value) && isNumeric(types) ? numberErrors(value, schema.source, types, path) : []),
    ...(Array.isArray(value) ? listErrors(value, schema, path, old) : []),
    ...enumErrors(value, schema, path),
    ...(isObject(value) ? objectErrors(value, schema, path, old) : []),
  ];
}

function isNumber(value: Json): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function isNumeric(types: readonly string[]): boolean {
  return types.length === 0 || types.includes("integer") || types.includes("number");
}

function typesOf({ type, intOrString, embedded }: Structural): readonly string[] {
  if (intOrString) return ["integer", "string"];
  if (type !== "") return [type];
  return embedded ? ["object"] : [];
}

function typeOf(value: Json): string {
  if (typeof value === "string" || typeof value === "boolean") return typeof value;
  if (isNumber(value)) return isInteger(value) ? "integer" : "number";
  return Array.isArray(value) ? "array" : "object";
}

function isInteger(value: number | bigint): boolean {
  return typeof value === "bigint" || Number.isInteger(value);
}

function wrongType(path: string, wanted: string, actual: Json): FieldError {
  const shown = JSON.stringify(actual);
  return typeInvalid(
    pathOrNil(path),
    actual,
    `${path} in body must be of type ${wanted}: ${shown}`,
  );
}

function pathOrNil(path: string): string {
  const plain = path.startsWith(".") ? path.slice(1) : path;
  return plain === "" ? "<nil>" : plain;
}

function typeErrors(
  value: Json,
  _schema: Structural,
  path: string,
  types: readonly string[],
): readonly FieldError[] {
  if (types.length === 0) return [];
  const actual = typeOf(value);
  if (types.includes(actual)) return [];
  if (actual === "integer" && types.includes("number")) return [];
  return [wrongType(path, types.join(","), actual)];
}

function stringErrors(value: string, { source }: Structural, path: string): readonly FieldError[] {
  const { maxLength, minLength, pattern } = source;
  const length = [...value].length;
  if (typeof maxLength === "number" && length > maxLength) {
    return [tooLong(pathOrNil(path), maxLength)];
  }
  if (typeof minLength === "number" && length < minLength) {
    return [
      invalid(pathOrNil(path), value, `${path} in body should be at least ${minLength} chars long`),
    ];
  }
  if (typeof pattern === "string" && pattern !== "" && !goRegexp(pattern).test(value)) {
    return [invalid(pathOrNil(path), value, `${path} in body should match '${pattern}'`)];
  }
  return [];
}

function formatErrors(value: string, { source }: Structural, path: string): readonly FieldError[] {
  const { format } = source;
  if (typeof format !== "string" || hasFormat(format, value)) return [];
  return [wrongType(path, format, value)];
}

function listErrors(
  value: readonly Json[],
  schema: Structural,
  path: string,
  old: Json | undefined,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { items, source } = schema;
  if (items !== undefined) {
    for (const [at, item] of value.entries()) {
      errors.push(...valueErrors(item, items, `${path}[${at}]`, correlate(schema, old, item)));
    }
  }
  const { minItems, maxItems } = source;
  const field = pathOrNil(path);
  if (typeof minItems === "number" && value.length < minItems) {
    const why = `${path} in body should have at least ${minItems} items`;
    errors.push(invalid(field, value.length, why));
  }
  if (typeof maxItems === "number" && value.length > maxItems) {
    errors.push(tooMany(field, value.length, maxItems));
  }
  return errors;
}

function enumErrors(value: Json, { source }: Structural, path: string): readonly FieldError[] {
  const choices = source["enum"];
  if (!Array.isArray(choices) || choices.length === 0) return [];
  if (choices.some((choice) => equalJson(choice, value))) return [];
  const shown = choices.map((choice) =>
    typeof choice === "string" ? choice : JSON.stringify(choice),
  );
  return [notSupported(pathOrNil(path), value, shown)];
}

function objectErrors(
  value: JsonObject,
  schema: Structural,
  path: string,
  old: Json | undefined,
): readonly FieldError[] {
  const errors: FieldError[] = [...countErrors(value, schema, path)];
  const before = isObject(old) ? old : {};
  const { properties, additional } = schema;
  if (additional !== undefined && additional !== true) {
    for (const name of Object.keys(value)) {
      if (properties.has(name)) continue;
      const below = path === "" ? name : `${path}.${name}`;
      errors.push(...valueErrors(value[name] ?? null, additional, below, own(before, name)));
    }
  }
  for (const [name, property] of properties) {
    const member = own(value, name);
    if (member === undefined) continue;
    const below = path === "" ? name : `${path}.${name}`;
    errors.push(...valueErrors(member, property, below, own(before, name)));
  }
  const wanted = [...textsOf(schema.source["required"]), ...(schema.embedded ? TYPE_META : [])];
  for (const name of new Set(wanted)) {
    if (!Object.hasOwn(value, name)) errors.push(required(pathOrNil(`${path}.${name}`)));
  }
  return errors;
}

const TYPE_META: readonly string[] = ["apiVersion", "kind"];

function own(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function countErrors(
  value: JsonObject,
  { source }: Structural,
  path: string,
): readonly FieldError[] {
  const count = Object.keys(value).length;
  const { minProperties, maxProperties } = source;
  const field = pathOrNil(path);
  if (typeof minProperties === "number" && count < minProperties) {
    const why = `${path} in body should have at least ${minProperties} properties`;
    return [invalid(field, count, why)];
  }
  const isOver = typeof maxProperties === "number" && count > maxProperties;
  return isOver ? [tooMany(field, count, maxProperties)] : [];
}

/** What is wrong without a field of its own. */
function whole(why: string): FieldError {
  return invalid("<nil>", "", why);
}

/** `allOf`, `anyOf`, `oneOf` and `not`. */
function junctionErrors(value: Json, { source }: Structural, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const tried = (name: string): readonly (readonly FieldError[])[] =>
    branchesOf(source[name]).map((branch) => valueErrors(value, branch, path));
  const name = JSON.stringify(path);
  const anyOf = tried("anyOf");
  if (anyOf.length > 0 && anyOf.every((each) => each.length > 0)) {
    errors.push(whole(`${name} must validate at least one schema (anyOf)`), ...fewest(anyOf));
  }
  const oneOf = tried("oneOf");
  const valid = oneOf.filter((each) => each.length === 0).length;
  if (oneOf.length > 0 && valid !== 1) {
    const found = valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`;
    errors.push(whole(`${name} must validate one and only one schema (oneOf). ${found}`));
    if (valid === 0) errors.push(...fewest(oneOf));
  }
  const allOf = tried("allOf");
  const failed = allOf.filter((each) => each.length > 0);
  if (failed.length > 0) {
    errors.push(...failed.flat());
    const none = failed.length === allOf.length ? ". None validated" : "";
    errors.push(whole(`${name} must validate all the schemas (allOf)${none}`));
  }
  const not = source["not"];
  if (isObject(not) && valueErrors(value, structuralOf(not), path).length === 0) {
    errors.push(whole(`${name} must not validate the schema (not)`));
  }
  return errors;
}

const branches = new WeakMap<Json[], readonly Structural[]>();

function branchesOf(value: Json | undefined): readonly Structural[] {
  if (!Array.isArray(value)) return [];
  const known = branches.get(value);
  if (known !== undefined) return known;
  const made = value.filter(isObject).map(structuralOf);
  branches.set(value, made);
  return made;
}

function fewest(tried: readonly (readonly FieldError[])[]): readonly FieldError[] {
  return tried[0] ?? [];
}

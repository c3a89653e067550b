/**
 * Is a JSON schema structural: does every field have one type, in one place? In: the schema of a
 * custom kind as it was decoded. Out: field errors, sorted as Kubernetes sorts them. Pure.
 */
import type { Json, JsonObject } from "../../schema/schema.ts";
import { readObject, readText } from "../../strategy/object-at.ts";
import { isObject } from "../../structural/structural.ts";
import {
  describeFieldError,
  type FieldError,
  forbidden,
  invalid,
  required,
} from "../field-error.ts";

type Level = "root" | "item" | "field";

/** Undefined where the schema has parts that no structural schema can have. */
export function schemaFormErrors(
  schema: JsonObject,
  path: string,
): readonly FieldError[] | undefined {
  if (!isConvertible(schema)) return undefined;
  const errors = [...invariantErrors(schema, "root", path)];
  return errors.sort((left, right) => {
    const [a, b] = [describeFieldError(left), describeFieldError(right)];
    return a < b ? -1 : a > b ? 1 : 0;
  });
}

const FOREIGN = ["id", "$ref", "additionalItems", "patternProperties", "definitions"] as const;

function isConvertible(schema: JsonObject): boolean {
  if ([...FOREIGN, "dependencies"].some((name) => !isVoid(schema[name]))) return false;
  const { items, additionalProperties } = schema;
  if (Array.isArray(items)) return false;
  if (isObject(items) && !isConvertible(items)) return false;
  if (isObject(additionalProperties) && !isConvertible(additionalProperties)) return false;
  const properties = readObject(schema, "properties");
  return Object.keys(properties).every((name) => isConvertible(readObject(properties, name)));
}

function isVoid(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === "") return true;
  return isObject(value) && Object.keys(value).length === 0;
}

const EMPTY_TYPE: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

function invariantErrors(schema: JsonObject, level: Level, path: string): readonly FieldError[] {
  const { items, additionalProperties: additional } = schema;
  const type = readText(schema, "type");
  const errors: FieldError[] = [];
  if (type === "array" && !isObject(items)) {
    errors.push(required(`${path}.items`, "must be specified"));
  }
  if (isObject(items)) errors.push(...invariantErrors(items, "item", `${path}.items`));
  const properties = readObject(schema, "properties");
  for (const name of Object.keys(properties)) {
    const below = `${path}.properties[${name}]`;
    errors.push(...invariantErrors(readObject(properties, name), "field", below));
  }
  if (additional !== undefined) {
    const below = `${path}.additionalProperties`;
    if (level === "root") errors.push(forbidden(below, "must not be used at the root"));
    if (isObject(additional)) errors.push(...invariantErrors(additional, "field", below));
  }
  errors.push(...extensionErrors(schema, path), ...junctionErrors(schema, path));
  errors.push(...typeErrors(schema, level, path));
  return [...errors, ...metadataErrors(schema, level, path)];
}

function typeErrors(schema: JsonObject, level: Level, path: string): readonly FieldError[] {
  const type = readText(schema, "type");
  const field = `${path}.type`;
  const isEmbedded = schema["x-kubernetes-embedded-resource"] === true;
  const isOpen =
    schema["x-kubernetes-int-or-string"] === true ||
    schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (isEmbedded && type !== "object") {
    const why = "must be object if x-kubernetes-embedded-resource is true";
    return [type === "" ? required(field, why) : invalid(field, type, why)];
  }
  if (type === "" && !isOpen) return [required(field, EMPTY_TYPE[level])];
  if (level !== "root" || type === "" || type === "object") return [];
  return [invalid(field, type, "must be object at the root")];
}

function extensionErrors(schema: JsonObject, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const isIntOrString = schema["x-kubernetes-int-or-string"] === true;
  if (isIntOrString && schema["x-kubernetes-preserve-unknown-fields"] === true) {
    const why = "must be false if x-kubernetes-int-or-string is true";
    errors.push(invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, why));
  }
  if (isIntOrString && schema["x-kubernetes-embedded-resource"] === true) {
    const why = "must be false if x-kubernetes-int-or-string is true";
    errors.push(invalid(`${path}.x-kubernetes-embedded-resource`, true, why));
  }
  return errors;
}

function metadataErrors(schema: JsonObject, level: Level, path: string): readonly FieldError[] {
  const isEmbedded = schema["x-kubernetes-embedded-resource"] === true;
  const errors: FieldError[] = [];
  const properties = readObject(schema, "properties");
  if (level === "root" || isEmbedded) {
    for (const name of ["apiVersion", "kind"]) {
      const each = properties[name];
      if (!isObject(each) || each["type"] === "string") continue;
      const field = `${path}.properties[${name}].type`;
      errors.push(invalid(field, readText(each, "type"), "must be string"));
    }
    const { metadata } = properties;
    if (isObject(metadata)) {
      errors.push(...ownMetadataErrors(metadata, `${path}.properties[metadata]`));
    }
  }
  const preserves = schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (isEmbedded && !preserves && Object.keys(properties).length === 0) {
    const why =
      "must not be empty if x-kubernetes-embedded-resource is true without " +
      "x-kubernetes-preserve-unknown-fields";
    errors.push(required(`${path}.properties`, why));
  }
  return errors;
}

function ownMetadataErrors(metadata: JsonObject, path: string): readonly FieldError[] {
  const type = readText(metadata, "type");
  if (type !== "object") return [invalid(`${path}.type`, type, "must be object")];
  const { type: _type, description: _description, properties: _properties, ...rest } = metadata;
  const names = Object.keys(readObject(metadata, "properties"));
  const isPlain = names.every((name) => name === "name" || name === "generateName");
  if (isPlain && Object.keys(rest).length === 0) return [];
  const why =
    "must not specify anything other than name and generateName, but metadata is implicitly " +
    "specified";
  return [forbidden(path, why)];
}

/** The alternatives of a schema say what values may be, never what fields there are. */
function junctionErrors(schema: JsonObject, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ["allOf", "anyOf", "oneOf"]) {
    const list = schema[name];
    if (!Array.isArray(list)) continue;
    for (const [at, each] of list.entries()) {
      if (!isObject(each) || isIntOrStringPattern(schema, name, at, each)) continue;
      errors.push(...nestedErrors(each, `${path}.${name}[${at}]`));
    }
  }
  const { not } = schema;
  if (isObject(not)) errors.push(...nestedErrors(not, `${path}.not`));
  return errors;
}

/** `anyOf: [{type: integer}, {type: string}]` is how int-or-string has been said forever. */
function isIntOrStringPattern(
  schema: JsonObject,
  name: string,
  at: number,
  each: JsonObject,
): boolean {
  if (schema["x-kubernetes-int-or-string"] !== true) return false;
  const isPair = (list: Json | undefined): boolean =>
    JSON.stringify(list) === '[{"type":"integer"},{"type":"string"}]';
  if (name === "anyOf") return isPair(schema["anyOf"]);
  return name === "allOf" && at === 0 && isPair(each["anyOf"]);
}

const MUST_BE_EMPTY = ["description", "type", "title"] as const;
const MUST_BE_UNDEFINED = ["default", "additionalProperties"] as const;
const MUST_BE_FALSE = [
  "nullable",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-int-or-string",
] as const;

function nestedErrors(schema: JsonObject, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const check = (names: readonly string[], why: string): void => {
    for (const name of names) {
      const value = schema[name];
      if (value === undefined || value === "" || value === false) continue;
      errors.push(forbidden(`${path}.${name}`, why));
    }
  };
  check(MUST_BE_EMPTY, "must be empty to be structural");
  check(MUST_BE_UNDEFINED, "must be undefined to be structural");
  check(MUST_BE_FALSE, "must be false to be structural");
  const { items } = schema;
  if (isObject(items)) errors.push(...nestedErrors(items, `${path}.items`));
  const properties = readObject(schema, "properties");
  for (const name of Object.keys(properties)) {
    errors.push(...nestedErrors(readObject(properties, name), `${path}.properties[${name}]`));
  }
  return [...errors, ...junctionErrors(schema, path)];
}

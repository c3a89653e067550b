/**
 * What a JSON schema of a custom kind may not use, and what its extensions demand of it. In: a
 * schema. Out: field errors in Kubernetes' order. Pure.
 */
import { Fault } from "@shared/base";
import type { Json, JsonObject } from "../../schema/schema.ts";
import { readObject, readText } from "../../strategy/object-at.ts";
import { isObject, textsOf } from "../../structural/structural.ts";
import { goRegexp } from "../../values/go-regexp.ts";
import { type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";

const TYPES = ["array", "boolean", "integer", "number", "object", "string"] as const;

export function schemaRuleErrors(schema: JsonObject, path: string): readonly FieldError[] {
  const errors = [...foreignErrors(schema, path), ...keywordErrors(schema, path)];
  const type = readText(schema, "type");
  if (type !== "" && type !== "null" && !TYPES.some((each) => each === type)) {
    errors.push(notSupported(`${path}.type`, type, TYPES));
  }
  const { additionalProperties: additional, items, not } = schema;
  const properties = readObject(schema, "properties");
  const names = Object.keys(properties);
  if (additional !== undefined) {
    const field = `${path}.additionalProperties`;
    if (names.length > 0) {
      errors.push(forbidden(field, "additionalProperties and properties are mutual exclusive"));
    } else if (additional === false && !path.endsWith("openAPIV3Schema")) {
      errors.push(forbidden(field, "additionalProperties cannot be set to false"));
    }
    if (isObject(additional)) errors.push(...schemaRuleErrors(additional, field));
  }
  for (const name of names) {
    const below = `${path}.properties[${name}]`;
    errors.push(...schemaRuleErrors(readObject(properties, name), below));
  }
  if (isObject(not)) errors.push(...schemaRuleErrors(not, `${path}.not`));
  for (const junction of ["allOf", "oneOf", "anyOf"]) {
    const list = schema[junction];
    if (!Array.isArray(list)) continue;
    for (const [at, each] of list.entries()) {
      if (isObject(each)) errors.push(...schemaRuleErrors(each, `${path}.${junction}[${at}]`));
    }
  }
  if (isObject(items)) errors.push(...schemaRuleErrors(items, `${path}.items`));
  return [...errors, ...listErrors(schema, path), ...mapErrors(schema, path)];
}

const UNSUPPORTED: readonly string[] = [
  "id",
  "additionalItems",
  "patternProperties",
  "definitions",
  "dependencies",
  "$ref",
];

function foreignErrors(schema: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of UNSUPPORTED) {
    const value = schema[name];
    if (value === undefined || value === null || value === "") continue;
    errors.push(forbidden(`${path}.${name}`, `${name} is not supported`));
  }
  if (schema["type"] === "null") {
    const why = "type cannot be set to null, use nullable as an alternative";
    errors.push(forbidden(`${path}.type`, why));
  }
  if (Array.isArray(schema["items"])) {
    errors.push(forbidden(`${path}.items`, "items must be a schema object and not an array"));
  }
  return errors;
}

function keywordErrors(schema: JsonObject, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const { pattern } = schema;
  if (schema["uniqueItems"] === true) {
    const why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
    errors.push(forbidden(`${path}.uniqueItems`, why));
  }
  if (typeof pattern === "string" && pattern !== "") errors.push(...patternErrors(pattern, path));
  const preserve = "x-kubernetes-preserve-unknown-fields";
  if (schema[preserve] === false) {
    errors.push(invalid(`${path}.${preserve}`, false, "must be true or undefined"));
  }
  return errors;
}

function patternErrors(pattern: string, path: string): readonly FieldError[] {
  try {
    goRegexp(pattern);
    return [];
  } catch (error) {
    const why = `must be a valid regular expression, but isn't: ${Fault.from(error).message}`;
    return [invalid(`${path}.pattern`, pattern, why)];
  }
}

const LIST = "x-kubernetes-list-type";
const KEYS = "x-kubernetes-list-map-keys";
const MAP = "x-kubernetes-map-type";

function listErrors(schema: JsonObject, path: string): readonly FieldError[] {
  const listType = schema[LIST];
  const keys = textsOf(schema[KEYS]);
  const errors: FieldError[] = [];
  if (typeof listType === "string") {
    const type = readText(schema, "type");
    if (!["atomic", "set", "map"].includes(listType)) {
      errors.push(notSupported(`${path}.${LIST}`, listType, ["atomic", "set", "map"]));
    }
    if (type !== "array") {
      const why = `must be array if ${LIST} is specified`;
      errors.push(type === "" ? required(`${path}.type`, why) : invalid(`${path}.type`, type, why));
    }
  }
  if (listType === "map") errors.push(...listMapErrors(schema, keys, path));
  else if (keys.length > 0) {
    const field = `${path}.${LIST}`;
    const why = `must be map if ${KEYS} is non-empty`;
    errors.push(
      typeof listType === "string" ? invalid(field, listType, why) : required(field, why),
    );
  }
  if (listType === "set") errors.push(...setErrors(schema["items"], path));
  return errors;
}

function setErrors(items: Json | undefined, path: string): readonly FieldError[] {
  if (!isObject(items)) return [];
  const isAtomicList = (items[LIST] ?? "atomic") === "atomic";
  const field = `${path}.items`;
  if (items["nullable"] === true) {
    return [
      forbidden(`${field}.nullable`, "cannot be nullable when x-kubernetes-list-type is set"),
    ];
  }
  if (items["type"] === "object" && items[MAP] !== "atomic") {
    const why = `must be atomic as item of a list with ${LIST}=set`;
    return [invalid(`${field}.${MAP}`, items[MAP] ?? null, why)];
  }
  if (items["type"] !== "array" || isAtomicList) return [];
  const why = `must be atomic as item of a list with ${LIST}=set`;
  return [invalid(`${field}.${LIST}`, items[LIST] ?? null, why)];
}

function listMapErrors(
  schema: JsonObject,
  keys: readonly string[],
  path: string,
): readonly FieldError[] {
  const field = `${path}.${KEYS}`;
  if (keys.length === 0) return [required(field, `must not be empty if ${LIST} is map`)];
  const items = readObject(schema, "items");
  const errors: FieldError[] = [];
  if (items["nullable"] === true) {
    errors.push(forbidden(`${path}.items.nullable`, `cannot be nullable when ${LIST} is map`));
  }
  if (items["type"] !== "object") {
    const why = `must be object if parent array's ${LIST} is map`;
    return [...errors, invalid(`${path}.items.type`, items["type"] ?? "", why)];
  }
  const properties = readObject(items, "properties");
  if (keys.some((key) => !Object.hasOwn(properties, key))) {
    errors.push(invalid(field, [...keys], "entries must all be names of item properties"));
  }
  for (const key of new Set(keys)) errors.push(...keyTypeErrors(properties, key, path));
  if (new Set(keys).size < keys.length) {
    errors.push(invalid(field, [...keys], "must not contain duplicate entries"));
  }
  return [...errors, ...keyDefaultErrors(items, keys, path)];
}

function keyTypeErrors(properties: JsonObject, key: string, path: string): readonly FieldError[] {
  const type = readText(readObject(properties, key), "type");
  if (type !== "array" && type !== "object") return [];
  const why = `must be a scalar type if parent array's ${LIST} is map`;
  return [invalid(`${path}.items.properties[${key}].type`, type, why)];
}

const NEEDED = "so it must have a default or be a required property";

function keyDefaultErrors(
  items: JsonObject,
  keys: readonly string[],
  path: string,
): readonly FieldError[] {
  const needed = textsOf(items["required"]);
  const properties = readObject(items, "properties");
  const errors: FieldError[] = [];
  for (const key of [...keys].sort()) {
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (!isObject(property)) continue;
    const field = `${path}.items.properties[${key}]`;
    if (!needed.includes(key) && property["default"] === undefined) {
      const why = `this property is in ${KEYS}, ${NEEDED}`;
      errors.push(required(`${field}.default`, why));
    }
    if (property["nullable"] === true) {
      const why = `this property is in ${KEYS}, so it cannot be nullable`;
      errors.push(forbidden(`${field}.nullable`, why));
    }
  }
  return errors;
}

function mapErrors(schema: JsonObject, path: string): readonly FieldError[] {
  const mapType = schema[MAP];
  if (typeof mapType !== "string") return [];
  const type = readText(schema, "type");
  const errors: FieldError[] = [];
  if (mapType !== "atomic" && mapType !== "granular") {
    errors.push(notSupported(`${path}.${MAP}`, mapType, ["atomic", "granular"]));
  }
  if (type !== "object") {
    const why = `must be object if ${MAP} is specified`;
    errors.push(type === "" ? required(`${path}.type`, why) : invalid(`${path}.type`, type, why));
  }
  return errors;
}

/**
 * Schemas of custom kinds as OpenAPI 2 can say them. In: a structural schema. Out: the same without
 * alternatives, and without what clients of the old documents would take for a prohibition: they
 * think that an object has no other fields than those that are listed. Pure.
 */
import type { Json, JsonObject } from "../schema/schema.ts";

const PRESERVE = "x-kubernetes-preserve-unknown-fields";

const ALTERNATIVES: readonly string[] = ["allOf", "anyOf", "not", "nullable", "oneOf"];

export function keepsUnknownFields(schema: JsonObject): boolean {
  return schema[PRESERVE] === true;
}

/** Leaves to the server what version 2 cannot forbid. */
export function asVersion2(schema: JsonObject): JsonObject {
  const kept: JsonObject = { ...schema };
  for (const name of ALTERNATIVES) delete kept[name];
  const keepsUnknown = keepsUnknownFields(schema);
  const mayBeNull = isNullable(schema);
  if (mayBeNull || keepsUnknown) {
    delete kept["items"];
    delete kept["properties"];
  }
  const isUnknown = keepsUnknown && kept["type"] === "object";
  const isOpenList = kept["type"] === "array" && kept["items"] === undefined;
  if (mayBeNull || isUnknown || isOpenList) delete kept["type"];
  const required = requiredOf(schema);
  if (required.length > 0) kept["required"] = required;
  else delete kept["required"];
  return withChildren(kept);
}

/** Fields that may be null need not be there for old clients. */
function requiredOf({ required, properties, additionalProperties }: JsonObject): Json[] {
  if (!Array.isArray(required) || isNullable(additionalProperties)) return [];
  const fields = isSchema(properties) ? properties : {};
  return required.filter((name) => typeof name !== "string" || !isNullable(fields[name]));
}

function withChildren(schema: JsonObject): JsonObject {
  const made: JsonObject = { ...schema };
  for (const name of ["items", "additionalProperties"]) {
    const { [name]: child } = schema;
    if (isSchema(child)) made[name] = asVersion2(child);
  }
  const { properties } = schema;
  if (!isSchema(properties)) return made;
  const entries = Object.entries(properties).map(([name, child]): [string, Json] => {
    return [name, isSchema(child) ? asVersion2(child) : child];
  });
  return { ...made, properties: Object.fromEntries(entries) };
}

function isNullable(value: Json | undefined): boolean {
  return isSchema(value) && value["nullable"] === true;
}

function isSchema(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

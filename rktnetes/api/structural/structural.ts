/**
 * A JSON schema of a custom kind, taken apart once. In: `openAPIV3Schema` as it was decoded. Out:
 * its structural form. What is not structural is ignored here; validation of definitions names it.
 */
import type { Json, JsonObject, ListType, Structural } from "../schema/schema.ts";
import { readObject, readText } from "../strategy/object-at.ts";

export function structuralOf(source: JsonObject): Structural {
  const additional = additionalOf(source["additionalProperties"]);
  const items = source["items"];
  const isPlainItems = isObject(items);
  return {
    type: readText(source, "type"),
    properties: propertiesOf(source),
    ...(additional === undefined ? {} : { additional }),
    ...(isPlainItems ? { items: structuralOf(items) } : {}),
    ...(source["default"] === undefined ? {} : { default: source["default"] }),
    nullable: source["nullable"] === true,
    intOrString: source["x-kubernetes-int-or-string"] === true,
    embedded: source["x-kubernetes-embedded-resource"] === true,
    preserves: source["x-kubernetes-preserve-unknown-fields"] === true,
    listType: listTypeOf(source["x-kubernetes-list-type"]),
    listKeys: textsOf(source["x-kubernetes-list-map-keys"]),
    atomicMap: source["x-kubernetes-map-type"] === "atomic",
    source,
  };
}

function propertiesOf(source: JsonObject): ReadonlyMap<string, Structural> {
  const properties = readObject(source, "properties");
  return new Map(
    Object.keys(properties).map((name) => [name, structuralOf(readObject(properties, name))]),
  );
}

function additionalOf(value: Json | undefined): Structural | true | undefined {
  if (value === true) return true;
  return isObject(value) ? structuralOf(value) : undefined;
}

function listTypeOf(value: Json | undefined): ListType {
  return value === "set" || value === "map" ? value : "atomic";
}

/** The texts of a list; none where there is no list. */
export function textsOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

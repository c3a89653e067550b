/**
 * A structural schema as CEL sees it. In: a schema. Out: the type of its values, and values of that
 * type. Pure.
 */
import type { Json, JsonObject, Structural } from "../schema/schema.ts";
import { readText } from "../strategy/object-at.ts";
import { isObject, textsOf } from "../structural/structural.ts";
import { parseDuration, parseTimestamp } from "./functions/time-text.ts";
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  STRING,
  TIMESTAMP,
} from "./types.ts";
import { CelMap, type CelValue, fromJson } from "./values.ts";

/** A request is at most so long: that bounds what has no bounds. */
export const REQUEST_MAX: number = 3 * 1024 * 1024;

const RESERVED: ReadonlySet<string> = new Set(
  (
    "true false null in as break const continue else for function if import let loop package " +
    "namespace return var void while"
  ).split(" "),
);

/** The name of a field in expressions; undefined where it cannot be named. */
export function escapedName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`;
  if (!/^[a-zA-Z_.\-/][a-zA-Z0-9_.\-/]*$/.test(name)) return undefined;
  return name
    .replaceAll("__", "__underscores__")
    .replaceAll(".", "__dot__")
    .replaceAll("-", "__dash__")
    .replaceAll("/", "__slash__");
}

const STRINGS: Readonly<Record<string, CelType>> = {
  byte: BYTES,
  date: TIMESTAMP,
  "date-time": TIMESTAMP,
  duration: DURATION,
};

/** `isResource` adds apiVersion, kind and the part of metadata that rules may see. */
export function celType(schema: Structural, isResource: boolean = schema.embedded): CelType {
  const { type, items, additional, source } = schema;
  if (schema.intOrString) return { ...DYN, maxSize: REQUEST_MAX - 2 };
  switch (type) {
    case "boolean":
      return BOOL;
    case "integer":
      return INT;
    case "number":
      return DOUBLE;
    case "string":
      return textType(source);
    case "array": {
      if (items === undefined) return DYN;
      const item = celType(items);
      const most = Math.floor((REQUEST_MAX - 2) / (minSize(items) + 1));
      return { name: "list", of: [item], maxSize: declaredMax(source["maxItems"]) ?? most };
    }
    case "object":
      if (additional !== undefined && additional !== true) {
        const most = Math.floor((REQUEST_MAX - 2) / (minSize(additional) + 6));
        const maxSize = declaredMax(source["maxProperties"]) ?? most;
        return { name: "map", of: [STRING, celType(additional)], maxSize };
      }
      return objectType(schema, isResource);
    default:
      return DYN;
  }
}

/** The longest text of a format, with its quotation marks. */
const LONGEST: Readonly<Record<string, number>> = { date: 12, "date-time": 32, duration: 32 };

function textType(source: JsonObject): CelType {
  const { format, maxLength } = source;
  const isKnown = typeof format === "string" && Object.hasOwn(STRINGS, format);
  const special = isKnown ? STRINGS[format] : undefined;
  const longest = isKnown ? LONGEST[format] : undefined;
  if (special !== undefined && longest !== undefined) return { ...special, maxSize: longest };
  const choices = source["enum"];
  const texts = Array.isArray(choices) ? choices.filter((each) => typeof each === "string") : [];
  const most =
    texts.length > 0 && special === undefined
      ? Math.max(...texts.map((text) => Buffer.byteLength(text)))
      : REQUEST_MAX - 2;
  // Lengths are declared in characters, which may take four bytes each; bytes are bytes.
  const declared = declaredMax(maxLength);
  const limit = declared === undefined ? most : special === undefined ? declared * 4 : declared;
  return { ...(special ?? STRING), maxSize: limit };
}

function declaredMax(value: Json | undefined): number | undefined {
  return typeof value === "number" ? Math.max(value, 0) : undefined;
}

/** The shortest JSON of a text of some format. */
const SHORTEST: ReadonlyMap<string, number> = new Map([
  ["date", 12],
  ["date-time", 21],
  ["duration", 3],
]);

/** The shortest JSON of a value: what has a default may be left out. */
export function minSize({ type, intOrString, properties, additional, source }: Structural): number {
  if (intOrString) return 1;
  if (type === "array") return 2;
  if (type === "string") return SHORTEST.get(readText(source, "format")) ?? 2;
  if (type === "boolean") return 4;
  if (type !== "object") return 1;
  if (additional !== undefined && additional !== true) return 2;
  const wanted = textsOf(source["required"]);
  let size = 2;
  for (const name of new Set(wanted)) {
    const property = properties.get(name);
    if (property === undefined || property.default !== undefined) continue;
    size += Buffer.byteLength(name) + 4 + minSize(property);
  }
  return size;
}

const ANY_TEXT: CelType = { ...STRING, maxSize: REQUEST_MAX - 2 };

const METADATA: CelType = {
  name: "object",
  title: "metadata",
  fields: new Map([
    ["name", ANY_TEXT],
    ["generateName", ANY_TEXT],
  ]),
};

function objectType(schema: Structural, isResource: boolean): CelType {
  const { properties, preserves } = schema;
  if (properties.size === 0 && preserves && !isResource) return DYN;
  const fields = new Map<string, CelType>();
  for (const [name, property] of properties) {
    const escaped = escapedName(name);
    if (escaped !== undefined) fields.set(escaped, celType(property));
  }
  if (isResource) {
    fields.set("apiVersion", ANY_TEXT);
    fields.set("kind", ANY_TEXT);
    fields.set("metadata", METADATA);
  }
  return { name: "object", title: "object", fields };
}

/** A value of the type of its schema. What does not fit stays as JSON has it. */
export function celValue(value: Json, schema: Structural): CelValue {
  if (value === null) return null;
  const { type, items, additional, properties } = schema;
  if (typeof value === "string") return type === "string" ? textValue(value, schema) : value;
  if (typeof value === "number" || typeof value === "bigint") {
    return type === "number" ? Number(value) : fromJson(value);
  }
  if (Array.isArray(value)) {
    return items === undefined ? fromJson(value) : value.map((item) => celValue(item, items));
  }
  if (!isObject(value)) return value;
  const isMap = additional !== undefined && properties.size === 0;
  if (isMap) {
    const map = new CelMap();
    for (const key of Object.keys(value)) {
      const member = value[key] ?? null;
      map.set(key, additional === true ? fromJson(member) : celValue(member, additional));
    }
    return map;
  }
  return objectValue(value, schema);
}

function objectValue(value: JsonObject, { properties, preserves, type }: Structural): CelValue {
  const isOpen = type === "" || (preserves && properties.size === 0);
  const map = new CelMap(isOpen ? "" : "object");
  for (const name of Object.keys(value)) {
    const property = properties.get(name);
    const member = value[name] ?? null;
    const key = isOpen ? name : escapedName(name);
    if (key === undefined) continue;
    map.set(key, property === undefined ? fromJson(member) : celValue(member, property));
  }
  return map;
}

function textValue(value: string, { source }: Structural): CelValue {
  try {
    switch (source["format"]) {
      case "byte":
        return Buffer.from(value, "base64");
      case "date":
        return parseTimestamp(`${value}T00:00:00Z`);
      case "date-time":
        return parseTimestamp(value);
      case "duration":
        return parseDuration(value);
      default:
        return value;
    }
  } catch {
    return value;
  }
}

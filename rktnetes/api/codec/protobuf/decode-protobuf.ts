/**
 * Protobuf becomes an object of a kind. In: the bytes of one message and its schema. Out: the
 * object as `decode.ts` gives it: canonical quantities and times, what Go leaves out left out, and
 * defaults filled in. Unknown fields are passed over. Bytes that lie about lengths are a Fault.
 */
import { Fault } from "@shared/base";

import { findDefinition, findType } from "../../kinds/load.ts";
import type {
  FieldSchema,
  Json,
  JsonObject,
  MapSchema,
  ObjectSchema,
  ScalarSchema,
  TypeSchema,
} from "../../schema/schema.ts";
import { formatGoDuration } from "../../values/duration.ts";
import { canonicalQuantity } from "../../values/quantity.ts";
import { formatMicroTime, formatTime } from "../../values/time.ts";
import { parseJson } from "../json.ts";
import { fillAbsent, openObject, planOf, zeroOf } from "../plan.ts";
import { isEnvelope, readEnvelope } from "./envelope.ts";
import { isWrappedList, wirePlanOf } from "./plan.ts";
import type { WireField, WirePlan } from "./plan.ts";
import { BYTES, FIXED64, VARINT, WireReader } from "./wire.ts";
import type { Tag } from "./wire.ts";

const DEPTH_MAX = 1000;
const JSON_SCHEMA = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
const TEXT: ScalarSchema = { kind: "scalar", scalar: "string" };

/** Decodes the bytes that an envelope holds. */
export function decodeProtobuf(schema: ObjectSchema, bytes: Buffer): JsonObject {
  return readMessage(new WireReader(bytes), schema, 0);
}

function readMessage(reader: WireReader, schema: ObjectSchema, depth: number): JsonObject {
  if (depth > DEPTH_MAX) throw new Fault("invalid", "proto: message is nested too deeply");
  const object: JsonObject = {};
  readFields(reader, wirePlanOf(schema), { object, name: schema.goType ?? "", depth });
  return fillAbsent(object, planOf(schema));
}

/** The fields of a message and of those embedded in it, all into one object. */
function readFields(
  reader: WireReader,
  plan: WirePlan,
  into: { readonly object: JsonObject; readonly name: string; readonly depth: number },
): void {
  const { object, name, depth } = into;
  while (!reader.isAtEnd) {
    const tag = reader.tag(name);
    const field = plan.fields.get(tag.number);
    const embedded = plan.embedded.get(tag.number);
    if (field !== undefined) readField(reader, tag, { object, field, depth });
    else if (embedded !== undefined && tag.wireType === BYTES) {
      readFields(reader.piece(), embedded, into);
    } else reader.skip(tag.wireType);
  }
}

interface Target {
  readonly object: JsonObject;
  readonly field: WireField;
  readonly depth: number;
}

function readField(reader: WireReader, tag: Tag, { object, field, depth }: Target): void {
  const { type } = field.field;
  const { name } = field;
  expect(tag, wireTypeOf(type), name);
  if (type.kind === "list" && !isWrappedList(type)) {
    const before = object[name];
    const list = Array.isArray(before) ? before : [];
    list.push(readValue(reader, type.items, depth));
    object[name] = list;
  } else if (type.kind === "map") {
    const before = object[name];
    const isMap = typeof before === "object" && before !== null && !Array.isArray(before);
    const map = isMap ? before : openObject();
    readEntry(reader.piece(), type, { map, depth });
    object[name] = map;
  } else {
    const value = readValue(reader, type, depth);
    if (isKept(value, field.field)) object[name] = value;
    else delete object[name];
  }
}

function isKept(value: Json, { pointer, alwaysWritten, type }: FieldSchema): boolean {
  if (type.kind === "list") return Array.isArray(value) && value.length > 0;
  if (type.kind === "scalar" && type.scalar === "any") return true;
  if (value === null) return alwaysWritten === true;
  if (type.kind === "scalar" && type.scalar === "bytes" && value === "") return false;
  const isZero = value === "" || value === 0 || value === false;
  return pointer === true || alwaysWritten === true || !isZero;
}

function expect({ wireType }: Tag, wanted: number, name: string): void {
  if (wireType === wanted) return;
  const field = name.charAt(0).toUpperCase() + name.slice(1);
  throw new Fault("invalid", `proto: wrong wireType = ${wireType} for field ${field}`);
}

function wireTypeOf(type: TypeSchema): number {
  const scalar = type.kind === "list" ? itemScalar(type.items) : itemScalar(type);
  if (scalar === "int32" || scalar === "int64" || scalar === "boolean") return VARINT;
  return scalar === "double" ? FIXED64 : BYTES;
}

function itemScalar(type: TypeSchema): string {
  return type.kind === "scalar" ? type.scalar : "";
}

function readValue(reader: WireReader, type: TypeSchema, depth: number): Json {
  if (type.kind === "object") return readMessage(reader.piece(), type, depth + 1);
  if (type.kind === "scalar") return readScalar(reader, type, depth);
  if (type.kind === "list") return readRepeated(reader.piece(), 1, type.items, depth);
  throw new Fault("invalid", "proto: a map in a list has no form on the wire");
}

/** All values of one field of a message that has no other use. */
function readRepeated(reader: WireReader, number: number, type: TypeSchema, depth: number): Json[] {
  const items: Json[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.tag("");
    if (tag.number !== number) reader.skip(tag.wireType);
    else {
      expect(tag, wireTypeOf(type), "items");
      items.push(readValue(reader, type, depth));
    }
  }
  return items;
}

function readEntry(
  reader: WireReader,
  { values }: MapSchema,
  { map, depth }: { readonly map: JsonObject; readonly depth: number },
): void {
  let key = "";
  let value: Json | undefined;
  while (!reader.isAtEnd) {
    const tag = reader.tag("");
    if (tag.number === 1) {
      expect(tag, BYTES, "key");
      key = reader.text();
    } else if (tag.number === 2) {
      expect(tag, wireTypeOf(values), "value");
      value = readValue(reader, values, depth);
    } else reader.skip(tag.wireType);
  }
  const isBytes = values.kind === "scalar" && values.scalar === "bytes";
  map[key] = value ?? (isBytes ? "" : zeroOf(values, false));
}

function readScalar(reader: WireReader, { scalar }: ScalarSchema, depth: number): Json {
  switch (scalar) {
    case "string":
      return reader.text();
    case "boolean":
      return reader.number() !== 0;
    case "int64":
      return reader.integer();
    case "int32":
      return Number(BigInt.asIntN(32, BigInt(reader.integer())));
    case "double":
      return reader.double();
    case "bytes":
      return reader.bytes().toString("base64");
    case "quantity":
      return readQuantity(reader.piece());
    case "int-or-string":
      return readIntOrString(reader.piece());
    case "time":
    case "micro-time":
      return readTime(reader.piece(), scalar);
    case "duration":
      return formatGoDuration(BigInt(readNumbers(reader.piece())[1] ?? 0));
    case "any":
      return readAny(reader.piece(), depth);
    default:
      return readSchemaOr(reader.piece(), scalar, depth);
  }
}

function readQuantity(reader: WireReader): Json {
  const [text] = readRepeated(reader, 1, TEXT, 0);
  return typeof text === "string" ? canonicalQuantity(text) : "0";
}

/** The first two number fields of a message, by their numbers. */
function readNumbers(reader: WireReader): Record<number, number | bigint> {
  const values: Record<number, number | bigint> = {};
  while (!reader.isAtEnd) {
    const { number, wireType } = reader.tag("");
    if (wireType === VARINT && number <= 2) values[number] = reader.integer();
    else reader.skip(wireType);
  }
  return values;
}

function readTime(reader: WireReader, scalar: "time" | "micro-time"): Json {
  if (reader.isAtEnd) return null;
  const { 1: seconds = 0, 2: nanos = 0 } = readNumbers(reader);
  const instant = { seconds: Number(seconds), nanos: Number(nanos) };
  if (Math.abs(instant.seconds) > 8.64e12 || instant.nanos < 0 || instant.nanos >= 1e9) {
    throw new Fault("invalid", "proto: a time is out of range");
  }
  const whole = { seconds: instant.seconds, nanos: 0 };
  return (scalar === "time" ? formatTime(whole) : formatMicroTime(instant)) ?? null;
}

function readIntOrString(reader: WireReader): Json {
  let type = 0;
  let number: Json = 0;
  let text = "";
  while (!reader.isAtEnd) {
    const tag = reader.tag("IntOrString");
    if (tag.number === 1 && tag.wireType === VARINT) type = reader.number();
    else if (tag.number === 2 && tag.wireType === VARINT) {
      number = Number(BigInt.asIntN(32, BigInt(reader.integer())));
    } else if (tag.number === 3 && tag.wireType === BYTES) text = reader.text();
    else reader.skip(tag.wireType);
  }
  return type === 1 ? text : number;
}

/** JSON in bytes; or, where Go embeds objects, an object in protobuf. */
function readAny(reader: WireReader, depth: number): Json {
  let raw: Buffer | undefined;
  while (!reader.isAtEnd) {
    const { number, wireType } = reader.tag("RawExtension");
    if (number === 1 && wireType === BYTES) raw = reader.bytes();
    else reader.skip(wireType);
  }
  if (raw === undefined || raw.length === 0) return null;
  if (!isEnvelope(raw)) return parseJson(raw.toString());
  const { apiVersion, kind, raw: inner } = readEnvelope(raw);
  const [version = "", group = ""] = apiVersion.split("/").toReversed();
  const schema = findType({ group, version, kind });
  if (schema === undefined) throw new Fault("invalid", `no kind ${kind} in ${apiVersion}`);
  return { kind, apiVersion, ...readMessage(new WireReader(inner), schema, depth + 1) };
}

/** A schema, or what may stand for it: a boolean, schemas, property names. */
function readSchemaOr(reader: WireReader, scalar: string, depth: number): Json {
  const schema = findDefinition(JSON_SCHEMA);
  if (schema === undefined) throw new Fault("internal", `find the type ${JSON_SCHEMA}`);
  const isBool = scalar === "json-schema-or-bool";
  let allows = false;
  let one: Json | undefined;
  const many: Json[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.tag("JSONSchemaProps");
    if (isBool && tag.number === 1 && tag.wireType === VARINT) allows = reader.number() !== 0;
    else if (tag.wireType !== BYTES) reader.skip(tag.wireType);
    else if (tag.number === (isBool ? 2 : 1)) one = readMessage(reader.piece(), schema, depth + 1);
    else if (tag.number === 2) {
      many.push(readValue(reader, scalar === "json-schema-or-array" ? schema : TEXT, depth));
    } else reader.skip(tag.wireType);
  }
  if (isBool) return one ?? allows;
  return many.length > 0 ? many : (one ?? null);
}

/**
 * An object becomes protobuf. In: an object and its schema, every field of which has a number. Out:
 * the bytes of one message. Zero values that Go cannot tell from absence are not written.
 */
import { findDefinition, findType } from "../../kinds/load.ts";
import type {
  Json,
  JsonObject,
  ObjectSchema,
  ScalarSchema,
  TypeSchema,
} from "../../schema/schema.ts";
import { parseGoDuration } from "../../values/duration.ts";
import { parseInstant } from "../../values/time.ts";
import { stringifyJson } from "../json.ts";
import { isWrappedList, wirePlanOf } from "./plan.ts";
import type { WirePlan } from "./plan.ts";
import { FIXED64, VARINT, WireWriter } from "./wire.ts";

const JSON_SCHEMA = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
const TEXT: ScalarSchema = { kind: "scalar", scalar: "string" };

/** The message alone; `envelope.ts` puts kind and apiVersion around it. */
export function encodeProtobuf(schema: ObjectSchema, object: JsonObject): Buffer {
  const writer = new WireWriter();
  writeMessage(writer, object, schema);
  return writer.finish();
}

function writeMessage(writer: WireWriter, object: JsonObject, schema: ObjectSchema): void {
  writeFields(writer, object, wirePlanOf(schema));
}

function writeFields(writer: WireWriter, object: JsonObject, plan: WirePlan): void {
  for (const [number, inner] of plan.embedded) {
    const from = writer.length;
    writeFields(writer, object, inner);
    writer.close(number, from);
  }
  for (const field of plan.fields.values()) {
    const value = object[field.name];
    if (value === undefined || value === null) continue;
    const isZero = value === "" || value === 0 || value === false;
    if (isZero && !field.isPointer) continue;
    writeField(writer, field.number, { value, type: field.field.type });
  }
}

interface Value {
  readonly value: Json;
  readonly type: TypeSchema;
}

function writeField(writer: WireWriter, number: number, { value, type }: Value): void {
  if (Array.isArray(value) && type.kind === "list" && !isWrappedList(type)) {
    for (const item of value.toReversed())
      writeValue(writer, number, { value: item, type: type.items });
  } else if (type.kind === "map" && isObject(value)) {
    for (const [key, entry] of Object.entries(value)) {
      const from = writer.length;
      writeValue(writer, 2, { value: entry, type: type.values });
      writeValue(writer, 1, { value: key, type: TEXT });
      writer.close(number, from);
    }
  } else writeValue(writer, number, { value, type });
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function writeValue(writer: WireWriter, number: number, { value, type }: Value): void {
  if (type.kind === "scalar") {
    writeScalar(writer, number, { value, type });
    return;
  }
  const from = writer.length;
  if (type.kind === "object" && isObject(value)) writeMessage(writer, value, type);
  else if (type.kind === "list" && Array.isArray(value)) {
    for (const item of value.toReversed()) writeValue(writer, 1, { value: item, type: type.items });
  }
  writer.close(number, from);
}

interface ScalarValue {
  readonly value: Json;
  readonly type: ScalarSchema;
}

function writeScalar(writer: WireWriter, number: number, { value, type }: ScalarValue): void {
  switch (type.scalar) {
    case "boolean":
      writer.number(value === true ? 1 : 0);
      writer.tag(number, VARINT);
      return;
    case "int32":
    case "int64":
      writer.integer(typeof value === "bigint" ? value : Number(value));
      writer.tag(number, VARINT);
      return;
    case "double":
      writer.double(Number(value));
      writer.tag(number, FIXED64);
      return;
    default:
      writePiece(writer, number, { value, type });
  }
}

function writePiece(writer: WireWriter, number: number, { value, type }: ScalarValue): void {
  const from = writer.length;
  const text = typeof value === "string" ? value : "";
  if (type.scalar === "string") writer.text(text);
  else if (type.scalar === "bytes") writer.raw(Buffer.from(text, "base64"));
  else if (type.scalar === "quantity") writeTextField(writer, 1, text);
  else if (type.scalar === "int-or-string") writeIntOrString(writer, value);
  else if (type.scalar === "duration") writeIntegerField(writer, 1, parseGoDuration(text));
  else if (type.scalar === "any") writeAny(writer, value);
  else if (type.scalar === "time" || type.scalar === "micro-time") writeTime(writer, value);
  else writeSchemaOr(writer, value, type.scalar);
  writer.close(number, from);
}

function writeTextField(writer: WireWriter, number: number, text: string): void {
  const from = writer.length;
  writer.text(text);
  writer.close(number, from);
}

function writeIntegerField(writer: WireWriter, number: number, value: number | bigint): void {
  writer.integer(value);
  writer.tag(number, VARINT);
}

function writeIntOrString(writer: WireWriter, value: Json): void {
  writeTextField(writer, 3, typeof value === "string" ? value : "");
  writeIntegerField(writer, 2, typeof value === "string" ? 0 : Number(value));
  writeIntegerField(writer, 1, typeof value === "string" ? 1 : 0);
}

/** Go's zero time is an empty message. */
function writeTime(writer: WireWriter, value: Json): void {
  if (typeof value !== "string") return;
  const { seconds, nanos } = parseInstant(value);
  writeIntegerField(writer, 2, nanos);
  writeIntegerField(writer, 1, seconds);
}

function writeAny(writer: WireWriter, value: Json): void {
  if (value === null) return;
  writeTextField(writer, 1, stringifyJson(value));
}

function writeSchemaOr(writer: WireWriter, value: Json, scalar: string): void {
  const schema = findDefinition(JSON_SCHEMA);
  if (schema === undefined) return;
  const isBool = scalar === "json-schema-or-bool";
  if (Array.isArray(value)) {
    const type = scalar === "json-schema-or-array" ? schema : TEXT;
    for (const item of value.toReversed()) writeValue(writer, 2, { value: item, type });
    return;
  }
  if (isObject(value)) writeValue(writer, isBool ? 2 : 1, { value, type: schema });
  if (isBool) writeIntegerField(writer, 1, value === false ? 0 : 1);
}

/** Is the kind known with all its fields on the wire? Tables and the like are JSON only. */
export function hasWireForm(group: string, version: string, kind: string): boolean {
  const schema = findType({ group, version, kind });
  if (schema === undefined) return false;
  const { fields } = wirePlanOf(schema);
  const named = [...schema.fields.keys()].filter(
    (name) => name !== "kind" && name !== "apiVersion",
  );
  return named.length === 0 || fields.size > 0;
}

/** Documents as protobuf. Loaded when the first client asks for it. */
import { encodeProtobuf } from "@rktnetes/api/codec/protobuf/encode-protobuf";
import { writeEnvelope, writeWatchFrame } from "@rktnetes/api/codec/protobuf/envelope";
import { findType } from "@rktnetes/api/kinds";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { assert, quote } from "@shared/base";

/** Any document that says what it is. */
export function protobufForm(document: JsonObject): Buffer {
  const apiVersion = textOf(document["apiVersion"]);
  const kind = textOf(document["kind"]);
  const at = apiVersion.indexOf("/");
  const group = at < 0 ? "" : apiVersion.slice(0, at);
  const schema = findType({ group, version: apiVersion.slice(at + 1), kind });
  assert(schema !== undefined, `there is a type for ${quote(`${apiVersion} ${kind}`)}`);
  return writeEnvelope({ apiVersion, kind, raw: encodeProtobuf(schema, document) });
}

/** One event of a watch. */
export function protobufFrame(type: string, document: JsonObject): Buffer {
  return writeWatchFrame(type, protobufForm(document));
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

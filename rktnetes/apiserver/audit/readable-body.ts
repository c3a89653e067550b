/** A body as JSON, whichever form it came in. Undefined for what cannot be shown. Pure. */
import { parseJson } from "@rktnetes/api/codec/json";
import { decodeTree } from "@rktnetes/api/codec/decode";
import { decodeProtobuf } from "@rktnetes/api/codec/protobuf/decode-protobuf";
import { isEnvelope, readEnvelope } from "@rktnetes/api/codec/protobuf/envelope";
import { findType } from "@rktnetes/api/kinds";
import type { Json } from "@rktnetes/api/schema";

export function readableBody(body: Buffer | string): Json | undefined {
  try {
    if (typeof body !== "string" && isEnvelope(body)) return readProtobuf(body);
    return parseJson(String(body));
  } catch {
    return undefined;
  }
}

function readProtobuf(body: Buffer): Json | undefined {
  const { apiVersion, kind, raw } = readEnvelope(body);
  const slash = apiVersion.indexOf("/");
  const group = slash < 0 ? "" : apiVersion.slice(0, slash);
  const schema = findType({ group, version: apiVersion.slice(slash + 1), kind });
  if (schema === undefined) return undefined;
  return { kind, apiVersion, ...decodeTree(schema, decodeProtobuf(schema, raw)).object };
}

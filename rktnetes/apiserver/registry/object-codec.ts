/**
 * An object as the store keeps it: JSON that begins with kind, apiVersion and metadata, in the
 * order of the schema, without a resource version. @see cache/cached-object.ts
 */
import { encodeJson } from "@rktnetes/api/codec/encode";
import type { JsonObject } from "@rktnetes/api/schema";
import { metadataOf } from "./metadata.ts";
import type { Resource } from "./resource.ts";

export function encodeStored({ kind, apiVersion }: Resource, object: JsonObject): Buffer {
  const { resourceVersion: _version, ...metadata } = metadataOf(object);
  const whole = { ...object, kind: kind.kind, apiVersion, metadata };
  return Buffer.from(encodeJson(kind.schema, whole));
}

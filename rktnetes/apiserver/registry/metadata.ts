/** The parts of an object's metadata that the registry reads and writes. Pure. */
import { encodeJson } from "@rktnetes/api/codec/encode";
import type { Json, JsonObject, ObjectSchema } from "@rktnetes/api/schema";

/** The metadata of an object; an empty one is put there where there is none. */
export function metadataOf(object: JsonObject): JsonObject {
  const metadata = object["metadata"];
  if (typeof metadata === "object" && metadata !== null && !Array.isArray(metadata))
    return metadata;
  const made: JsonObject = {};
  object["metadata"] = made;
  return made;
}

export function metaText(object: JsonObject, field: string): string {
  const value = metadataOf(object)[field];
  return typeof value === "string" ? value : "";
}

export function finalizersOf(object: JsonObject): readonly string[] {
  const finalizers = metadataOf(object)["finalizers"];
  return Array.isArray(finalizers) ? finalizers.map(String) : [];
}

/** Sets a field, or takes it away for undefined. */
export function setMeta(object: JsonObject, field: string, value: Json | undefined): void {
  const metadata = metadataOf(object);
  if (value === undefined) delete metadata[field];
  else metadata[field] = value;
}

export function labelsOf(object: JsonObject): Readonly<Record<string, string>> {
  const labels = metadataOf(object)["labels"];
  if (typeof labels !== "object" || labels === null || Array.isArray(labels)) return {};
  return labels as Readonly<Record<string, string>>;
}

/** Whether all that counts for the generation is the same: not metadata, not status. */
export function isSameSpec(schema: ObjectSchema, left: JsonObject, right: JsonObject): boolean {
  return specText(schema, left) === specText(schema, right);
}

/** As it would be stored: the order of fields and empty ones mean nothing. */
function specText(schema: ObjectSchema, object: JsonObject): string {
  const { status: _status, ...rest } = object;
  return encodeJson(schema, { ...rest, metadata: {} });
}

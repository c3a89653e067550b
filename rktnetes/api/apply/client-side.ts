/**
 * The way from kubectl's client-side apply to server-side apply: what the annotation of the former
 * says counts as kubectl's own when it applies the same object through the server. Pure.
 */
import type { Json, JsonObject, TypeSchema } from "../schema/schema.ts";
import { isObject, own } from "../patch/values.ts";
import { compare, written } from "./compare.ts";
import { difference, EMPTY, type FieldSet } from "./field-set.ts";
import { toFieldSet } from "./to-field-set.ts";

const ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";
const MANAGER = "kubectl";

/** Fields that kubectl may take from others: those of its last apply that nobody has changed. */
export function fieldsOfLastApply(
  manager: string,
  live: JsonObject,
  { apiVersion, schema }: { readonly apiVersion: string; readonly schema: TypeSchema },
): FieldSet {
  const last = manager === MANAGER ? lastApplied(live) : undefined;
  if (last === undefined || own(last, "apiVersion") !== apiVersion) return EMPTY;
  const comparison = compare(last, live, schema);
  const unchanged = difference(toFieldSet(last, schema), written(comparison));
  return difference(unchanged, comparison.removed);
}

function annotationsOf(object: JsonObject): JsonObject | undefined {
  const metadata = own(object, "metadata");
  const annotations = isObject(metadata) ? own(metadata, "annotations") : undefined;
  return isObject(annotations) ? annotations : undefined;
}

function lastApplied(live: JsonObject): JsonObject | undefined {
  const text = own(annotationsOf(live) ?? {}, ANNOTATION);
  if (typeof text !== "string") return undefined;
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // somebody else wrote it: it says nothing
  }
}

/** Keeps the annotation true where it is there, so that both ways of apply can be mixed. */
export function renewLastApplied(manager: string, object: JsonObject, config: JsonObject): void {
  const annotations = annotationsOf(object);
  const metadata = own(object, "metadata");
  if (manager !== MANAGER || !isObject(metadata)) return;
  if (annotations === undefined || own(annotations, ANNOTATION) === undefined) return;
  metadata["annotations"] = { ...annotations, [ANNOTATION]: `${JSON.stringify(sorted(config))}\n` };
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]));
}

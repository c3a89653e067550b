/**
 * Who owns which fields, at the registry's door: before admission sees an object, its managed
 * fields say what this write changed. In: a resource and a request. Out: what `apply/` needs to
 * know.
 */
import { EMPTY, type FieldSet, fieldSetOf } from "@rktnetes/api/apply/field-set";
import { type FieldWriter, trackUpdate } from "@rktnetes/api/apply/track-fields";
import type { Siblings } from "@rktnetes/api/kind";
import type { JsonObject } from "@rktnetes/api/schema";
import type { Resource } from "./resource.ts";
import { inVersion } from "./shared-versions.ts";
import type { WriteRequest } from "./written.ts";

const STATUS = fieldSetOf(["status"]);
const SPEC = fieldSetOf(["spec"]);

export function fieldWriter(
  resource: Resource,
  { fieldManager: manager, subresource }: Pick<WriteRequest, "fieldManager" | "subresource">,
  now: string,
): FieldWriter {
  const { apiVersion, kind } = resource;
  const resetFields = resetFieldsOf(resource, subresource);
  const { schema } = kind;
  const { siblings } = kind;
  const convert: FieldWriter["convert"] = (object, other) =>
    siblings === undefined ? inVersion(kind, other, object) : sibling(siblings, object, other);
  const keepsStrangers = siblings?.differ === true;
  return { apiVersion, schema, manager, subresource, now, resetFields, convert, keepsStrangers };
}

/** An object of a custom kind in another version, where those differ in their names only. */
function sibling(
  { schemas, differ }: Siblings,
  object: JsonObject,
  apiVersion: string,
): ReturnType<FieldWriter["convert"]> {
  const schema = schemas.get(apiVersion);
  return schema === undefined || differ ? undefined : { object: { ...object, apiVersion }, schema };
}

/** What the path takes back to what it was: nobody comes to own it through this path. */
function resetFieldsOf(resource: Resource, subresource: string): FieldSet {
  const { strategy } = resource;
  const rules = subresource === "" ? strategy : strategy.subresources?.[subresource];
  if (rules?.resetFields !== undefined) return knownSet(rules.resetFields);
  if (subresource === "status") return SPEC;
  return subresource === "" && resource.hasStatus ? STATUS : EMPTY;
}

const SETS = new WeakMap<object, FieldSet>();

function knownSet(paths: readonly (readonly string[])[]): FieldSet {
  const known = SETS.get(paths);
  if (known !== undefined) return known;
  const made = fieldSetOf(...paths);
  SETS.set(paths, made);
  return made;
}

/** Sets the managed fields of `object`, unless an apply has done so. */
export function track(
  resource: Resource,
  request: WriteRequest,
  write: {
    readonly object: JsonObject;
    readonly old: JsonObject | undefined;
    readonly now: string;
  },
): void {
  if (request.isApply === true || request.isScale === true) return;
  trackUpdate(fieldWriter(resource, request, write.now), write.old, write.object);
}

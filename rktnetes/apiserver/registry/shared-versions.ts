/**
 * The versions that share objects, for the store and for managed fields. In: the table of shared
 * versions. Out: views of the store, and objects in another version. Kinds are looked up when the
 * first object passes.
 */
import { encodeJson } from "@rktnetes/api/codec/encode";
import { parseJson } from "@rktnetes/api/codec/json";
import type { Kind } from "@rktnetes/api/kind";
import { findKind } from "@rktnetes/api/kinds";
import type { JsonObject, ObjectSchema } from "@rktnetes/api/schema";
import { isSame, SHARED_VERSIONS, type VersionedResource } from "@rktnetes/api/versions/shared";
import { assert } from "@shared/base";
import { resourcePrefix } from "./keys.ts";
import { apiVersionOf } from "./resource.ts";
import type { VersionView } from "./version-views.ts";

export function sharedVersionViews(): readonly VersionView[] {
  return SHARED_VERSIONS.map(({ seen, stored, toStored, fromStored }) => ({
    prefix: resourcePrefix(seen),
    source: resourcePrefix(stored),
    toStored: (value) => converted(value, stored, toStored),
    fromStored: (value) => converted(value, seen, fromStored),
  }));
}

function converted(
  value: Uint8Array,
  target: VersionedResource,
  convert: (object: JsonObject) => JsonObject,
): Uint8Array {
  const object = parseJson(Buffer.from(value).toString()) as JsonObject;
  const kind = kindOf(target);
  return Buffer.from(encodeJson(kind.schema, typed(convert(object), kind)));
}

function kindOf({ group, version, resource }: VersionedResource): Kind {
  const kind = findKind(group, version, resource);
  assert(kind !== undefined, "versions that share objects are built in");
  return kind;
}

function typed(object: JsonObject, kind: Kind): JsonObject {
  return { ...object, kind: kind.kind, apiVersion: apiVersionOf(kind) };
}

/** An object of one version in another one that shares its objects. */
export function inVersion(
  from: VersionedResource,
  apiVersion: string,
  object: JsonObject,
): { readonly object: JsonObject; readonly schema: ObjectSchema } | undefined {
  for (const { seen, stored, toStored, fromStored } of SHARED_VERSIONS) {
    const [target, convert] = isSame(from, seen) ? [stored, toStored] : [seen, fromStored];
    if (!isSame(from, seen) && !isSame(from, stored)) continue;
    if (apiVersionOf(target) !== apiVersion) continue;
    const kind = kindOf(target);
    return { object: typed(convert(object), kind), schema: kind.schema };
  }
  return undefined;
}

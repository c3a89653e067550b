/**
 * Where objects lie in the store: `/registry/<group or core>/<resource>/<namespace>/<name>`. Pure.
 */
import { isSame, SHARED_VERSIONS, type VersionedResource } from "@rktnetes/api/versions/shared";
import { ROOT } from "./cache/hub.ts";

/**
 * What the keys of a resource begin with. Versions of one resource that are kept apart in the
 * store's eyes have their own. @see version-views.ts
 */
export function resourcePrefix(kind: VersionedResource & { readonly view?: string }): string {
  const { group, version, resource } = kind;
  if (kind.view !== undefined) return `${ROOT}${group}/${kind.view}/`;
  const isView = SHARED_VERSIONS.some(
    ({ seen, stored }) => isSame(seen, kind) && stored.group === group,
  );
  return `${ROOT}${group === "" ? "core" : group}/${resource}${isView ? `@${version}` : ""}/`;
}

/** What the keys of a namespace begin with; of the whole resource for an empty one. */
export function scopePrefix(prefix: string, namespace: string): string {
  return namespace === "" ? prefix : `${prefix}${namespace}/`;
}

export function objectKey(prefix: string, namespace: string, name: string): string {
  return `${scopePrefix(prefix, namespace)}${name}`;
}

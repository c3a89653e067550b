/**
 * Where objects lie in the store: `/registry/<group or core>/<resource>/<namespace>/<name>`. Pure.
 */
import type { Kind } from "@rktnetes/api/kind";
import { ROOT } from "./cache/hub.ts";

/** What the keys of a resource begin with. Kinds that share objects share the prefix. */
export function resourcePrefix({ group, resource }: Pick<Kind, "group" | "resource">): string {
  if (resource === "events" && group === "events.k8s.io") return `${ROOT}core/events/`;
  return `${ROOT}${group === "" ? "core" : group}/${resource}/`;
}

/** What the keys of a namespace begin with; of the whole resource for an empty one. */
export function scopePrefix(prefix: string, namespace: string): string {
  return namespace === "" ? prefix : `${prefix}${namespace}/`;
}

export function objectKey(prefix: string, namespace: string, name: string): string {
  return `${scopePrefix(prefix, namespace)}${name}`;
}

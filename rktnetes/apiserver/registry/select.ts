/** Selectors of a query as one question to an object, and as the narrowest range of keys. Pure. */
import {
  type FieldSelector,
  matchesFields,
  parseFieldSelector,
  textOfMatch,
} from "@rktnetes/api/field-selector";
import { matchesLabels, parseLabelSelector, textOfLabel } from "@rktnetes/api/label-selector";
import type { ObjectFilter } from "./cache/cache-event.ts";
import type { CachedObject } from "./cache/cached-object.ts";
import { objectKey, scopePrefix } from "./keys.ts";
import { labelsOf } from "./metadata.ts";
import type { ListQuery } from "./options/list-options.ts";
import type { Resource } from "./resource.ts";

export interface Selection {
  /** Undefined when every object of the scope is wanted. */
  readonly filter: ObjectFilter | undefined;
  /** One object's key, or what keys begin with. */
  readonly scope: string;
}

/** @throws {StatusFault} 400 */
export function select(
  resource: Resource,
  namespace: string,
  { labelSelector, fieldSelector }: Pick<ListQuery, "labelSelector" | "fieldSelector">,
): Selection {
  const labels = labelSelector === "" ? [] : parseLabelSelector(labelSelector);
  const fields = fieldSelector === "" ? [] : parseFieldSelector(resource.kind, fieldSelector);
  const scope = scopeOf(resource, namespace, fields);
  if (labels.length === 0 && fields.length === 0) return { filter: undefined, scope };
  const needed = [...labels.map(textOfLabel), ...fields.map(textOfMatch)]
    .filter((text) => text !== undefined)
    .map((text) => Buffer.from(text));
  const matches = ({ object }: CachedObject): boolean =>
    (labels.length === 0 || matchesLabels(labels, labelsOf(object))) &&
    (fields.length === 0 || matchesFields(fields, object));
  // Most objects are none of those that are wanted: that is seen without parsing them.
  const filter: ObjectFilter = (object) =>
    needed.every((text) => object.includes(text)) && matches(object);
  return { filter, scope };
}

/** A name that is asked for makes the scope one key. */
function scopeOf({ kind, prefix }: Resource, namespace: string, fields: FieldSelector): string {
  const name = fields.find(({ field, equal }) => field === "metadata.name" && equal)?.value ?? "";
  const isOneObject = name !== "" && !name.includes("/") && (namespace !== "" || !kind.namespaced);
  return isOneObject ? objectKey(prefix, namespace, name) : scopePrefix(prefix, namespace);
}

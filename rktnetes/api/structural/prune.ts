/**
 * Takes away what a structural schema does not know. In: a value, its schema. Out: the value,
 * changed in place, and the paths of what went, in order. Metadata is left to whoever decodes it.
 */
import type { Json, Structural } from "../schema/schema.ts";
import { isObject } from "./structural.ts";

const OF_EVERY_OBJECT: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

/** `isResource` says that the value has apiVersion, kind and metadata of its own. */
export function prune(value: Json, schema: Structural, isResource: boolean): readonly string[] {
  const pruned: string[] = [];
  pruneValue(value, schema, { path: "", isResource, pruned });
  return pruned.sort();
}

interface Place {
  readonly path: string;
  readonly isResource: boolean;
  readonly pruned: string[];
}

function pruneValue(value: Json, schema: Structural | undefined, place: Place): void {
  const { path, pruned } = place;
  if (Array.isArray(value)) {
    const items = schema?.items;
    if (items === undefined && schema?.preserves === true) return;
    for (const [at, item] of value.entries()) {
      const isResource = items?.embedded === true;
      pruneValue(item, items, { path: `${path}[${at}]`, isResource, pruned });
    }
    return;
  }
  if (!isObject(value)) return;
  for (const name of Object.keys(value)) {
    if (place.isResource && OF_EVERY_OBJECT.has(name)) continue;
    const below = path === "" ? name : `${path}.${name}`;
    const known = schema === undefined ? undefined : memberOf(schema, name);
    if (known === undefined) {
      if (schema?.preserves === true) continue;
      delete value[name];
      pruned.push(below);
    } else if (known !== true) {
      pruneValue(value[name] ?? null, known, { path: below, isResource: known.embedded, pruned });
    }
  }
}

/** The schema of a member; true where anything goes. */
export function memberOf(schema: Structural, name: string): Structural | true | undefined {
  return schema.properties.get(name) ?? schema.additional;
}

/**
 * Changes that the server makes to an object for itself: no admission, no managed fields, no
 * generation. In: what to change. Out: the object as it is stored. @throws {StatusFault} 404, 409
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { conflictFault, MODIFIED, notFoundFault } from "@rktnetes/api/status-fault";
import { CachedObject } from "../cache/cached-object.ts";
import { objectKey } from "../keys.ts";
import { encodeStored } from "../object-codec.ts";
import type { Registry } from "../registry.ts";
import type { Resource } from "../resource.ts";

const TRIES = 5;

export interface Target {
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
}

/** `change` gets a copy of the object as it is; what it throws ends the attempt. */
export async function changeStored(
  registry: Registry,
  resource: Resource,
  { namespace, name, dryRun }: Target,
  change: (object: JsonObject) => void,
): Promise<CachedObject> {
  const key = objectKey(resource.prefix, namespace, name);
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const entry = await registry.hub.store.get(key);
    if (entry === undefined) throw notFoundFault(resource.named, name);
    const object = CachedObject.of(entry).copy();
    change(object);
    const value = encodeStored(resource, object);
    if (dryRun) return new CachedObject(key, value, entry.revision);
    const write = { change: { type: "put", key, value }, expected: entry.revision } as const;
    const result = await registry.hub.store.commit([write]);
    if (result.done) return new CachedObject(key, value, result.revisions[0] ?? 0);
  }
  throw conflictFault(resource.named, name, MODIFIED);
}

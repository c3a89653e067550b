/**
 * Deleting an object: at once, or by marking it and waiting for its finalizers and processes. In:
 * options. Out: what there is to answer. @throws {StatusFault} 403, 404, 409
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { conflictFault, notFoundFault } from "@rktnetes/api/status-fault";
import { timestamp } from "../host.ts";
import { release } from "./allocate/allocator.ts";
import { CachedObject } from "./cache/cached-object.ts";
import { writeContext } from "./create.ts";
import { objectKey } from "./keys.ts";
import { finalizersOf, metadataOf, metaText, setMeta } from "./metadata.ts";
import { encodeStored } from "./object-codec.ts";
import type { DeleteOptions } from "./options/delete-options.ts";
import type { Registry } from "./registry.ts";
import type { Resource } from "./resource.ts";
import type { WriteRequest } from "./written.ts";

export interface Deleted {
  /** The object as it was last, or as it is while it waits. */
  readonly object: CachedObject;
  /** False while finalizers or processes hold it. */
  readonly gone: boolean;
}

export interface DeleteRequest extends WriteRequest {
  readonly options: DeleteOptions;
  /** Admission was asked about something else, whose consequence this is: an eviction. */
  readonly isAdmitted?: boolean;
}

export async function deleteObject(
  registry: Registry,
  resource: Resource,
  request: DeleteRequest,
): Promise<Deleted> {
  const { namespace, name } = request;
  const key = objectKey(resource.prefix, namespace, name);
  let current = await registry.find(resource, namespace, name);
  for (;;) {
    if (current === undefined) throw notFoundFault(resource.named, name);
    checkPreconditions(resource, current, request);
    if (request.isAdmitted !== true) await admit(registry, resource, request, current.object);
    const done = await attempt(registry, resource, { current, request });
    if (done !== undefined) return done;
    const entry = await registry.hub.store.get(key);
    current = entry === undefined ? undefined : CachedObject.of(entry);
  }
}

async function admit(
  registry: Registry,
  resource: Resource,
  request: DeleteRequest,
  old: JsonObject,
): Promise<void> {
  const { namespace, name, subresource, warn, annotate, sent: options } = request;
  const context = writeContext(registry, request);
  const object = undefined;
  await registry.admission.validate({
    operation: "DELETE",
    resource,
    namespace,
    name,
    subresource,
    object,
    old,
    context,
    options,
    annotate,
    warn,
  });
}

function checkPreconditions(
  { kind }: Resource,
  current: CachedObject,
  { name, options }: DeleteRequest,
): void {
  const uid = metaText(current.object, "uid");
  const named = { group: kind.group, name: kind.kind };
  if (options.uid !== undefined && options.uid !== uid) {
    const why =
      `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). ` +
      "The object might have been deleted and then recreated";
    throw conflictFault(named, name, why);
  }
  const version = String(current.revision);
  if (options.resourceVersion !== undefined && options.resourceVersion !== version) {
    const why =
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ` +
      `ResourceVersion in record (${version}). The object might have been modified`;
    throw conflictFault(named, name, why);
  }
}

interface Attempt {
  readonly current: CachedObject;
  readonly request: DeleteRequest;
}

/** Undefined when the stored object is no longer `current`. */
async function attempt(
  registry: Registry,
  resource: Resource,
  { current, request }: Attempt,
): Promise<Deleted | undefined> {
  const plan = planDelete(registry, resource, { current, request });
  if (plan.type === "nothing") return { object: current, gone: false };
  const { key } = current;
  const value = encodeStored(resource, plan.object);
  const gone = plan.type === "remove";
  const shown = gone ? value : await registry.hub.views.shown(key, value);
  if (request.dryRun) return { object: new CachedObject(key, shown, current.revision), gone };
  const change = gone ? ({ type: "delete", key } as const) : ({ type: "put", key, value } as const);
  const held = gone ? await release(registry, resource.kind, current.object) : [];
  if (gone && graceLeft(current.object) > 0) {
    return await removeAfterShortening(registry, resource, { current, request }, value);
  }
  const result = await registry.hub.store.commit([{ change, expected: current.revision }, ...held]);
  if (!result.done) return undefined;
  return { object: new CachedObject(key, shown, result.revisions[0] ?? 0), gone };
}

function graceLeft(object: JsonObject): number {
  return Number(metadataOf(object)["deletionGracePeriodSeconds"] ?? 0);
}

/** Whoever watches an object that was to go later hears first that it is to go now. */
async function removeAfterShortening(
  registry: Registry,
  resource: Resource,
  { current, request }: Attempt,
  value: Uint8Array,
): Promise<Deleted | undefined> {
  const { store } = registry.hub;
  const { key } = current;
  const change = { type: "put", key, value } as const;
  const { done } = await store.commit([{ change, expected: current.revision }]);
  const entry = done ? await store.get(key) : undefined;
  if (entry === undefined) return undefined;
  return await attempt(registry, resource, { current: CachedObject.of(entry), request });
}

type Plan =
  | { readonly type: "nothing" }
  | { readonly type: "mark" | "remove"; readonly object: JsonObject };

function planDelete(registry: Registry, resource: Resource, { current, request }: Attempt): Plan {
  const { strategy } = resource;
  const object = current.copy();
  const grace = graceOf(resource, object, request.options);
  const before = finalizersOf(object);
  const finalizers = wantedFinalizers(resource, before, request.options);
  const isMarked = metaText(object, "deletionTimestamp") !== "";
  const isHeld = finalizers.length > 0 || strategy.keepsOnDelete?.(object) === true;
  const isGraceful = strategy.gracePeriodSeconds !== undefined;
  if (isMarked) {
    const shorter =
      isGraceful && grace < Number(metadataOf(object)["deletionGracePeriodSeconds"] ?? 0);
    if (!shorter && isHeld && same(before, finalizers)) return { type: "nothing" };
    if (!shorter && isGraceful && grace > 0) return { type: "nothing" };
  }
  setMeta(object, "finalizers", finalizers.length === 0 ? undefined : [...finalizers]);
  if (!isHeld && grace === 0 && !isGraceful) return { type: "remove", object };
  mark(registry, resource, { object, grace, request });
  return { type: isHeld || grace > 0 ? "mark" : "remove", object };
}

function graceOf(resource: Resource, object: JsonObject, options: DeleteOptions): number {
  const own = resource.strategy.gracePeriodSeconds;
  return own === undefined ? 0 : own(object, options.gracePeriodSeconds);
}

interface Marking {
  readonly object: JsonObject;
  readonly grace: number;
  readonly request: DeleteRequest;
}

/** The time of deletion is when processes must be gone; the generation rises once. */
function mark(registry: Registry, resource: Resource, { object, grace, request }: Marking): void {
  const { strategy } = resource;
  const metadata = metadataOf(object);
  const isFirst = metadata["deletionTimestamp"] === undefined;
  const before = Number(metadata["deletionGracePeriodSeconds"] ?? 0);
  if (isFirst || grace < before) {
    metadata["deletionTimestamp"] = timestamp(registry.host.clock.now() + grace * 1000);
    if (strategy.keepsOnDelete === undefined) metadata["deletionGracePeriodSeconds"] = grace;
  }
  if (!isFirst) return;
  const generation = Number(metadata["generation"] ?? 0);
  const countsDeletion = strategy.keepsOnDelete === undefined;
  if (generation > 0 && countsDeletion) metadata["generation"] = generation + 1;
  strategy.beginDelete?.(object, writeContext(registry, request));
}

/** The finalizers of the garbage collector follow what the client wants done with dependents. */
const ORPHAN = "orphan";
const FOREGROUND = "foregroundDeletion";

function wantedFinalizers(
  { rules }: Resource,
  before: readonly string[],
  options: DeleteOptions,
): readonly string[] {
  if (rules.neverWaits) return before;
  const says = options.propagationPolicy !== undefined || options.orphanDependents !== undefined;
  const byDefault = rules.orphansByDefault;
  const orphans = says
    ? options.propagationPolicy === "Orphan" || options.orphanDependents === true
    : before.includes(ORPHAN) || (byDefault && !before.includes(FOREGROUND));
  const waits = says ? options.propagationPolicy === "Foreground" : before.includes(FOREGROUND);
  const others = before.filter((each) => each !== ORPHAN && each !== FOREGROUND);
  if (!says && !byDefault) return before;
  return [...others, ...(orphans ? [ORPHAN] : []), ...(waits ? [FOREGROUND] : [])];
}

function same(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((each) => right.includes(each));
}

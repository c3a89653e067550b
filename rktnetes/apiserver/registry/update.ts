/**
 * Changing an object: read, change, write, and again when somebody else was faster. In: a function
 * that makes the new object from the present one. Out: the object as it is stored; the present one
 * untouched when nothing changed. @throws {StatusFault} 400, 404, 409, 422
 */
import { goQuote, invalid } from "@rktnetes/api/field-error";
import { objectMetaUpdateErrors } from "@rktnetes/api/object-meta";
import type { JsonObject } from "@rktnetes/api/schema";
import {
  badRequest,
  plainFault,
  conflictFault,
  invalidFault,
  MODIFIED,
  notFoundFault,
} from "@rktnetes/api/status-fault";
import type { UpdateRules, WriteContext } from "@rktnetes/api/strategy";
import type { Write } from "../storage/store.ts";
import { claim, release } from "./allocate/allocator.ts";
import { CachedObject } from "./cache/cached-object.ts";
import { checkedSize, create, writeContext } from "./create.ts";
import { objectKey } from "./keys.ts";
import { finalizersOf, isSameSpec, metadataOf, metaText, setMeta } from "./metadata.ts";
import { refuseInvalid } from "./names.ts";
import { encodeStored } from "./object-codec.ts";
import type { Registry } from "./registry.ts";
import type { Resource } from "./resource.ts";
import { track } from "./track.ts";
import type { WriteRequest, Written } from "./written.ts";

/** Makes the wanted object from a copy of the present one, or from nothing where there is none. */
export type Change = (current: JsonObject | undefined) => JsonObject | Promise<JsonObject>;

export interface UpdateRequest extends WriteRequest {
  readonly change: Change;
  /** A PUT may make the object; so may an apply. */
  readonly mayCreate: boolean;
}

const TRIES = 5;

export async function update(
  registry: Registry,
  resource: Resource,
  request: UpdateRequest,
): Promise<Written> {
  const { namespace, name } = request;
  const key = objectKey(resource.prefix, namespace, name);
  let current = await registry.find(resource, namespace, name);
  for (let attempt = 1; ; attempt++) {
    if (current === undefined && !request.mayCreate) throw notFoundFault(resource.named, name);
    const object = await request.change(current?.copy());
    if (current === undefined) return await createInstead(registry, resource, object, request);
    const done = await replace(registry, resource, { current, object, request });
    if (done !== undefined) return { object: done, created: false };
    if (attempt === TRIES) throw conflictFault(resource.named, name, MODIFIED);
    const entry = await registry.hub.store.get(key);
    current = entry === undefined ? undefined : CachedObject.of(entry);
  }
}

async function createInstead(
  registry: Registry,
  resource: Resource,
  object: JsonObject,
  request: UpdateRequest,
): Promise<Written> {
  checkName(object, request.name);
  if (request.isApply === true) refuseUid(resource, object, request.name);
  setMeta(object, "resourceVersion", undefined);
  return await create(registry, resource, object, request);
}

/** Whoever names a uid means an object that is there. */
function refuseUid(resource: Resource, object: JsonObject, name: string): void {
  const uid = metaText(object, "uid");
  if (uid === "") return;
  const said = `the provided object specified uid ${uid}`;
  const why = `uid mismatch: ${said}, and no existing object was found`;
  throw conflictFault(resource.named, name, why);
}

interface Replacement {
  readonly current: CachedObject;
  readonly object: JsonObject;
  readonly request: UpdateRequest;
}

/** Undefined when the stored object is no longer `current`. */
async function replace(
  registry: Registry,
  resource: Resource,
  { current, object, request }: Replacement,
): Promise<CachedObject | undefined> {
  const old = current.object;
  const { namespace, name, subresource, warn, annotate, sent: options } = request;
  const context = writeContext(registry, request);
  checkIdentity(resource, object, old, request);
  settleMetadata(object, old);
  resource.strategy.setDefaults?.(object);
  track(resource, request, { object, old, now: context.now });
  const rules = rulesFor(resource, subresource);
  const asked = {
    operation: "UPDATE",
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
  } as const;
  const isAsked = request.isScale !== true; // about the Scale
  if (isAsked) await registry.admission.mutate(asked);
  prepare(resource, rules, { object, old, context, subresource });
  refuseInvalid(resource, object, [
    ...objectMetaUpdateErrors(object, old, resource.metaRules),
    ...(rules.validateUpdate?.(object, old) ?? []),
  ]);
  for (const warning of rules.warnings?.(object, old) ?? []) warn(warning);
  if (isAsked) await registry.admission.validate(asked);
  return await write(registry, resource, { current, object, request });
}

function rulesFor(resource: Resource, subresource: string): UpdateRules {
  if (subresource === "" || subresource === "scale") return resource.strategy;
  return resource.strategy.subresources?.[subresource] ?? {};
}

interface Preparing {
  readonly object: JsonObject;
  readonly old: JsonObject;
  readonly context: WriteContext;
  readonly subresource: string;
}

/** What the path does not write goes back to what it was; the generation counts the rest. */
function prepare(
  resource: Resource,
  rules: UpdateRules,
  { object, old, context, subresource }: Preparing,
): void {
  if (subresource === "status") keepAllButStatus(object, old);
  else if (subresource === "" && resource.hasStatus) keepField(object, old, "status");
  rules.prepareForUpdate?.(object, old, context);
  if (!resource.rules.countsGeneration) return;
  const generation = Number(metadataOf(old)["generation"] ?? 0);
  const counts = resource.rules.countsAnnotations && subresource === "";
  const isSame =
    isSameSpec(resource.kind.schema, object, old) && (!counts || isSameNote(object, old));
  const raised = isSame ? generation : generation + 1;
  setMeta(object, "generation", raised === 0 ? undefined : raised);
}

function isSameNote(object: JsonObject, old: JsonObject): boolean {
  const text = (of: JsonObject): string =>
    JSON.stringify(
      Object.entries(metadataOf(of)["annotations"] ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
  return text(object) === text(old);
}

function keepField(object: JsonObject, old: JsonObject, field: string): void {
  const value = old[field];
  if (value === undefined) delete object[field];
  else object[field] = value;
}

/** Labels and annotations stay as they were, too; resource versions are checked before. */
function keepAllButStatus(object: JsonObject, old: JsonObject): void {
  const fields = new Set([...Object.keys(object), ...Object.keys(old)]);
  for (const field of fields) {
    if (!["status", "metadata", "kind", "apiVersion"].includes(field))
      keepField(object, old, field);
  }
}

function checkName(object: JsonObject, name: string): void {
  const own = metaText(object, "name");
  if (own === name) return;
  if (own === "") throw badRequest("name must be provided");
  throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`);
}

function checkIdentity(
  resource: Resource,
  object: JsonObject,
  old: JsonObject,
  { name, namespace, isPatch = false }: UpdateRequest,
): void {
  checkName(object, name);
  const own = metaText(object, "namespace");
  if (own !== "" && own !== namespace) {
    throw badRequest(
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  }
  if (resource.kind.namespaced) setMeta(object, "namespace", namespace);
  checkVersion(resource, object, old, name);
  const uid = metaText(object, "uid");
  const record = metaText(old, "uid");
  if (uid !== "" && uid !== record) {
    if (isPatch) {
      const error = invalid("metadata.uid", uid, "field is immutable");
      refuseInvalid(resource, object, [error, error]); // judged twice, told twice
    }
    const key = objectKey(`/registry/${resource.kind.resource}/`, namespace, name);
    const why =
      `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, ` +
      `AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, ` +
      `UID in object meta: ${record}`;
    throw conflictFault(resource.named, name, why);
  }
}

function checkVersion(resource: Resource, object: JsonObject, old: JsonObject, name: string): void {
  const version = metaText(object, "resourceVersion");
  if (!/^\d*$/.test(version))
    throw plainFault(500, `strconv.ParseUint: parsing ${goQuote(version)}: invalid syntax`);
  if (version !== "" && version !== "0") {
    if (version === metaText(old, "resourceVersion")) return;
    throw conflictFault(resource.named, name, MODIFIED);
  }
  if (!resource.rules.needsResourceVersion) return;
  const value = version === "" ? 0 : Number(version);
  const error = invalid("metadata.resourceVersion", value, "must be specified for an update");
  throw invalidFault(resource.named, name, [error]);
}

/** What only the server may change. */
const KEPT = ["uid", "generateName", "creationTimestamp", "generation", "selfLink"];

function settleMetadata(object: JsonObject, old: JsonObject): void {
  const before = metadataOf(old);
  for (const field of KEPT) setMeta(object, field, before[field]);
  if (before["deletionTimestamp"] !== undefined)
    setMeta(object, "deletionTimestamp", before["deletionTimestamp"]);
  const grace = metadataOf(object)["deletionGracePeriodSeconds"];
  setMeta(object, "deletionGracePeriodSeconds", grace ?? before["deletionGracePeriodSeconds"]);
}

async function write(
  registry: Registry,
  resource: Resource,
  { current, object, request }: Replacement,
): Promise<CachedObject | undefined> {
  const isLast = mayGo(resource, object);
  const held = await heldWrites(registry, resource, { current, object, request }, isLast);
  const value = checkedSize(encodeStored(resource, object));
  const { key } = current;
  const { views } = registry.hub;
  const shown = isLast ? value : await views.shown(key, value);
  const isSame = Buffer.compare(shown, current.stored) === 0;
  if (isSame && !views.isOld(key, current.stored)) return current;
  if (request.dryRun) return new CachedObject(key, shown, current.revision);
  const change = isLast
    ? ({ type: "delete", key } as const)
    : ({ type: "put", key, value } as const);
  const write = { change, expected: current.revision };
  const result = await registry.hub.store.commit([write, ...held]);
  if (!result.done) return undefined;
  const revision = isLast ? current.revision : (result.revisions[0] ?? 0);
  return new CachedObject(key, shown, revision);
}

/** What goes with the object: taken, or given back. */
async function heldWrites(
  registry: Registry,
  { kind }: Resource,
  { current, object, request }: Replacement,
  isLast: boolean,
): Promise<readonly Write[]> {
  if (isLast) return await release(registry, kind, current.object);
  if (request.subresource !== "") return [];
  return await claim(registry, kind, object, current.object);
}

/** Deletion was asked for, and nothing that it waited for is left. */
function mayGo(resource: Resource, object: JsonObject): boolean {
  const metadata = metadataOf(object);
  if (metadata["deletionTimestamp"] === undefined) return false;
  if (finalizersOf(object).length > 0) return false;
  if (resource.strategy.keepsOnDelete?.(object) === true) return false;
  return Number(metadata["deletionGracePeriodSeconds"] ?? 0) === 0;
}

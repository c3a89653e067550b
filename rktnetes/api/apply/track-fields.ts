/**
 * `metadata.managedFields` of every write. In: the object before and after a write and who wrote.
 * Out: the object after it with its managed fields, or, for an apply, the object to write. Pure.
 *
 * @see kubernetes reference §1.10
 */
import type { Json, JsonObject, ObjectSchema } from "../schema/schema.ts";
import { badRequest, plainFault, StatusFault } from "../status/status-fault.ts";
import { isObject, own } from "../patch/values.ts";
import { fieldsOfLastApply, renewLastApplied } from "./client-side.ts";
import { typedProblem } from "./check-typed.ts";
import {
  difference,
  EMPTY,
  type FieldSet,
  fieldSetOf,
  isEmpty,
  pathsOf,
  union,
} from "./field-set.ts";
import {
  capped,
  identityOf,
  isReset,
  type Owner,
  type Owners,
  readOwners,
  withoutEmpty,
  writeOwners,
} from "./managers.ts";
import {
  type Applied,
  type Conflict,
  moveByApply,
  moveByUpdate,
  type Version,
} from "./ownership.ts";
import { pathText } from "./path-step.ts";
import { zeroObject } from "./zero-object.ts";

/** Through which path, by whom, and when an object is written. */
export interface FieldWriter extends Version {
  readonly schema: ObjectSchema;
  readonly manager: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** RFC 3339. */
  readonly now: string;
  /** Fields that this path takes back to what they were. */
  readonly resetFields: FieldSet;
}

/** Metadata that the server keeps by itself: nobody owns it. */
const UNOWNED: FieldSet = fieldSetOf(
  ["apiVersion"],
  ["kind"],
  ["metadata"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
  ].map((name) => ["metadata", name]),
);

/** Sets the managed fields of `after`; `before` is undefined when the object is made. */
export function trackUpdate(
  writer: FieldWriter,
  before: JsonObject | undefined,
  after: JsonObject,
): void {
  const asked = managedFieldsOf(after);
  const owners = ownersBefore(before, asked);
  setManagedFields(after, undefined);
  if (before !== undefined && owners.size === 0) return; // nobody tracks this object
  const live = before === undefined ? zeroObject(writer.schema) : withoutManagedFields(before);
  setManagedFields(after, addUpdate(writer, live, after, owners));
}

function addUpdate(
  writer: FieldWriter,
  before: JsonObject,
  after: JsonObject,
  owners: Owners,
): Owners {
  const ignored = writer.resetFields;
  const { owners: moved, changed } = moveByUpdate(
    { before, after, version: writer, ignored },
    owners,
  );
  const fields = difference(changed, UNOWNED);
  if (isEmpty(fields)) return moved; // nothing that anybody owns
  const owner = ownerOf(writer, "Update", fields);
  const identity = identityOf(owner);
  const known = moved.get(identity);
  const all = { ...owner, fields: difference(union(fields, known?.fields ?? EMPTY), UNOWNED) };
  return capped(withoutEmpty(new Map(moved).set(identity, all)));
}

function ownerOf(writer: FieldWriter, operation: Owner["operation"], fields: FieldSet): Owner {
  const { manager, apiVersion, subresource, now } = writer;
  // A Scale has managed fields of its own, without times, that are written into its object's.
  const time = subresource === "scale" ? undefined : now;
  return { manager, operation, apiVersion, subresource, time, fields };
}

/** A client may write managed fields itself; what it does not say or says badly stays. */
function ownersBefore(before: JsonObject | undefined, asked: Json | undefined): Owners {
  if (isReset(asked)) return new Map();
  const wanted = readOwners(asked);
  if (wanted !== undefined && wanted.size > 0) return wanted;
  return (before === undefined ? undefined : readOwners(managedFieldsOf(before))) ?? new Map();
}

function managedFieldsOf(object: JsonObject): Json | undefined {
  const metadata = own(object, "metadata");
  return isObject(metadata) ? own(metadata, "managedFields") : undefined;
}

function setManagedFields(object: JsonObject, owners: Owners | undefined): void {
  const metadata = own(object, "metadata");
  if (!isObject(metadata)) return;
  if (owners === undefined || owners.size === 0) delete metadata["managedFields"];
  else metadata["managedFields"] = writeOwners(owners);
}

function withoutManagedFields(object: JsonObject): JsonObject {
  const metadata = own(object, "metadata");
  if (!isObject(metadata) || own(metadata, "managedFields") === undefined) return object;
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}

/** An object that was never applied is first given to this owner. */
const BEFORE_FIRST_APPLY = "before-first-apply";

export interface ApplyOptions {
  readonly force: boolean;
}

/**
 * @param live undefined when the apply makes the object
 * @returns the object to write, with managed fields
 * @throws {StatusFault} 400 or 500 when the configuration is wrong, 409 with a cause for each field
 * that somebody else owns
 */
export function applyConfiguration(
  writer: FieldWriter,
  live: JsonObject | undefined,
  config: JsonObject,
  { force }: ApplyOptions,
): JsonObject {
  checkConfiguration(writer, config);
  const base = live === undefined ? zeroObject(writer.schema) : withoutManagedFields(live);
  const applied = applyOnce(writer, base, config, ownersToApply(writer, live, base));
  if (!force) refuseConflicts(applied.conflicts, fieldsOfLastApply(writer.manager, base, writer));
  const object = copyToMetadata(applied.unchanged ? base : applied.object);
  renewLastApplied(writer.manager, object, config);
  setManagedFields(object, withoutEmpty(stripped(applied.owners, writer)));
  return object;
}

/** @param allowed fields that the applier may take from others */
function refuseConflicts(conflicts: readonly Conflict[], allowed: FieldSet): void {
  const left = conflicts
    .map(({ owner, fields }) => ({ owner, fields: difference(fields, allowed) }))
    .filter(({ fields }) => !isEmpty(fields));
  if (left.length > 0) throw applyConflict(left);
}

/** Copied as far as it will be changed: the live object is shared with others. */
function copyToMetadata(object: JsonObject): JsonObject {
  const metadata = own(object, "metadata");
  return isObject(metadata) ? { ...object, metadata: { ...metadata } } : { ...object };
}

function ownersToApply(
  writer: FieldWriter,
  live: JsonObject | undefined,
  base: JsonObject,
): Owners {
  if (live === undefined) return new Map();
  const owners = readOwners(managedFieldsOf(live)) ?? new Map<string, Owner>();
  if (owners.size > 0) return owners;
  const first = { ...writer, manager: BEFORE_FIRST_APPLY, subresource: "" };
  return addUpdate(first, zeroObject(writer.schema), base, owners);
}

function applyOnce(
  writer: FieldWriter,
  live: JsonObject,
  config: JsonObject,
  owners: Owners,
): Applied {
  const owner = ownerOf(writer, "Apply", EMPTY);
  const identity = identityOf(owner);
  const request = { live, config, version: writer, ignored: writer.resetFields };
  const applied = moveByApply(request, owners, [identity, owner]);
  const entry = applied.owners.get(identity);
  if (!applied.unchanged || entry === undefined) return applied;
  // Nothing of the object changes: the entry keeps the time that it has, if any.
  const time = owners.get(identity)?.time;
  return { ...applied, owners: new Map(applied.owners).set(identity, { ...entry, time }) };
}

function stripped(owners: Owners, writer: FieldWriter): Owners {
  const identity = identityOf(ownerOf(writer, "Apply", EMPTY));
  const owner = owners.get(identity);
  if (owner === undefined) return owners;
  return new Map(owners).set(identity, { ...owner, fields: difference(owner.fields, UNOWNED) });
}

function checkConfiguration(writer: FieldWriter, config: JsonObject): void {
  if (managedFieldsOf(config) !== undefined) throw badRequest("metadata.managedFields must be nil");
  const problem = typedProblem(config, writer.schema);
  if (problem === undefined) return;
  const what = configurationText(config, writer.apiVersion);
  throw plainFault(500, `failed to create typed patch object (${what}): ${problem}`);
}

/** Applied values of the right type that the kind does not take, as `x` for a quantity. */
export function inconvertible(config: JsonObject, apiVersion: string, why: string): StatusFault {
  const what = configurationText(config, apiVersion);
  const target = kindText(config, apiVersion);
  const words = `unable to convert unstructured object to ${target}: ${why}`;
  return plainFault(500, `failed to convert new object (${what}) to proper version: ${words}`);
}

/** `default/web; apps/v1, Kind=Deployment` */
function configurationText(config: JsonObject, apiVersion: string): string {
  const metadata = own(config, "metadata");
  const [namespace, name] = isObject(metadata)
    ? [textOf(metadata, "namespace"), textOf(metadata, "name")]
    : ["", ""];
  return `${namespace}/${name}; ${kindText(config, apiVersion)}`;
}

function kindText(config: JsonObject, apiVersion: string): string {
  const version = `${apiVersion.includes("/") ? "" : "/"}${apiVersion}`;
  return `${version}, Kind=${textOf(config, "kind")}`;
}

function textOf(object: JsonObject, name: string): string {
  const value = own(object, name);
  return typeof value === "string" ? value : "";
}

function applyConflict(conflicts: readonly Conflict[]): StatusFault {
  const found = conflicts.flatMap(({ owner, fields }) =>
    [...pathsOf(fields)].map((path) => ({ who: conflictWith(owner), field: pathText(path) })),
  );
  return new StatusFault({
    code: 409,
    reason: "Conflict",
    message: `Apply failed with ${conflictText(found)}`,
    details: {
      causes: found.map(({ who, field }) => ({
        reason: "FieldManagerConflict",
        message: `conflict with ${who}`,
        field,
      })),
    },
  });
}

function conflictWith({ manager, operation, apiVersion, subresource }: Owner): string {
  const part = subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`;
  const version = operation === "Apply" ? "" : ` using ${apiVersion}`;
  return `${JSON.stringify(manager)}${part}${version}`;
}

interface Found {
  readonly who: string;
  readonly field: string;
}

function conflictText(found: readonly Found[]): string {
  const [only] = found;
  if (only !== undefined && found.length === 1)
    return `1 conflict: conflict with ${only.who}: ${only.field}`;
  const byOwner = Map.groupBy(found, ({ who }) => who);
  const lines = [...byOwner.keys()]
    .toSorted()
    .flatMap((who) => [
      `conflicts with ${who}:`,
      ...(byOwner.get(who) ?? []).map(({ field }) => `- ${field}`).toSorted(),
    ]);
  return `${found.length} conflicts: ${lines.join("\n")}`;
}

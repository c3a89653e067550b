/**
 * Who owns which fields of an object, between `metadata.managedFields` and the sets that writes are
 * judged by. In: entries as stored. Out: owners by identity, and entries again, in the order that
 * clients know. Pure.
 */
import type { Json, JsonObject } from "../schema/schema.ts";
import { isObject, own } from "../patch/values.ts";
import { EMPTY, type FieldSet, fromFieldsV1, isEmpty, toFieldsV1, union } from "./field-set.ts";

export interface Owner {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  /** Of the fields: `apps/v1`. */
  readonly apiVersion: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** RFC 3339; undefined for an owner whose apply changed nothing. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Owners by identity. An owner that applies has one entry whatever the version. */
export type Owners = ReadonlyMap<string, Owner>;

type Identity = Pick<Owner, "manager" | "operation" | "apiVersion" | "subresource">;

export function identityOf({ manager, operation, apiVersion, subresource }: Identity): string {
  return JSON.stringify([manager, operation, operation === "Apply" ? "" : apiVersion, subresource]);
}

/** Asked for by clients that want all ownership gone: `managedFields: [{}]`. */
export function isReset(entries: Json | undefined): boolean {
  const [only] = Array.isArray(entries) ? entries : [];
  return (
    Array.isArray(entries) &&
    entries.length === 1 &&
    isObject(only) &&
    Object.keys(only).length === 0
  );
}

/** @returns undefined when an entry is not well formed */
export function readOwners(entries: Json | undefined): Owners | undefined {
  const owners = new Map<string, Owner>();
  for (const entry of Array.isArray(entries) ? entries : []) {
    const owner = readOwner(entry);
    if (owner === undefined) return undefined;
    owners.set(identityOf(owner), owner);
  }
  return owners;
}

function readOwner(entry: Json): Owner | undefined {
  if (!isObject(entry)) return undefined;
  const operation = own(entry, "operation");
  if (operation !== "Apply" && operation !== "Update") return undefined;
  const fieldsV1 = own(entry, "fieldsV1");
  const fields = isObject(fieldsV1) ? fromFieldsV1(fieldsV1) : EMPTY;
  if (fields === undefined) return undefined;
  const time = own(entry, "time");
  return {
    manager: text(own(entry, "manager")),
    operation,
    apiVersion: text(own(entry, "apiVersion")),
    subresource: text(own(entry, "subresource")),
    time: typeof time === "string" ? time : undefined,
    fields,
  };
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

/** Sorted as clients see them: who applies first, then by time, name, version, sub-resource. */
export function writeOwners(owners: Owners): JsonObject[] {
  return [...owners.values()].sort(compareOwners).map((owner) => ({
    manager: owner.manager,
    operation: owner.operation,
    apiVersion: owner.apiVersion,
    ...(owner.time === undefined ? {} : { time: owner.time }),
    fieldsType: "FieldsV1",
    fieldsV1: toFieldsV1(owner.fields),
    ...(owner.subresource === "" ? {} : { subresource: owner.subresource }),
  }));
}

function compareOwners(left: Owner, right: Owner): number {
  return (
    compareText(left.operation, right.operation) ||
    compareText(left.time ?? "", right.time ?? "") ||
    compareText(left.manager, right.manager) ||
    compareText(left.apiVersion, right.apiVersion) ||
    compareText(left.subresource, right.subresource)
  );
}

function compareText(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

/** So many owners that update are kept apart; older ones become one. */
const MAX_UPDATERS = 10;
const ANCIENT = "ancient-changes";

/** Objects that many programs write must not grow without end. */
export function capped(owners: Owners): Owners {
  const updaters = [...owners].filter(([, owner]) => owner.operation === "Update");
  if (updaters.length <= MAX_UPDATERS) return owners;
  const kept = new Map(owners);
  let excess = updaters.length - MAX_UPDATERS;
  for (const [identity, owner] of updaters.sort(([, a], [, b]) => compareOwners(a, b))) {
    if (excess <= 0) break;
    if (owner.manager === ANCIENT) continue;
    const ancient: Identity = { ...owner, manager: ANCIENT, subresource: "" };
    const known = kept.get(identityOf(ancient));
    const fields = union(known?.fields ?? EMPTY, owner.fields);
    const time =
      known?.time !== undefined && known.time > (owner.time ?? "") ? known.time : owner.time;
    kept.delete(identity);
    kept.set(identityOf(ancient), { ...ancient, time, fields });
    excess -= known === undefined ? 0 : 1;
  }
  return kept;
}

export function withoutEmpty(owners: Owners): Owners {
  return new Map([...owners].filter(([, { fields }]) => !isEmpty(fields)));
}

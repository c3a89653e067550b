/**
 * How ownership of fields moves when an object changes. In: the object before and after, who owned
 * what, and who writes. Out: who owns what then. Pure.
 *
 * An owner may have its fields in another version of the kind than the one that is written: the
 * comparison is then made in that version. @see kubernetes reference §1.10
 */
import type { JsonObject, TypeSchema } from "../schema/schema.ts";
import { compare, type Comparison, isSame, without, written } from "./compare.ts";
import {
  difference,
  differenceBelow,
  EMPTY,
  type FieldSet,
  intersection,
  isEmpty,
  union,
} from "./field-set.ts";
import { mergeApplied } from "./merge-applied.ts";
import type { Owner, Owners } from "./managers.ts";
import { removeFields, withNamedFields } from "./remove-fields.ts";
import { toFieldSet } from "./to-field-set.ts";
import { isObject } from "../patch/values.ts";

/** One version of a kind. */
export interface Version {
  readonly apiVersion: string;
  readonly schema: TypeSchema;
  /** An object of this version in another one; undefined when nobody knows that one. */
  readonly convert: (object: JsonObject, apiVersion: string) => Converted | undefined;
  /** Owners of versions that nobody knows keep what they have; they lose it without it. */
  readonly keepsStrangers?: boolean;
}

interface Converted {
  readonly object: JsonObject;
  readonly schema: TypeSchema;
}

export interface Conflict {
  readonly owner: Owner;
  readonly fields: FieldSet;
}

interface Moved {
  readonly owners: Owners;
  readonly conflicts: readonly Conflict[];
  readonly comparison: Comparison;
}

interface Change {
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly version: Version;
  /** Fields that this path does not write: `status` on the main one. */
  readonly ignored: FieldSet;
}

/** Takes from all but `writer` what the change wrote or removed. */
function move(change: Change, owners: Owners, writer: string): Moved {
  const compareIn = comparer(change);
  const comparison = compareIn(change.version.apiVersion);
  if (comparison !== undefined && isSame(comparison)) return { owners, conflicts: [], comparison };
  const kept = new Map<string, Owner>();
  const conflicts: Conflict[] = [];
  for (const [identity, owner] of owners) {
    if (identity === writer) {
      kept.set(identity, owner);
      continue;
    }
    const seen = compareIn(owner.apiVersion);
    if (seen === undefined) {
      // Otherwise of a version that is served no more.
      if (change.version.keepsStrangers === true) kept.set(identity, owner);
      continue;
    }
    const taken = intersection(owner.fields, written(seen));
    if (!isEmpty(taken)) conflicts.push({ owner, fields: taken });
    const fields = difference(difference(owner.fields, taken), seen.removed);
    if (!isEmpty(fields))
      kept.set(identity, fields === owner.fields ? owner : { ...owner, fields });
  }
  return { owners: kept, conflicts, comparison: comparison ?? compareChange(change) };
}

function compareChange({ before, after, version, ignored }: Change): Comparison {
  return without(compare(before, after, version.schema), ignored);
}

function comparer(change: Change): (apiVersion: string) => Comparison | undefined {
  const known = new Map<string, Comparison | undefined>();
  return (apiVersion) => {
    if (!known.has(apiVersion)) known.set(apiVersion, compareAs(change, apiVersion));
    return known.get(apiVersion);
  };
}

function compareAs(change: Change, apiVersion: string): Comparison | undefined {
  if (apiVersion === change.version.apiVersion) return compareChange(change);
  const before = change.version.convert(change.before, apiVersion);
  const after = change.version.convert(change.after, apiVersion);
  if (before === undefined || after === undefined) return undefined;
  return without(compare(before.object, after.object, after.schema), change.ignored);
}

/** What a write that is no apply owns then: all that it changed. Undefined: it changed nothing. */
export function moveByUpdate(
  change: Change,
  owners: Owners,
): { readonly owners: Owners; readonly changed: FieldSet } {
  const { owners: moved, comparison } = move(change, owners, "");
  return { owners: moved, changed: written(comparison) };
}

export interface Applied {
  readonly object: JsonObject;
  readonly owners: Owners;
  readonly conflicts: readonly Conflict[];
  /** The object stays as it is; ownership may have changed all the same. */
  readonly unchanged: boolean;
}

interface ApplyRequest {
  readonly live: JsonObject;
  readonly config: JsonObject;
  readonly version: Version;
  readonly ignored: FieldSet;
}

/** Merges a configuration; what its owner no longer asks for goes, unless somebody else owns it. */
export function moveByApply(
  { live, config, version, ignored }: ApplyRequest,
  owners: Owners,
  applier: readonly [string, Owner],
): Applied {
  const [identity, owner] = applier;
  const last = owners.get(identity);
  const fields = differenceBelow(toFieldSet(config, version.schema), ignored);
  const claimed = new Map(owners).set(identity, { ...owner, fields });
  const merged = asObject(mergeApplied(live, config, version.schema));
  const object = last === undefined ? merged : prune(merged, version, claimed, last);
  const moved = move({ before: live, after: object, version, ignored }, claimed, identity);
  return {
    object,
    owners: new Map([...moved.owners].filter(([, { fields: left }]) => !isEmpty(left))),
    conflicts: moved.conflicts,
    unchanged: isSame(compare(live, object, version.schema)),
  };
}

function asObject(value: unknown): JsonObject {
  return isObject(value as JsonObject) ? (value as JsonObject) : {};
}

function prune(merged: JsonObject, version: Version, owners: Owners, last: Owner): JsonObject {
  if (isEmpty(last.fields)) return merged;
  if (last.apiVersion === version.apiVersion) {
    return pruneSame(merged, version.schema, ownedAs(version.apiVersion, owners), last.fields);
  }
  const then = version.convert(merged, last.apiVersion);
  if (then === undefined) return merged;
  const pruned = pruneSame(then.object, then.schema, ownedAs(last.apiVersion, owners), last.fields);
  return version.convert(pruned, version.apiVersion)?.object ?? merged;
}

function ownedAs(apiVersion: string, owners: Owners): FieldSet {
  let owned = EMPTY;
  for (const owner of owners.values()) {
    if (owner.apiVersion === apiVersion) owned = union(owned, owner.fields);
  }
  return owned;
}

function pruneSame(
  merged: JsonObject,
  schema: TypeSchema,
  owned: FieldSet,
  last: FieldSet,
): JsonObject {
  const named = (set: FieldSet): FieldSet => withNamedFields(set, schema);
  const all = named(toFieldSet(merged, schema));
  const withoutLast = removeFields(merged, named(last), schema);
  // What somebody owns stays, though the applier had it too.
  const kept = union(named(toFieldSet(withoutLast, schema)), named(owned));
  const withOwned = removeFields(merged, difference(all, kept), schema);
  // What went along with its parent but never was the applier's stays too.
  const gone = difference(all, named(toFieldSet(withOwned, schema)));
  return asObject(removeFields(merged, intersection(gone, named(last)), schema));
}

/**
 * Sets of fields of an object, as trees: which fields a manager owns, which a write changed. The
 * name of a step is as in `fieldsV1`: `f:name`, `k:{"name":"a"}`, `v:"x"`, `i:0`.
 *
 * Pure; no function changes a set that it was given.
 *
 * @see Kubernetes API conventions, server-side apply; kubernetes reference §1.10
 */
import type { JsonObject } from "../schema/schema.ts";
import { isObject } from "../patch/values.ts";

/** A node: the field at this place, and what is below it. */
export interface FieldSet {
  /** The field at this place itself is in the set. */
  readonly member: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

const NOTHING: ReadonlyMap<string, FieldSet> = new Map();

export const EMPTY: FieldSet = { member: false, children: NOTHING };
export const LEAF: FieldSet = { member: true, children: NOTHING };

/** A node, or one of the two shared ones where there is nothing below. */
export function node(member: boolean, children: ReadonlyMap<string, FieldSet>): FieldSet {
  if (children.size > 0) return { member, children };
  return member ? LEAF : EMPTY;
}

export function isEmpty(set: FieldSet): boolean {
  return !set.member && set.children.size === 0;
}

export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (left === right || isEmpty(right)) return left;
  if (isEmpty(left)) return right;
  const children = new Map(left.children);
  for (const [step, child] of right.children) {
    const other = children.get(step);
    children.set(step, other === undefined ? child : union(other, child));
  }
  return node(left.member || right.member, children);
}

/** Fields of the left set that the right one does not have; each field stands for itself alone. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmpty(right)) return left;
  const children = new Map<string, FieldSet>();
  for (const [step, child] of left.children) {
    const other = right.children.get(step);
    const rest = other === undefined ? child : difference(child, other);
    if (!isEmpty(rest)) children.set(step, rest);
  }
  return node(left.member && !right.member, children);
}

/** As `difference`, but a field of the right set takes all below it along. */
export function differenceBelow(left: FieldSet, right: FieldSet): FieldSet {
  if (right.member) return EMPTY;
  if (right.children.size === 0) return left;
  const children = new Map<string, FieldSet>();
  for (const [step, child] of left.children) {
    const other = right.children.get(step);
    const rest = other === undefined ? child : differenceBelow(child, other);
    if (!isEmpty(rest)) children.set(step, rest);
  }
  return node(left.member, children);
}

export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [step, child] of left.children) {
    const other = right.children.get(step);
    if (other === undefined) continue;
    const both = intersection(child, other);
    if (!isEmpty(both)) children.set(step, both);
  }
  return node(left.member && right.member, children);
}

export function equalSets(left: FieldSet, right: FieldSet): boolean {
  if (left === right) return true;
  if (left.member !== right.member || left.children.size !== right.children.size) return false;
  for (const [step, child] of left.children) {
    const other = right.children.get(step);
    if (other === undefined || !equalSets(child, other)) return false;
  }
  return true;
}

/** The set with one field more. */
export function fieldSetOf(...paths: readonly (readonly string[])[]): FieldSet {
  return paths.reduce<FieldSet>(
    (set, path) =>
      union(
        set,
        path.reduceRight<FieldSet>(
          (below, name) => node(false, new Map([[`f:${name}`, below]])),
          LEAF,
        ),
      ),
    EMPTY,
  );
}

/** Every field of the set as its steps, parents before children, steps sorted. */
export function* pathsOf(
  set: FieldSet,
  path: readonly string[] = [],
): Generator<readonly string[]> {
  if (set.member) yield path;
  for (const [step, child] of sortedChildren(set)) yield* pathsOf(child, [...path, step]);
}

function sortedChildren(set: FieldSet): [string, FieldSet][] {
  return [...set.children].sort(([left], [right]) => (left < right ? -1 : 1));
}

/** The `fieldsV1` of a set. */
export function toFieldsV1(set: FieldSet): JsonObject {
  const fields: JsonObject = {};
  for (const step of [...set.children.keys()].sort()) {
    const child = set.children.get(step);
    if (child !== undefined) fields[step] = nodeToFields(child);
  }
  return fields;
}

function nodeToFields(set: FieldSet): JsonObject {
  if (set.children.size === 0) return {};
  return set.member ? { ".": {}, ...toFieldsV1(set) } : toFieldsV1(set);
}

/** The set that a `fieldsV1` says; undefined when it is not well formed. */
export function fromFieldsV1(fields: JsonObject): FieldSet | undefined {
  let member = false;
  const children = new Map<string, FieldSet>();
  for (const [step, below] of Object.entries(fields)) {
    if (!isObject(below)) return undefined;
    if (step === ".") {
      member = true;
      continue;
    }
    if (!/^[fkvi]:/.test(step)) return undefined;
    const child = Object.keys(below).length === 0 ? LEAF : fromFieldsV1(below);
    if (child === undefined) return undefined;
    children.set(step, child);
  }
  return node(member, children);
}

/**
 * In: an object before and after, and its schema. Out: which fields were added, changed and
 * removed. A list that is no map and no set, and an object that is atomic, is one field.
 */
import type { Json, ListSchema, TypeSchema } from "../schema/schema.ts";
import { equalJson, isObject, own } from "../patch/values.ts";
import { differenceBelow, EMPTY, type FieldSet, isEmpty, LEAF, node, union } from "./field-set.ts";
import { itemStep } from "./path-step.ts";
import { isEmptyContainer, lenientMemberSchema, shapeOf } from "./walk.ts";

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

const SAME: Comparison = { added: EMPTY, modified: EMPTY, removed: EMPTY };
const ADDED: Comparison = { ...SAME, added: LEAF };
const MODIFIED: Comparison = { ...SAME, modified: LEAF };
const REMOVED: Comparison = { ...SAME, removed: LEAF };

export function isSame({ added, modified, removed }: Comparison): boolean {
  return isEmpty(added) && isEmpty(modified) && isEmpty(removed);
}

export function without(comparison: Comparison, ignored: FieldSet): Comparison {
  if (isEmpty(ignored)) return comparison;
  return {
    added: differenceBelow(comparison.added, ignored),
    modified: differenceBelow(comparison.modified, ignored),
    removed: differenceBelow(comparison.removed, ignored),
  };
}

export function compare(
  before: Json | undefined,
  after: Json | undefined,
  schema: TypeSchema,
): Comparison {
  if (before === after) return SAME;
  const shape = shapeOf(schema, isObject(after) ? after : before);
  const isLeaf = shape === "scalar" || shape === "atomic" || areBothEmpty(before, after);
  if (isLeaf) return compareLeaf(before, after);
  if (before === undefined) return { ...SAME, added: allOf(after, schema) };
  const [left, right] = [childrenOf(before, schema), childrenOf(after, schema)];
  return collect(left, right, endsOf(before, after));
}

/** Every field of what was not there before. */
function allOf(value: Json | undefined, schema: TypeSchema): FieldSet {
  const shape = shapeOf(schema, value);
  if (shape === "scalar" || shape === "atomic" || isEmptyContainer(value)) return LEAF;
  const all = new Map<string, FieldSet>();
  for (const [step, child] of childrenOf(value, schema)) {
    const isTwin = child.values.length > 1; // items of the same name count as one field
    all.set(step, isTwin ? LEAF : allOf(child.values[0], child.schema));
  }
  return node(true, all);
}

function areBothEmpty(before: Json | undefined, after: Json | undefined): boolean {
  return isEmptyContainer(before) && isEmptyContainer(after);
}

function compareLeaf(before: Json | undefined, after: Json | undefined): Comparison {
  if (before === undefined) return ADDED;
  if (after === undefined) return REMOVED;
  return equalJson(before, after) ? SAME : MODIFIED;
}

/** The place itself comes or goes with what is below it. */
function endsOf(before: Json | undefined, after: Json | undefined): Comparison {
  if (before === undefined) return ADDED;
  return after === undefined ? REMOVED : SAME;
}

interface Child {
  readonly schema: TypeSchema;
  /** More than one where a list has items of the same name. */
  readonly values: readonly Json[];
}

/** Members or items by their steps. */
function childrenOf(value: Json | undefined, schema: TypeSchema): Map<string, Child> {
  const children = new Map<string, Child>();
  if (schema.kind === "list") return Array.isArray(value) ? itemsOf(value, schema) : children;
  if (!isObject(value)) return children;
  for (const name of Object.keys(value)) {
    const member = own(value, name) ?? null;
    children.set(`f:${name}`, { schema: lenientMemberSchema(schema, name), values: [member] });
  }
  return children;
}

function itemsOf(list: readonly Json[], schema: ListSchema): Map<string, Child> {
  const children = new Map<string, { schema: TypeSchema; values: Json[] }>();
  for (const item of list) {
    const step = itemStep(schema, item);
    const twins = children.get(step);
    if (twins === undefined) children.set(step, { schema: schema.items, values: [item] });
    else twins.values.push(item);
  }
  return children;
}

function collect(
  before: ReadonlyMap<string, Child>,
  after: ReadonlyMap<string, Child>,
  ends: Comparison,
): Comparison {
  const added = new Map<string, FieldSet>();
  const modified = new Map<string, FieldSet>();
  const removed = new Map<string, FieldSet>();
  const note = (step: string, left: Child | undefined, right: Child | undefined): void => {
    const parts = compareChildren(left, right);
    if (!isEmpty(parts.added)) added.set(step, parts.added);
    if (!isEmpty(parts.modified)) modified.set(step, parts.modified);
    if (!isEmpty(parts.removed)) removed.set(step, parts.removed);
  };
  for (const [step, right] of after) note(step, before.get(step), right);
  for (const [step, left] of before) if (!after.has(step)) note(step, left, undefined);
  return {
    added: node(ends.added.member, added),
    modified: node(false, modified),
    removed: node(ends.removed.member, removed),
  };
}

/**
 * Items of the same name count as one field; what was below one of them comes or goes with them.
 */
function compareChildren(left: Child | undefined, right: Child | undefined): Comparison {
  const schema = right?.schema ?? left?.schema;
  const [before, after] = [left?.values ?? [], right?.values ?? []];
  if (schema === undefined) return SAME;
  if (before.length <= 1 && after.length <= 1) return compare(before[0], after[0], schema);
  if (before.length > 1 && after.length > 1) {
    return equalJson([...before], [...after]) ? SAME : MODIFIED;
  }
  if (before.length > 1) {
    const single = after.length === 0 ? SAME : compare(undefined, after[0], schema);
    return { ...single, removed: union(single.removed, LEAF) };
  }
  const single = before.length === 0 ? SAME : compare(before[0], undefined, schema);
  return { ...single, added: union(single.added, LEAF) };
}

/** All that the write set: what it added and what it changed. */
export function written({ added, modified }: Comparison): FieldSet {
  return union(added, modified);
}

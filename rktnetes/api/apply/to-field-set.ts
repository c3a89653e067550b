/**
 * In: an object and its schema. Out: the set of fields that whoever applies the object owns.
 * Values must be valid for the schema; `check-typed.ts` says so.
 */
import type { Json, ListSchema, TypeSchema } from "../schema/schema.ts";
import { isObject } from "../patch/values.ts";
import { EMPTY, type FieldSet, LEAF, node } from "./field-set.ts";
import { itemStep } from "./path-step.ts";
import { isEmptyContainer, isNamedField, lenientMemberSchema, shapeOf } from "./walk.ts";

export function toFieldSet(value: Json, schema: TypeSchema): FieldSet {
  const shape = shapeOf(schema, value);
  if (shape === "scalar" || shape === "atomic") return LEAF;
  if (shape === "members") return isObject(value) ? node(false, membersOf(value, schema)) : EMPTY;
  if (schema.kind !== "list" || !Array.isArray(value)) return EMPTY;
  return node(false, itemsOf(value, schema));
}

function membersOf(value: Record<string, Json>, schema: TypeSchema): Map<string, FieldSet> {
  const children = new Map<string, FieldSet>();
  for (const [name, member] of Object.entries(value)) {
    const below = toFieldSet(member, lenientMemberSchema(schema, name));
    const isEnd = member === null || (isObject(member) && isEmptyContainer(member));
    const set = isEnd || !isNamedField(schema, name) ? node(true, below.children) : below;
    if (set !== EMPTY) children.set(`f:${name}`, set);
  }
  return children;
}

function itemsOf(value: readonly Json[], schema: ListSchema): Map<string, FieldSet> {
  const children = new Map<string, FieldSet>();
  for (const item of value) {
    children.set(itemStep(schema, item), node(true, toFieldSet(item, schema.items).children));
  }
  return children;
}

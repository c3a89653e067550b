/**
 * In: an object, its schema and a set of fields. Out: a new object without these fields. What
 * becomes empty becomes null, as if nobody had ever set it.
 */
import type { Json, JsonObject, ListSchema, TypeSchema } from "../schema/schema.ts";
import { isObject, setOwn } from "../patch/values.ts";
import { EMPTY, type FieldSet, isEmpty, node } from "./field-set.ts";
import { itemStep } from "./path-step.ts";
import { isEmptyContainer, isNamedField, lenientMemberSchema, shapeOf } from "./walk.ts";

export function removeFields(value: Json, fields: FieldSet, schema: TypeSchema): Json {
  if (shapeOf(schema, value) === "scalar") return value;
  if (isEmptyContainer(value) || shapeOf(schema, value) === "atomic") return null;
  if (isObject(value)) return removeMembers(value, fields, schema);
  if (Array.isArray(value) && schema.kind === "list") return removeItems(value, fields, schema);
  return null;
}

function removeMembers(value: JsonObject, fields: FieldSet, schema: TypeSchema): Json {
  const kept: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    const below = fields.children.get(`f:${name}`) ?? EMPTY;
    if (below.member) continue;
    const type = lenientMemberSchema(schema, name);
    setOwn(kept, name, isEmpty(below) ? member : removeFields(member, below, type));
  }
  return Object.keys(kept).length === 0 ? null : kept;
}

function removeItems(value: readonly Json[], fields: FieldSet, schema: ListSchema): Json {
  const kept: Json[] = [];
  for (const item of value) {
    const below = fields.children.get(itemStep(schema, item)) ?? EMPTY;
    if (below.member) continue;
    kept.push(isEmpty(below) ? item : removeFields(item, below, schema.items));
  }
  return kept.length === 0 ? null : kept;
}

/**
 * The set with the named fields above its members: who owns something in a field keeps the field
 * itself. Keys of maps and items of lists are not named fields.
 */
export function withNamedFields(set: FieldSet, schema: TypeSchema): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [step, child] of set.children) {
    const name = step.slice(2);
    const type = schema.kind === "list" ? schema.items : lenientMemberSchema(schema, name);
    const below = withNamedFields(child, type);
    const isNamed = step.startsWith("f:") && child.children.size > 0 && isNamedField(schema, name);
    children.set(step, isNamed ? node(true, below.children) : below);
  }
  return node(set.member, children);
}

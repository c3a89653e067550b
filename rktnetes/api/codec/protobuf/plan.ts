/**
 * A schema prepared for protobuf: its fields by number, those of embedded messages one level below.
 * In: an ObjectSchema. Out: its plan, made once and kept with it.
 */
import type { FieldSchema, ObjectSchema, TypeSchema } from "../../schema/schema.ts";

export interface WireField {
  readonly name: string;
  readonly number: number;
  readonly field: FieldSchema;
  readonly isPointer: boolean;
}

export interface WirePlan {
  readonly fields: ReadonlyMap<number, WireField>;
  /** Messages whose fields JSON has inline, by their number. */
  readonly embedded: ReadonlyMap<number, WirePlan>;
}

const plans = new WeakMap<ObjectSchema, WirePlan>();

export function wirePlanOf(schema: ObjectSchema): WirePlan {
  return plans.get(schema) ?? makePlan(schema);
}

interface GrowingPlan extends WirePlan {
  readonly fields: Map<number, WireField>;
  readonly embedded: Map<number, GrowingPlan>;
}

function emptyPlan(): GrowingPlan {
  return { fields: new Map(), embedded: new Map() };
}

function makePlan(schema: ObjectSchema): WirePlan {
  const plan = emptyPlan();
  for (const [name, field] of schema.fields) {
    const { number, within = [] } = field;
    if (number === undefined) continue;
    let holder = plan;
    for (const outer of within) {
      const inner = holder.embedded.get(outer) ?? emptyPlan();
      holder.embedded.set(outer, inner);
      holder = inner;
    }
    holder.fields.set(number, { name, number, field, isPointer: field.pointer === true });
  }
  plans.set(schema, plan);
  return plan;
}

/** Lists that are a message of their own on the wire: `{items: […]}`. */
export function isWrappedList(type: TypeSchema): boolean {
  return type.kind === "list" && (type.goType === "v1.ExtraValue" || type.goType === "v1.Verbs");
}

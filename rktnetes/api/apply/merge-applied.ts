/**
 * In: the live object and the one that is applied, and their schema. Out: a new object with all
 * that either has; where both have a value, the applied one. Items of lists keep the order of both
 * as far as they agree. Neither object is changed.
 */
import type { Json, JsonObject, ListSchema, TypeSchema } from "../schema/schema.ts";
import { isObject, own, setOwn } from "../patch/values.ts";
import { itemStep } from "./path-step.ts";
import { isEmptyContainer, lenientMemberSchema, shapeOf } from "./walk.ts";

export function mergeApplied(live: Json, applied: Json, schema: TypeSchema): Json;
export function mergeApplied(
  live: Json | undefined,
  applied: Json | undefined,
  schema: TypeSchema,
): Json | undefined;
export function mergeApplied(
  live: Json | undefined,
  applied: Json | undefined,
  schema: TypeSchema,
): Json | undefined {
  if (live === undefined || applied === undefined) return applied ?? live;
  if (isEmptyContainer(live) && isEmptyContainer(applied)) return applied;
  const shape = shapeOf(schema, applied);
  if (shape === "members" && (isObject(live) || isObject(applied))) {
    return mergeMembers(asObject(live), asObject(applied), schema);
  }
  if (shape === "items" && schema.kind === "list") {
    return mergeItems(asList(live), asList(applied), schema);
  }
  return applied;
}

function asObject(value: Json): JsonObject {
  return isObject(value) ? value : {};
}

function asList(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function mergeMembers(live: JsonObject, applied: JsonObject, schema: TypeSchema): JsonObject {
  const merged: JsonObject = {};
  for (const name of new Set([...Object.keys(live), ...Object.keys(applied)])) {
    const below = lenientMemberSchema(schema, name);
    const value = mergeApplied(own(live, name), own(applied, name), below);
    if (value !== undefined) setOwn(merged, name, value);
  }
  return merged;
}

interface Item {
  readonly step: string;
  readonly value: Json;
}

function indexed(list: readonly Json[], schema: ListSchema): Item[] {
  return list.map((value) => ({ step: itemStep(schema, value), value }));
}

/**
 * Walks both lists at once. Items of one side only stay between their neighbours; those that both
 * have come in the order in which they are applied.
 */
function mergeItems(live: readonly Json[], applied: readonly Json[], schema: ListSchema): Json[] {
  const left = indexed(live, schema);
  const right = indexed(applied, schema);
  const liveByStep = new Map<string, Json>();
  for (const { step, value } of left) if (!liveByStep.has(step)) liveByStep.set(step, value);
  const appliedSteps = new Set(right.map(({ step }) => step));
  const shared = right.map(({ step }) => step).filter((step) => liveByStep.has(step));
  const out: Json[] = [];
  const taken = new Set<string>();
  const take = ({ step, value }: Item): void => {
    taken.add(step);
    out.push(mergeApplied(liveByStep.get(step) ?? value, value, schema.items));
    if (shared[0] === step) shared.shift();
  };
  let [at, next] = [0, 0];
  while (at < left.length || next < right.length) {
    const [mine, theirs] = [left[at], right[next]];
    if (mine !== undefined && theirs !== undefined) {
      if (mine.step === theirs.step) {
        take(theirs);
        at++;
        next++;
        continue;
      }
      if (appliedSteps.has(mine.step) && shared.length > 0 && shared[0] !== mine.step) {
        at++; // it comes when the applied order says so
        continue;
      }
    }
    if (mine !== undefined) {
      if (!appliedSteps.has(mine.step)) {
        out.push(mine.value);
        at++;
        continue;
      }
      if (taken.has(mine.step)) at++;
    }
    if (theirs !== undefined) {
      take(theirs);
      next++;
    }
  }
  return out;
}

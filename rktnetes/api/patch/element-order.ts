/**
 * The order of a merged list: the items of a patch as the patch orders them, and between them the
 * items that only the server has, as near to their neighbours of before as can be. Pure.
 */
import type { Json } from "../schema/schema.ts";
import { equalJson, isObject, own } from "./values.ts";

interface Parts {
  /** Items that the order names. */
  readonly named: readonly Json[];
  readonly others: readonly Json[];
}

/** `key` is the merge key of the items, empty for lists of scalars. */
export function partition(list: readonly Json[], order: readonly Json[], key: string): Parts {
  return {
    named: list.filter((item) => indexOf(order, item, key) >= 0),
    others: list.filter((item) => indexOf(order, item, key) < 0),
  };
}

/** `before` is the list as the server had it. */
export function mergedOrder(
  { named, others }: Parts,
  order: readonly Json[],
  before: readonly Json[],
  key: string,
): Json[] {
  const wanted = sorted(named, order, key);
  const rest = sorted(others, before, key);
  const merged: Json[] = [];
  while (wanted.length > 0 || rest.length > 0) {
    const [next] = wanted;
    const [other] = rest;
    const fromRest =
      next === undefined || (other !== undefined && isBefore(before, other, next, key));
    merged.push(...(fromRest ? rest : wanted).splice(0, 1));
  }
  return merged;
}

function isBefore(list: readonly Json[], left: Json, right: Json, key: string): boolean {
  const at = indexOf(list, left, key);
  const other = indexOf(list, right, key);
  return at >= 0 && other >= 0 && at < other;
}

function sorted(list: readonly Json[], order: readonly Json[], key: string): Json[] {
  return list.toSorted((a, b) => indexOf(order, a, key) - indexOf(order, b, key));
}

function indexOf(list: readonly Json[], item: Json, key: string): number {
  const name = nameOf(item, key);
  return list.findIndex((other) => equalJson(nameOf(other, key), name));
}

function nameOf(item: Json, key: string): Json | undefined {
  return key !== "" && isObject(item) ? own(item, key) : item;
}

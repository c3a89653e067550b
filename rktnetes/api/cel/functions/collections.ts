/** Lists, sets, maps and optionals. Pure. */
import {
  CelError,
  CelMap,
  type CelValue,
  compare,
  Duration,
  equal,
  isList,
  Optional,
  Uint,
} from "../values.ts";
import { checkedInt, checkedUint } from "./arithmetic.ts";
import type { Library, PartialFunction } from "./library.ts";

type List = readonly CelValue[];

/** A function of a list and, at most, two more values. */
function onList(
  run: (list: List, b: CelValue, c: CelValue) => CelValue | undefined,
): PartialFunction {
  return ([list, b = null, c = null]) =>
    isList(list ?? null) ? run(list as List, b, c) : undefined;
}

function size([value]: List): CelValue | undefined {
  if (typeof value === "string") return BigInt([...value].length);
  if (value instanceof Uint8Array) return BigInt(value.length);
  if (value instanceof CelMap) return BigInt(value.size);
  return isList(value ?? null) ? BigInt((value as List).length) : undefined;
}

function isSorted(list: List): boolean {
  return list.every((item, at) => {
    const before = list[at - 1];
    return before === undefined || (compare(before, item) ?? 0) <= 0;
  });
}

function extreme(list: List, wanted: -1 | 1, name: string): CelValue {
  const [first, ...rest] = list;
  if (first === undefined) throw new CelError(`${name} called on empty list`);
  return rest.reduce((best, item) => {
    const order = compare(item, best) ?? 0;
    return Math.sign(order) === wanted ? item : best;
  }, first);
}

function sum(list: List): CelValue {
  let total: CelValue = 0n;
  for (const [at, item] of list.entries()) total = at === 0 ? item : plus(total, item);
  return total;
}

function plus(a: CelValue, b: CelValue): CelValue {
  if (typeof a === "bigint" && typeof b === "bigint") return checkedInt(a + b);
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (a instanceof Uint && b instanceof Uint) return checkedUint(a.value + b.value);
  if (a instanceof Duration && b instanceof Duration) return new Duration(a.nanos + b.nanos);
  throw new CelError("no such overload");
}

function sorted(list: List): CelValue {
  const out = [...list];
  out.sort((a, b) => {
    const order = compare(a, b);
    if (order === undefined) throw new CelError("list elements must be comparable");
    return order;
  });
  return out;
}

function distinct(list: List): CelValue {
  const out: CelValue[] = [];
  for (const item of list) if (!out.some((each) => equal(each, item))) out.push(item);
  return out;
}

function flatten(list: List, depth: CelValue): CelValue {
  const levels = typeof depth === "bigint" ? Number(depth) : 1;
  if (levels < 0) throw new CelError("level must be non-negative");
  const walk = (items: List, left: number): CelValue[] =>
    items.flatMap((item) => (left > 0 && isList(item) ? walk(item, left - 1) : [item]));
  return walk(list, levels);
}

function slice(list: List, from: CelValue, to: CelValue): CelValue | undefined {
  if (typeof from !== "bigint" || typeof to !== "bigint") return undefined;
  if (from < 0n || to < 0n) throw new CelError("cannot slice: negative indexes not supported");
  if (from > to) throw new CelError("cannot slice: start index must be less than or equal to end");
  if (to > BigInt(list.length)) throw new CelError("cannot slice: index out of bounds");
  return list.slice(Number(from), Number(to));
}

function includesAll(list: List, wanted: CelValue): boolean | undefined {
  if (!isList(wanted)) return undefined;
  return wanted.every((item) => list.some((each) => equal(each, item)));
}

function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === "") return true;
  if (isList(value) || value instanceof Uint8Array) return value.length === 0;
  if (value instanceof CelMap) return value.size === 0;
  return value instanceof Duration && value.nanos === 0n;
}

function present({ value }: Optional): CelValue {
  if (value === undefined) throw new CelError("optional.none() dereference");
  return value;
}

function onOptional(
  run: (optional: Optional, other: CelValue) => CelValue | undefined,
): PartialFunction {
  return ([optional, other = null]) =>
    optional instanceof Optional ? run(optional, other) : undefined;
}

function range([count]: List): CelValue | undefined {
  if (typeof count !== "bigint") return undefined;
  if (count > 1_000_000n) throw new CelError("lists.range: count is too large");
  return Array.from({ length: Number(count) }, (_, at) => BigInt(at));
}

export const COLLECTION_FUNCTIONS: Library = {
  size,
  isSorted: onList(isSorted),
  sum: onList(sum),
  min: onList((list) => extreme(list, -1, "min")),
  max: onList((list) => extreme(list, 1, "max")),
  indexOf: onList((list, item) => BigInt(list.findIndex((each) => equal(each, item)))),
  lastIndexOf: onList((list, item) => BigInt(list.findLastIndex((each) => equal(each, item)))),
  sort: onList(sorted),
  distinct: onList(distinct),
  flatten: onList(flatten),
  slice: onList(slice),
  reverse: onList((list) => list.toReversed()),
  first: onList((list) => new Optional(list[0])),
  last: onList((list) => new Optional(list.at(-1))),
  "lists.range": range,
  "sets.contains": onList((list, wanted) => includesAll(list, wanted)),
  "sets.equivalent": onList((list, other) =>
    isList(other) ? includesAll(list, other) === true && includesAll(other, list) : undefined,
  ),
  "sets.intersects": onList((list, other) =>
    isList(other) ? list.some((item) => other.some((each) => equal(each, item))) : undefined,
  ),
  "optional.none": () => new Optional(undefined),
  "optional.of": ([value = null]) => new Optional(value),
  "optional.ofNonZeroValue": ([value = null]) => new Optional(isZero(value) ? undefined : value),
  "optional.unwrap": onList((list) =>
    list.flatMap((each) =>
      each instanceof Optional && each.value !== undefined ? [each.value] : [],
    ),
  ),
  unwrapOpt: onList((list) =>
    list.flatMap((each) =>
      each instanceof Optional && each.value !== undefined ? [each.value] : [],
    ),
  ),
  hasValue: onOptional(({ value }) => value !== undefined),
  value: onOptional(present),
  or: onOptional((optional, other) => (optional.value === undefined ? other : optional)),
  orValue: onOptional(({ value }, other) => value ?? other),
};

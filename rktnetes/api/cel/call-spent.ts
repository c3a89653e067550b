/**
 * What a call costs that was made: as much as its operands are long. In: its name, operands and
 * result. Out: units, counted as Kubernetes counts them. Pure. @see call-cost.ts for estimates
 */
import { CelMap, type CelValue, isList, Opaque, Optional } from "./values.ts";

const WALK = 0.1;
const PATTERN = 0.25;
const CHECK = 350_000;

export function spentBy(name: string, args: readonly CelValue[], result: CelValue): number {
  const spent = Object.hasOwn(SPENT, name) ? SPENT[name] : undefined;
  return spent?.(args, result) ?? 1;
}

/** How long a value is; one where it has no length. */
function sizeOf(value: CelValue | undefined): number {
  if (typeof value === "string" || value instanceof Uint8Array) return value.length;
  if (isList(value ?? null)) return (value as readonly CelValue[]).length;
  if (value instanceof CelMap) return value.size;
  return value instanceof Optional && value.value !== undefined ? sizeOf(value.value) : 1;
}

/** A value is walked down to its last member. */
function walked(value: CelValue): number {
  if (typeof value === "string" || value instanceof Uint8Array) {
    return Math.floor(value.length * WALK);
  }
  if (isList(value)) return value.reduce<number>((sum, item) => sum + walked(item), 0);
  if (!(value instanceof CelMap)) return 1;
  return value.entries().reduce((sum, [key, item]) => sum + walked(key) + walked(item), 0);
}

type Spending = (args: readonly CelValue[], result: CelValue) => number | undefined;

function walk(factor: number): Spending {
  return ([text]) => Math.ceil(sizeOf(text) * factor * WALK);
}

const shorter: Spending = ([left, right]) =>
  Math.ceil(Math.min(sizeOf(left), sizeOf(right)) * WALK);

const ordered: Spending = (args, result) =>
  typeof args[0] === "string" || args[0] instanceof Uint8Array ? shorter(args, result) : 1;

const search: Spending = ([text, pattern]) =>
  Math.ceil((1 + sizeOf(text)) * WALK) * Math.ceil(sizeOf(pattern) * PATTERN);

const traversal: Spending = ([list = null]) => walked(list);

const sets =
  (factor: number): Spending =>
  ([left, right]) =>
    Math.ceil(sizeOf(left) * sizeOf(right) * factor) + 1;

function parsed(value: CelValue | undefined): number {
  return typeof value === "string" ? Math.ceil(value.length * WALK) : 0;
}

function addressBytes(value: CelValue | undefined): number {
  return value instanceof Opaque && !value.text.includes(":") ? 4 : 16;
}

const SPENT: Readonly<Record<string, Spending>> = {
  check: () => CHECK,
  "_==_": shorter,
  "_!=_": shorter,
  "_<_": ordered,
  "_<=_": ordered,
  "_>_": ordered,
  "_>=_": ordered,
  "_+_": ([left, right]) =>
    typeof left === "string" || left instanceof Uint8Array
      ? Math.ceil((sizeOf(left) + sizeOf(right)) * WALK)
      : 1,
  "@in": ([, among]) => (isList(among ?? null) ? sizeOf(among) : 1),
  startsWith: ([, part]) => Math.ceil(sizeOf(part) * WALK),
  endsWith: ([, part]) => Math.ceil(sizeOf(part) * WALK),
  contains: ([text, part]) => Math.ceil(sizeOf(text) * WALK) * Math.ceil(sizeOf(part) * WALK),
  matches: search,
  find: search,
  findAll: search,
  isSorted: traversal,
  sum: traversal,
  min: traversal,
  max: traversal,
  indexOf: traversal,
  lastIndexOf: traversal,
  url: walk(1),
  lowerAscii: walk(1),
  upperAscii: walk(1),
  substring: walk(1),
  trim: walk(1),
  format: walk(1),
  "strings.quote": walk(1),
  cidr: walk(1),
  isIP: walk(1),
  isCIDR: walk(1),
  ip: ([value]) => (typeof value === "string" ? parsed(value) : 1),
  "ip.isCanonical": walk(2),
  quantity: walk(1),
  isQuantity: walk(1),
  replace: walk(2),
  split: walk(2),
  join: (_args, result) => Math.ceil(sizeOf(result) * 2 * WALK),
  string: ([value]) => (value instanceof Uint8Array ? Math.ceil(value.length * WALK) : 1),
  bytes: ([value]) => (typeof value === "string" ? parsed(value) : 1),
  containsIP: ([network, other]) => Math.ceil(2 * addressBytes(network) * WALK) + parsed(other),
  containsCIDR: ([network, other]) => {
    const size = addressBytes(network);
    return Math.ceil(2 * size * WALK) + Math.ceil(size * WALK) + 1 + parsed(other);
  },
  "sets.contains": sets(1),
  "sets.intersects": sets(1),
  "sets.equivalent": sets(2),
};

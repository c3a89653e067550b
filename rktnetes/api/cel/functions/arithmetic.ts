/** Operators. Integers that leave 64 bits are errors. Pure. */
import {
  CelError,
  CelMap,
  type CelValue,
  compare,
  Duration,
  equal,
  isList,
  keyName,
  Optional,
  Timestamp,
  Uint,
} from "../values.ts";
import type { Library, PartialFunction } from "./library.ts";
import { checkedTimestamp } from "./time-text.ts";

const INT_MAX = 2n ** 63n - 1n;
const INT_MIN = -(2n ** 63n);
const UINT_MAX = 2n ** 64n - 1n;

export function checkedInt(value: bigint): bigint {
  if (value > INT_MAX || value < INT_MIN) throw new CelError("integer overflow");
  return value;
}

function checkedDuration(nanos: bigint): Duration {
  if (nanos > INT_MAX || nanos < INT_MIN) throw new CelError("duration overflow");
  return new Duration(nanos);
}

export function checkedUint(value: bigint): Uint {
  if (value > UINT_MAX || value < 0n) throw new CelError("unsigned integer overflow");
  return new Uint(value);
}

function numeric(
  ints: (a: bigint, b: bigint) => bigint,
  doubles: ((a: number, b: number) => number) | undefined,
): PartialFunction {
  return ([a, b]) => {
    if (typeof a === "bigint" && typeof b === "bigint") return checkedInt(ints(a, b));
    if (a instanceof Uint && b instanceof Uint) return checkedUint(ints(a.value, b.value));
    if (typeof a === "number" && typeof b === "number") return doubles?.(a, b);
    return undefined;
  };
}

function nonZero(b: bigint, words: string): bigint {
  if (b === 0n) throw new CelError(words);
  return b;
}

function ordered(test: (order: number) => boolean): PartialFunction {
  return ([a = null, b = null]) => {
    const order = compare(a, b);
    return order === undefined ? undefined : test(order);
  };
}

function add([a, b]: readonly CelValue[]): CelValue | undefined {
  if (typeof a === "string" && typeof b === "string") return a + b;
  if (isList(a ?? null) && isList(b ?? null)) {
    return [...(a as readonly CelValue[]), ...(b as readonly CelValue[])];
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.concat([a, b]);
  if (a instanceof Timestamp && b instanceof Duration) return checkedTimestamp(a.nanos + b.nanos);
  if (a instanceof Duration && b instanceof Timestamp) return checkedTimestamp(a.nanos + b.nanos);
  if (a instanceof Duration && b instanceof Duration) {
    return checkedDuration(a.nanos + b.nanos);
  }
  return undefined;
}

function subtract([a, b]: readonly CelValue[]): CelValue | undefined {
  if (a instanceof Timestamp && b instanceof Timestamp) return checkedDuration(a.nanos - b.nanos);
  if (a instanceof Timestamp && b instanceof Duration) return checkedTimestamp(a.nanos - b.nanos);
  if (a instanceof Duration && b instanceof Duration) {
    return checkedDuration(a.nanos - b.nanos);
  }
  return undefined;
}

function negate([a]: readonly CelValue[]): CelValue | undefined {
  if (typeof a === "bigint") return checkedInt(-a);
  return typeof a === "number" ? -a : undefined;
}

function contains([item = null, among]: readonly CelValue[]): CelValue | undefined {
  if (among instanceof CelMap) return among.has(item);
  if (!isList(among ?? null)) return undefined;
  return (among as readonly CelValue[]).some((each) => equal(each, item));
}

function index([holder, key = null]: readonly CelValue[]): CelValue | undefined {
  if (holder instanceof Optional) {
    if (holder.value === undefined) return holder;
    return new Optional(find(holder.value, key));
  }
  if (holder === undefined) return undefined;
  const found = find(holder, key);
  if (found !== undefined) return found;
  if (isList(holder)) throw new CelError(`index out of bounds: ${keyName(key)}`);
  return holder instanceof CelMap ? missing(key) : undefined;
}

function missing(key: CelValue): never {
  throw new CelError(`no such key: ${keyName(key)}`);
}

function find(holder: CelValue, key: CelValue): CelValue | undefined {
  if (holder instanceof CelMap) return holder.get(key);
  if (!isList(holder)) return undefined;
  const at = key instanceof Uint ? key.value : key;
  if (typeof at !== "bigint" && typeof at !== "number") {
    throw new CelError("unsupported index type in list");
  }
  return holder[Number(at)];
}

function optionalIndex([holder = null, key = null]: readonly CelValue[]): CelValue | undefined {
  const plain = holder instanceof Optional ? holder.value : holder;
  if (plain === undefined) return holder;
  return new Optional(find(plain, key));
}

export const ARITHMETIC: Library = {
  "_+_": (args) =>
    numeric(
      (a, b) => a + b,
      (a, b) => a + b,
    )(args) ?? add(args),
  "_-_": (args) =>
    numeric(
      (a, b) => a - b,
      (a, b) => a - b,
    )(args) ?? subtract(args),
  "_*_": numeric(
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  "_/_": numeric(
    (a, b) => a / nonZero(b, "division by zero"),
    (a, b) => a / b,
  ),
  "_%_": numeric((a, b) => a % nonZero(b, "modulus by zero"), undefined),
  "-_": negate,
  "!_": ([a]) => (typeof a === "boolean" ? !a : undefined),
  "_==_": ([a = null, b = null]) => equal(a, b),
  "_!=_": ([a = null, b = null]) => !equal(a, b),
  "_<_": ordered((order) => order < 0),
  "_<=_": ordered((order) => order <= 0),
  "_>_": ordered((order) => order > 0),
  "_>=_": ordered((order) => order >= 0),
  "@in": contains,
  "_[_]": index,
  "_[?_]": optionalIndex,
};

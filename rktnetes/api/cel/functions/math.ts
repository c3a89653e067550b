/** `math.…`. Pure. */
import { CelError, type CelValue, compare, isList, Uint } from "../values.ts";
import { checkedInt } from "./arithmetic.ts";
import type { Library, PartialFunction } from "./library.ts";

function extreme(args: readonly CelValue[], wanted: -1 | 1): CelValue {
  const [only] = args;
  const values = args.length === 1 && isList(only ?? null) ? (only as readonly CelValue[]) : args;
  const [first, ...rest] = values;
  if (first === undefined) throw new CelError("math.@max(list) argument must not be empty");
  return rest.reduce((best, item) => {
    const order = compare(item, best);
    if (order === undefined) throw new CelError("no such overload");
    return Math.sign(order) === wanted ? item : best;
  }, first);
}

function onDouble(run: (value: number) => CelValue): PartialFunction {
  return ([value]) => (typeof value === "number" ? run(value) : undefined);
}

function bits(run: (a: bigint, b: bigint) => bigint): PartialFunction {
  return ([a, b]) => {
    if (typeof a === "bigint" && typeof b === "bigint") return BigInt.asIntN(64, run(a, b));
    if (a instanceof Uint && b instanceof Uint)
      return new Uint(BigInt.asUintN(64, run(a.value, b.value)));
    return undefined;
  };
}

function shift(run: (value: bigint, by: bigint) => bigint): PartialFunction {
  return ([value, by]) => {
    if (typeof by !== "bigint") return undefined;
    if (by < 0n) throw new CelError(`math.bitShift negative offset: ${by}`);
    if (by > 63n) return value instanceof Uint ? new Uint(0n) : 0n;
    if (typeof value === "bigint") return BigInt.asIntN(64, run(BigInt.asUintN(64, value), by));
    if (value instanceof Uint) return new Uint(BigInt.asUintN(64, run(value.value, by)));
    return undefined;
  };
}

/** Away from zero where it lies in the middle. */
function rounded(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}

export const MATH_FUNCTIONS: Library = {
  "math.greatest": (args) => extreme(args, 1),
  "math.least": (args) => extreme(args, -1),
  "math.ceil": onDouble(Math.ceil),
  "math.floor": onDouble(Math.floor),
  "math.round": onDouble(rounded),
  "math.trunc": onDouble(Math.trunc),
  "math.isNaN": onDouble(Number.isNaN),
  "math.isInf": onDouble((value) => Math.abs(value) === Number.POSITIVE_INFINITY),
  "math.isFinite": onDouble(Number.isFinite),
  "math.abs": ([value]) => {
    if (typeof value === "bigint") return value < 0n ? checkedInt(-value) : value;
    if (typeof value === "number") return Math.abs(value);
    return value instanceof Uint ? value : undefined;
  },
  "math.sign": ([value]) => {
    if (typeof value === "bigint") return value === 0n ? 0n : value < 0n ? -1n : 1n;
    if (typeof value === "number") return Math.sign(value);
    return value instanceof Uint ? new Uint(value.value === 0n ? 0n : 1n) : undefined;
  },
  "math.sqrt": ([value]) => {
    if (typeof value === "number") return Math.sqrt(value);
    if (value instanceof Uint) return Math.sqrt(Number(value.value));
    return typeof value === "bigint" ? Math.sqrt(Number(value)) : undefined;
  },
  "math.bitAnd": bits((a, b) => a & b),
  "math.bitOr": bits((a, b) => a | b),
  "math.bitXor": bits((a, b) => a ^ b),
  "math.bitNot": ([value]) => {
    if (typeof value === "bigint") return ~value;
    return value instanceof Uint ? new Uint(BigInt.asUintN(64, ~value.value)) : undefined;
  },
  "math.bitShiftLeft": shift((value, by) => value << by),
  "math.bitShiftRight": shift((value, by) => value >> by),
};

/** `quantity("1Gi")` and what it can do. Pure. */
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  negateQuantity,
  parseQuantity,
  type Quantity,
  scaledValue,
} from "../../values/quantity.ts";
import { CelError, type CelValue, Opaque } from "../values.ts";
import type { Library, PartialFunction } from "./library.ts";

const TYPE = "kubernetes.Quantity";

function make(quantity: Quantity): Opaque {
  return new Opaque(TYPE, quantity, formatQuantity(quantity));
}

function read(value: CelValue | undefined): Quantity | undefined {
  return value instanceof Opaque && value.type === TYPE ? (value.content as Quantity) : undefined;
}

function parse(text: string): Quantity | undefined {
  try {
    return parseQuantity(text);
  } catch {
    return undefined;
  }
}

function withOther(run: (a: Quantity, b: Quantity) => CelValue): PartialFunction {
  return ([left, right]) => {
    const [a, b] = [read(left), read(right)];
    const other = b ?? (typeof right === "bigint" ? parseQuantity(String(right)) : undefined);
    return a === undefined || other === undefined ? undefined : run(a, other);
  };
}

function onOne(run: (quantity: Quantity) => CelValue): PartialFunction {
  return ([value]) => {
    const quantity = read(value);
    return quantity === undefined ? undefined : run(quantity);
  };
}

function isWhole(quantity: Quantity): boolean {
  const value = scaledValue(quantity, 0);
  return compareQuantities(quantity, value) === 0;
}

export const QUANTITY_FUNCTIONS: Library = {
  quantity: ([text]) => {
    if (typeof text !== "string") return undefined;
    const quantity = parse(text);
    if (quantity !== undefined) return make(quantity);
    throw new CelError(
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    );
  },
  isQuantity: ([text]) => (typeof text === "string" ? parse(text) !== undefined : undefined),
  compareTo: withOther((a, b) => BigInt(Math.sign(compareQuantities(a, b)))),
  isGreaterThan: withOther((a, b) => compareQuantities(a, b) > 0),
  isLessThan: withOther((a, b) => compareQuantities(a, b) < 0),
  add: withOther((a, b) => make(addQuantities(a, b))),
  sub: withOther((a, b) => make(addQuantities(a, negateQuantity(b)))),
  sign: onOne((quantity) => BigInt(Math.sign(compareQuantities(quantity, 0n)))),
  isInteger: onOne(isWhole),
  asInteger: onOne((quantity) => {
    if (isWhole(quantity)) return scaledValue(quantity, 0);
    throw new CelError("cannot convert value to integer");
  }),
  asApproximateFloat: onOne((quantity) => Number(scaledValue(quantity, -9)) / 1e9),
};

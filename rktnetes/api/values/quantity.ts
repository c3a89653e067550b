/**
 * Amounts of resources as Kubernetes writes them: `1500m`, `2Gi`, `1e3`. In: text. Out: an exact
 * decimal number with the family of its suffix, and the canonical text of it.
 *
 * A text that is already canonical, or nearly so, stays as it is written, `1.500` and `+5` too:
 * clients see what Go's `resource.Quantity` remembers. Amounts never pass through a double.
 */
import { Fault } from "@shared/base";

export type QuantityFormat = "decimal" | "binary" | "exponent";

/** `unscaled × 10^exponent`. */
export interface Quantity {
  readonly unscaled: bigint;
  readonly exponent: number;
  readonly format: QuantityFormat;
  /** The text to write, where it stays as it was read. */
  readonly text?: string;
}

const FORMAT_WRONG =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const NUMBER_WRONG = "unable to parse numeric part of quantity";
const SUFFIX_WRONG = "unable to parse quantity's suffix";

const DECIMAL: ReadonlyMap<string, number> = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);
const BINARY: ReadonlyMap<string, number> = new Map([
  ["Ki", 10],
  ["Mi", 20],
  ["Gi", 30],
  ["Ti", 40],
  ["Pi", 50],
  ["Ei", 60],
]);
const DECIMAL_SUFFIX = new Map([...DECIMAL].map(([suffix, exponent]) => [exponent, suffix]));
const BINARY_SUFFIX = new Map([...BINARY].map(([suffix, exponent]) => [exponent, suffix]));

const MAX_INT64 = 2n ** 63n - 1n;
/** Nothing smaller than a billionth is kept. */
const NANO = -9;
/** Exponents beyond this make numbers that nobody can mean and no machine can hold. */
const EXPONENT_MAX = 400;

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?/;
const SUFFIX = /^[eEinumkKMGTP]*[-+]?\d*$/;
/** Longer texts are no amounts of anything; arithmetic on them would take seconds. */
const TEXT_MAX = 1000;
/** The usual texts, which are canonical as they are. */
const PLAIN = /^(?!\d*000[mkMG]?$)[1-9]\d{0,8}[mkMG]?$/;

/** The exact amount that a text means. A text that is none is a Fault in Go's words. */
export function parseQuantity(text: string): Quantity {
  if (text === "") throw new Fault("invalid", FORMAT_WRONG);
  if (text === "0") return { unscaled: 0n, exponent: 0, format: "decimal", text };
  const parts = readParts(text);
  const { base, exponent, format } = readSuffix(parts.suffix);
  return exactly(parts, base, exponent, format) ?? rounded(parts, base, exponent, format);
}

/** What an object that holds this quantity shows. */
export function canonicalQuantity(text: string): string {
  return PLAIN.test(text) ? text : formatQuantity(parseQuantity(text));
}

interface Parts {
  readonly text: string;
  readonly negative: boolean;
  /** Digits before the point, without leading zeros but at least one. */
  readonly whole: string;
  readonly fraction: string;
  /** As it was written: sign, zeros and all. */
  readonly value: string;
  readonly suffix: string;
}

function readParts(text: string): Parts {
  const match = NUMBER.exec(text);
  const [number = "", sign = "", zeros = "", fraction = ""] = match ?? [];
  const suffix = text.slice(number.length);
  if (text.length > TEXT_MAX || !SUFFIX.test(suffix)) throw new Fault("invalid", FORMAT_WRONG);
  const digits = zeros.replace(/^0+/, "");
  return {
    text,
    negative: sign === "-",
    whole: digits === "" ? "0" : digits,
    fraction,
    value: number,
    suffix,
  };
}

interface Suffix {
  readonly base: 2 | 10;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

function readSuffix(suffix: string): Suffix {
  const decimal = DECIMAL.get(suffix);
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: "decimal" };
  const binary = BINARY.get(suffix);
  if (binary !== undefined) return { base: 2, exponent: binary, format: "binary" };
  const exponent = /^[eE]([-+]?\d+)$/.exec(suffix)?.[1];
  if (exponent === undefined || Math.abs(Number(exponent)) > EXPONENT_MAX) {
    throw new Fault("invalid", SUFFIX_WRONG);
  }
  return { base: 10, exponent: Number(exponent), format: "exponent" };
}

/** Amounts that fit into 64 bits and lose nothing; only of these the text may stay. */
function exactly(
  parts: Parts,
  base: 2 | 10,
  exponent: number,
  format: QuantityFormat,
): Quantity | undefined {
  const { text, whole, fraction } = parts;
  const room =
    base === 10
      ? 18 - (whole.length + fraction.length)
      : fraction === ""
        ? 15 - whole.length - Math.trunc((exponent * 3) / 10) - 1
        : -1;
  const scale = (base === 10 ? exponent : 0) - fraction.length;
  if (room < 0 || scale < NANO) return undefined;
  const digits = whole + fraction;
  const value = BigInt(digits);
  const amount = base === 2 ? value << BigInt(exponent) : value;
  const stays =
    base === 2
      ? (value & 7n) !== 0n
      : scale % 3 === 0 && !digits.endsWith("000") && !digits.startsWith("0");
  const unscaled = parts.negative ? -amount : amount;
  return { unscaled, exponent: scale, format, ...(stays ? { text } : {}) };
}

/** Amounts that need rounding up to a billionth, or more than 64 bits. */
function rounded(parts: Parts, base: 2 | 10, exponent: number, format: QuantityFormat): Quantity {
  if (!/\d/.test(parts.value)) throw new Fault("invalid", NUMBER_WRONG);
  let unscaled = BigInt(parts.whole + parts.fraction);
  let scale = -parts.fraction.length;
  if (base === 10) scale += exponent;
  else unscaled <<= BigInt(exponent);
  if (scale < NANO) {
    unscaled = divideUp(unscaled, 10n ** BigInt(NANO - scale));
    scale = NANO;
  }
  let kept = format;
  if (format === "binary") {
    const one = 10n ** BigInt(-scale);
    if (unscaled > MAX_INT64 * one) unscaled = MAX_INT64 * one;
    if (unscaled > 0n && unscaled < one) kept = "decimal";
  }
  return { unscaled: parts.negative ? -unscaled : unscaled, exponent: scale, format: kept };
}

function divideUp(amount: bigint, by: bigint): bigint {
  return amount < 0n ? -divideUp(-amount, by) : (amount + by - 1n) / by;
}

/** The canonical text: no fraction, the largest suffix that loses nothing. */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.text !== undefined) return quantity.text;
  if (quantity.unscaled === 0n) return "0";
  if (quantity.format === "binary") {
    const whole = wholeAmount(quantity);
    const isSmall =
      compareQuantities(quantity, 1024n) < 0 && compareQuantities(quantity, -1024n) > 0;
    if (whole !== undefined && !isSmall) return formatBinary(whole);
  }
  return formatDecimal(quantity);
}

function formatBinary(whole: bigint): string {
  let amount = whole;
  let exponent = 0;
  while (amount % 1024n === 0n) {
    amount /= 1024n;
    exponent += 10;
  }
  return `${amount}${BINARY_SUFFIX.get(exponent) ?? ""}`;
}

function formatDecimal({ unscaled, exponent, format }: Quantity): string {
  let amount = unscaled;
  let scale = exponent;
  while (amount % 10n === 0n) {
    amount /= 10n;
    scale++;
  }
  while (scale % 3 !== 0) {
    amount *= 10n;
    scale--;
  }
  if (format === "exponent") return scale === 0 ? `${amount}` : `${amount}e${scale}`;
  return `${amount}${DECIMAL_SUFFIX.get(scale) ?? ""}`;
}

/** Undefined where the amount has a fraction. */
function wholeAmount({ unscaled, exponent }: Quantity): bigint | undefined {
  if (exponent >= 0) return unscaled * 10n ** BigInt(exponent);
  const one = 10n ** BigInt(-exponent);
  return unscaled % one === 0n ? unscaled / one : undefined;
}

/** Below 0 when `a` is less, above when it is more; a bigint is a whole amount. */
export function compareQuantities(a: Quantity, b: Quantity | bigint): number {
  const other = typeof b === "bigint" ? { unscaled: b, exponent: 0 } : b;
  const scale = Math.min(a.exponent, other.exponent);
  const left = a.unscaled * 10n ** BigInt(a.exponent - scale);
  const right = other.unscaled * 10n ** BigInt(other.exponent - scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The sum, in the family of the first, or of the second where the first is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  const scale = Math.min(a.exponent, b.exponent);
  const left = a.unscaled * 10n ** BigInt(a.exponent - scale);
  const right = b.unscaled * 10n ** BigInt(b.exponent - scale);
  const format = a.unscaled === 0n ? b.format : a.format;
  return { unscaled: left + right, exponent: scale, format };
}

export function negateQuantity({ unscaled, exponent, format }: Quantity): Quantity {
  return { unscaled: -unscaled, exponent, format };
}

/** Rounded away from zero to a multiple of `10^exponent`: -3 for thousandths. */
export function roundUpQuantity(quantity: Quantity, exponent: number): Quantity {
  const { format } = quantity;
  if (quantity.exponent >= exponent) {
    return { unscaled: quantity.unscaled, exponent: quantity.exponent, format };
  }
  const by = 10n ** BigInt(exponent - quantity.exponent);
  return { unscaled: divideUp(quantity.unscaled, by), exponent, format };
}

/** The amount in units of `10^exponent`, rounded up: `Value()` at 0, `MilliValue()` at -3. */
export function scaledValue(quantity: Quantity, exponent: number): bigint {
  const { unscaled, exponent: scale } = roundUpQuantity(quantity, exponent);
  return unscaled * 10n ** BigInt(scale - exponent);
}

/**
 * Resource quantities such as `128M`, `16Mi`, `500m`, `1e3`: text flows in, an exact amount flows out. All arithmetic is in
 * whole billionths, nothing is ever a float.
 *
 * @see appc 0.8.11, ace.md "Resource Isolators"; Kubernetes' resource.Quantity is the same notation
 */
import { Fault, quote } from "@shared/base";

export interface Quantity {
  /** The amount in billionths, rounded away from zero. */
  readonly nano: bigint;
}

const FORMAT = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const FORMAT_WORDS = "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const NANO = 1_000_000_000n;
/** What Go holds in 64 bits; binary amounts above it are cut to it. */
const LARGEST = (1n << 63n) - 1n;
/** More digits than any amount needs; keeps the arithmetic bounded. */
const LONGEST = 64;

const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY: Readonly<Record<string, bigint>> = {
  Ki: 10n,
  Mi: 20n,
  Gi: 30n,
  Ti: 40n,
  Pi: 50n,
  Ei: 60n,
};

/** The amount; a Fault with the words of the appc library where the text is none. */
export function parseQuantity(text: string): Quantity {
  const match = text.length <= LONGEST ? FORMAT.exec(text) : null;
  const [, sign = "", whole = "", fraction = "", suffix = ""] = match ?? [];
  if (match === null || whole + fraction === "") {
    throw new Fault("invalid", `quantities must match the regular expression ${FORMAT_WORDS}`);
  }
  const digits = BigInt(whole + fraction);
  const amount = scaled(digits, fraction.length, suffix);
  return { nano: sign === "-" ? -amount : amount };
}

/** The amount in whole units, rounded away from zero, cut to what a number holds exactly. */
export function wholeUnits(quantity: Quantity): number {
  return rounded(quantity.nano, NANO);
}

/** The amount in thousandths, rounded away from zero. */
export function thousandths(quantity: Quantity): number {
  return rounded(quantity.nano, NANO / 1000n);
}

function scaled(digits: bigint, decimals: number, suffix: string): bigint {
  const bits = Object.hasOwn(BINARY, suffix) ? BINARY[suffix] : undefined;
  if (bits !== undefined) {
    const nano = divideUp((digits << bits) * NANO, 10n ** BigInt(decimals));
    return nano > LARGEST * NANO ? LARGEST * NANO : nano;
  }
  const exponent = decimalExponent(suffix) + 9 - decimals;
  return exponent >= 0
    ? digits * 10n ** BigInt(exponent)
    : divideUp(digits, 10n ** BigInt(-exponent));
}

function decimalExponent(suffix: string): number {
  const known = Object.hasOwn(DECIMAL, suffix) ? DECIMAL[suffix] : undefined;
  const exponent = known ?? Number(/^[eE]([+-]?[0-9]+)$/.exec(suffix)?.[1] ?? Number.NaN);
  if (Number.isNaN(exponent)) {
    throw new Fault("invalid", "unable to parse quantity's suffix", {
      hint: `know n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei and exponents, not ${quote(suffix)}`,
    });
  }
  if (Math.abs(exponent) > 60) throw new Fault("invalid", "unable to parse quantity's suffix");
  return exponent;
}

function divideUp(amount: bigint, by: bigint): bigint {
  return (amount + by - 1n) / by;
}

function rounded(nano: bigint, unit: bigint): number {
  const size = divideUp(nano < 0n ? -nano : nano, unit);
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  const kept = Number(size > most ? most : size);
  return nano < 0n ? 0 - kept : kept;
}

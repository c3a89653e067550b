/**
 * Resource quantities such as `128M`, `16Mi`, `500m`, `1e3`: text flows in, an exact amount flows
 * out. All arithmetic is in whole billionths, nothing is ever a float.
 *
 * @see appc 0.8.11, ace.md "Resource Isolators"; Kubernetes' resource.Quantity is the same notation
 */
import { Fault, quote } from "@shared/base";

/** An exact amount of a resource; may be negative. */
export interface Quantity {
  /** How it was written, and so how it is printed: `12M`, `12Mi`, `12e6`. */
  readonly format: "decimal" | "binary" | "exponent";
  /** The amount in billionths, rounded away from zero. */
  readonly nano: bigint;
}

const FORMAT = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const FORMAT_WORDS = "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const NANO = 1_000_000_000n;
/** What Go holds in 64 bits; binary amounts above it are cut to it. */
const LARGEST = (1n << 63n) - 1n;
const KNOWN = "n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei";
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
  return { format: formatOf(suffix), nano: sign === "-" ? -amount : amount };
}

/** The amount in its shortest form, as Go prints it: `1024Mi` → `1Gi`, `0.5` → `500m`. */
export function printQuantity({ format, nano }: Quantity): string {
  if (nano === 0n) return "0";
  const units = nano / NANO;
  const small = nano % NANO !== 0n || (units > -1024n && units < 1024n);
  if (format === "binary" && !small) return printBinary(units);
  let [mantissa, exponent] = [nano, -9];
  while (mantissa % 1000n === 0n && exponent < 18) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (format === "exponent") return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
  const suffix = Object.entries(DECIMAL).find(([, each]) => each === exponent)?.[0] ?? "";
  return `${mantissa}${suffix}`;
}

/** The amount in whole units, rounded away from zero, cut to what a number holds exactly. */
export function wholeUnits(quantity: Quantity): number {
  return rounded(quantity.nano, NANO);
}

/** The amount in thousandths, rounded away from zero. */
export function thousandths(quantity: Quantity): number {
  return rounded(quantity.nano, NANO / 1000n);
}

function formatOf(suffix: string): Quantity["format"] {
  if (Object.hasOwn(BINARY, suffix)) return "binary";
  return /^[eE]./.test(suffix) ? "exponent" : "decimal";
}

function printBinary(units: bigint): string {
  let [mantissa, suffix] = [units, ""];
  for (const next of Object.keys(BINARY)) {
    if (mantissa % 1024n !== 0n) break;
    mantissa /= 1024n;
    suffix = next;
  }
  return `${mantissa}${suffix}`;
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
      hint: `know ${KNOWN} and exponents, not ${quote(suffix)}`,
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

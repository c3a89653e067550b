/**
 * Lengths of time as Go writes them: `1h0m0s`, `1.5s`, `300ms`. In: text or nanoseconds. Out: the
 * other. Exact to the nanosecond.
 */
import { Fault, quote } from "@shared/base";

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["µs", 1_000n],
  ["μs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);
const MAX = 2n ** 63n;
/** More digits are beyond 64 bits in any unit, unless they are zeros. */
const DIGITS_MAX = 40;

/** Nanoseconds; a text that is no duration is a Fault in the words of Go's time.ParseDuration. */
export function parseGoDuration(text: string): bigint {
  const invalid = new Fault("invalid", `time: invalid duration ${quote(text)}`);
  const negative = text.startsWith("-");
  let rest = text.replace(/^[-+]/, "");
  if (rest === "0") return 0n;
  if (rest === "") throw invalid;
  let total = 0n;
  while (rest !== "") {
    const match = /^(\d*)(?:\.(\d*))?([^\d.]*)/.exec(rest);
    const [whole = "", digits = "", fraction = "", unit = ""] = match ?? [];
    if ((digits === "" && fraction === "") || digits.length > DIGITS_MAX) throw invalid;
    if (unit === "") {
      throw new Fault("invalid", `time: missing unit in duration ${quote(text)}`);
    }
    const size = UNITS.get(unit);
    if (size === undefined) {
      throw new Fault("invalid", `time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    }
    const part = fraction.slice(0, 20);
    total += BigInt(digits || "0") * size;
    total += (BigInt(part || "0") * size) / 10n ** BigInt(part.length);
    if (total > MAX) throw invalid;
    rest = rest.slice(whole.length);
  }
  if (!negative && total === MAX) throw invalid;
  return negative ? -total : total;
}

/** `5400000000000n` → `1h30m0s`; below a second the largest unit that leaves no zero before it. */
export function formatGoDuration(nanos: bigint): string {
  if (nanos === 0n) return "0s";
  const sign = nanos < 0n ? "-" : "";
  const total = nanos < 0n ? -nanos : nanos;
  if (total < 1_000n) return `${sign}${total}ns`;
  if (total < 1_000_000n) return `${sign}${decimal(total, 3)}µs`;
  if (total < 1_000_000_000n) return `${sign}${decimal(total, 6)}ms`;
  const seconds = `${decimal(total % 60_000_000_000n, 9)}s`;
  const minutes = total / 60_000_000_000n;
  if (minutes === 0n) return sign + seconds;
  const hours = minutes / 60n;
  return `${sign}${hours === 0n ? "" : `${hours}h`}${minutes % 60n}m${seconds}`;
}

function decimal(amount: bigint, places: number): string {
  const unit = 10n ** BigInt(places);
  const fraction = String(amount % unit)
    .padStart(places, "0")
    .replace(/0+$/, "");
  return `${amount / unit}${fraction === "" ? "" : `.${fraction}`}`;
}

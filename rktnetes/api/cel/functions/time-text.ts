/** Times and durations as texts. Pure. */
import { formatGoDuration, parseGoDuration } from "../../values/duration.ts";
import { parseInstant } from "../../values/time.ts";
import { CelError, Duration, Timestamp } from "../values.ts";

const NANOS = 1_000_000_000n;

/** @throws {CelError} */
export function parseDuration(text: string): Duration {
  try {
    return new Duration(parseGoDuration(text));
  } catch {
    throw new CelError(`time: invalid duration ${JSON.stringify(text)}`);
  }
}

/** @throws {CelError} */
export function parseTimestamp(text: string): Timestamp {
  return checkedTimestamp(nanosOf(text));
}

function nanosOf(text: string): bigint {
  try {
    const { seconds, nanos } = parseInstant(text);
    return BigInt(seconds) * NANOS + BigInt(nanos);
  } catch {
    throw new CelError(`parsing time ${JSON.stringify(text)} as RFC 3339: cannot parse`);
  }
}

const FIRST = -62_135_596_800n * NANOS;
const LAST = 253_402_300_800n * NANOS - 1n;

/** Times are of the years 1 to 9999. @throws {CelError} */
export function checkedTimestamp(nanos: bigint): Timestamp {
  if (nanos < FIRST || nanos > LAST) throw new CelError("timestamp overflow");
  return new Timestamp(nanos);
}

export function timestampText({ nanos }: Timestamp): string {
  const seconds = floorDivide(nanos, NANOS);
  const rest = nanos - seconds * NANOS;
  const base = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const fraction = rest === 0n ? "" : `.${String(rest).padStart(9, "0").replace(/0+$/, "")}`;
  return `${base}${fraction}Z`;
}

export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

/** CEL shows durations in seconds. */
export function durationText({ nanos }: Duration): string {
  const seconds = Number(nanos) / Number(NANOS);
  return `${seconds}s`;
}

/** As Go shows them: `1h30m0s`. */
export function goDurationText({ nanos }: Duration): string {
  return formatGoDuration(nanos);
}

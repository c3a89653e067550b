/** Values become values of another type. Pure. */
import {
  CelError,
  type CelValue,
  Duration,
  Opaque,
  Timestamp,
  TypeValue,
  typeName,
  Uint,
} from "../values.ts";
import { checkedInt, checkedUint } from "./arithmetic.ts";
import type { Library } from "./library.ts";
import {
  checkedTimestamp,
  durationText,
  parseDuration,
  parseTimestamp,
  timestampText,
} from "./time-text.ts";

function toInt([value]: readonly CelValue[]): CelValue | undefined {
  if (typeof value === "bigint") return value;
  if (value instanceof Uint) return checkedInt(value.value);
  if (typeof value === "number") {
    if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 63)
      throw new CelError("integer overflow");
    return BigInt(Math.trunc(value));
  }
  if (value instanceof Timestamp) return value.nanos / 1_000_000_000n;
  if (value instanceof Duration) return value.nanos;
  if (typeof value !== "string") return undefined;
  if (!/^[+-]?\d+$/.test(value)) {
    throw new CelError(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  return checkedInt(BigInt(value.replace(/^\+/, "")));
}

function toUint([value]: readonly CelValue[]): CelValue | undefined {
  if (value instanceof Uint) return value;
  if (typeof value === "bigint") return checkedUint(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value) || value < 0) throw new CelError("unsigned integer overflow");
    return checkedUint(BigInt(Math.trunc(value)));
  }
  if (typeof value !== "string") return undefined;
  if (!/^\d+$/.test(value)) {
    throw new CelError(`strconv.ParseUint: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  return checkedUint(BigInt(value));
}

function toDouble([value]: readonly CelValue[]): CelValue | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (typeof value !== "string") return undefined;
  const found = Number(value);
  if (value.trim() === "" || (Number.isNaN(found) && value !== "NaN")) {
    throw new CelError(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  return found;
}

export function doubleText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const text = String(value);
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

function toText([value]: readonly CelValue[]): CelValue | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (typeof value === "number") return doubleText(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  if (value instanceof Opaque) return value.text;
  if (!(value instanceof Uint8Array)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(value);
  } catch {
    throw new CelError("invalid UTF-8 in bytes, cannot convert to string");
  }
}

function toBool([value]: readonly CelValue[]): CelValue | undefined {
  if (typeof value === "boolean") return value;
  if (typeof value !== "string") return undefined;
  if (["true", "True", "TRUE", "t", "1"].includes(value)) return true;
  if (["false", "False", "FALSE", "f", "0"].includes(value)) return false;
  throw new CelError("type conversion error from 'string' to 'bool'");
}

export const CONVERSIONS: Library = {
  int: toInt,
  uint: toUint,
  double: toDouble,
  string: toText,
  bool: toBool,
  bytes: ([value]) => {
    if (value instanceof Uint8Array) return value;
    return typeof value === "string" ? Buffer.from(value) : undefined;
  },
  dyn: ([value]) => value,
  type: ([value = null]) => new TypeValue(typeName(value)),
  duration: ([value]) => {
    if (value instanceof Duration) return value;
    return typeof value === "string" ? parseDuration(value) : undefined;
  },
  timestamp: ([value]) => {
    if (value instanceof Timestamp) return value;
    if (typeof value === "bigint") return checkedTimestamp(value * 1_000_000_000n);
    return typeof value === "string" ? parseTimestamp(value) : undefined;
  },
};

/**
 * What CEL expressions work on. Integers are `bigint`, doubles `number`, unsigned integers their
 * own class; maps keep the type of their keys. In: values. Out: comparisons and names of types.
 */
import type { Json } from "../schema/schema.ts";

export class Uint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

export class Timestamp {
  /** Since the epoch. */
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class Duration {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export class TypeValue {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

export class Optional {
  readonly value: CelValue | undefined;

  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}

/** Values of libraries: quantities, addresses, authorizers. */
export class Opaque {
  /** As `kubernetes.Quantity`. */
  readonly type: string;
  readonly content: unknown;
  readonly text: string;
  /** What `value.field` finds; undefined for values without fields. */
  readonly fields: CelMap | undefined;

  constructor(type: string, content: unknown, text: string, fields?: CelMap) {
    this.type = type;
    this.content = content;
    this.text = text;
    this.fields = fields;
  }
}

export type MapKey = bigint | Uint | boolean | string;

/** A map; also an object of a declared type, whose fields are its keys. */
export class CelMap {
  readonly #entries = new Map<string, readonly [MapKey, CelValue]>();
  /** The declared type of an object; empty for maps. */
  readonly type: string;

  constructor(type: string = "") {
    this.type = type;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: CelValue): CelValue | undefined {
    const text = keyText(key);
    return text === undefined ? undefined : this.#entries.get(text)?.[1];
  }

  has(key: CelValue): boolean {
    const text = keyText(key);
    return text !== undefined && this.#entries.has(text);
  }

  set(key: MapKey, value: CelValue): void {
    this.#entries.set(keyText(key) ?? "", [key, value]);
  }

  entries(): readonly (readonly [MapKey, CelValue])[] {
    return [...this.#entries.values()];
  }
}

export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint
  | Uint8Array
  | Timestamp
  | Duration
  | TypeValue
  | Optional
  | Opaque
  | CelMap
  | readonly CelValue[];

/** Whole numbers of any type are the same key. */
function keyText(key: CelValue): string | undefined {
  if (typeof key === "string") return `s${key}`;
  if (typeof key === "bigint") return `n${key}`;
  if (typeof key === "boolean") return `b${key}`;
  if (key instanceof Uint) return `n${key.value}`;
  if (typeof key === "number" && Number.isInteger(key)) return `n${BigInt(key)}`;
  return undefined;
}

/** An expression that has no value: what it says is told to whoever wrote it. */
export class CelError extends Error {}

export function isList(value: CelValue): value is readonly CelValue[] {
  return Array.isArray(value);
}

/** As `type(x)` prints it. */
export function typeName(value: CelValue): string {
  if (value === null) return "null_type";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return "double";
  if (typeof value === "string") return "string";
  if (isList(value)) return "list";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof Uint) return "uint";
  if (value instanceof Timestamp) return "google.protobuf.Timestamp";
  if (value instanceof Duration) return "google.protobuf.Duration";
  if (value instanceof TypeValue) return "type";
  if (value instanceof Optional) return "optional_type";
  if (value instanceof Opaque) return value.type;
  return value.type === "" ? "map" : value.type;
}

/** A number of any type, for comparisons between types. */
function numberOf(value: CelValue): bigint | number | undefined {
  if (typeof value === "bigint" || typeof value === "number") return value;
  return value instanceof Uint ? value.value : undefined;
}

/** Whole numbers become doubles where one of two is one. */
function isMixed(left: bigint | number, right: bigint | number): boolean {
  return typeof left !== typeof right;
}

export function equal(left: CelValue, right: CelValue): boolean {
  const [a, b] = [numberOf(left), numberOf(right)];
  // oxlint-disable-next-line eqeqeq -- whole numbers and doubles are compared by value
  if (a !== undefined && b !== undefined) return isMixed(a, b) ? Number(a) === Number(b) : a == b;
  if (left === right) return true;
  if (isList(left) && isList(right)) {
    return left.length === right.length && left.every((item, at) => equal(item, right[at] ?? null));
  }
  if (left instanceof CelMap && right instanceof CelMap) return equalMaps(left, right);
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    return Buffer.compare(left, right) === 0;
  }
  if (left instanceof Timestamp && right instanceof Timestamp) return left.nanos === right.nanos;
  if (left instanceof Duration && right instanceof Duration) return left.nanos === right.nanos;
  if (left instanceof TypeValue && right instanceof TypeValue) return left.name === right.name;
  if (left instanceof Optional && right instanceof Optional) {
    if (left.value === undefined || right.value === undefined) return left.value === right.value;
    return equal(left.value, right.value);
  }
  if (left instanceof Opaque && right instanceof Opaque) {
    return left.type === right.type && left.text === right.text;
  }
  return false;
}

function equalMaps(left: CelMap, right: CelMap): boolean {
  if (left.size !== right.size) return false;
  return left.entries().every(([key, value]) => {
    const other = right.get(key);
    return other !== undefined && equal(value, other);
  });
}

/** Negative, zero, positive; undefined where the values have no order. */
export function compare(left: CelValue, right: CelValue): number | undefined {
  const [first, second] = [numberOf(left), numberOf(right)];
  if (first !== undefined && second !== undefined) {
    const isDouble = isMixed(first, second);
    const [a, b] = isDouble ? [Number(first), Number(second)] : [first, second];
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (typeof left === "string" && typeof right === "string") {
    return Buffer.compare(Buffer.from(left), Buffer.from(right));
  }
  if (typeof left === "boolean" && typeof right === "boolean") return Number(left) - Number(right);
  if (left instanceof Uint8Array && right instanceof Uint8Array) return Buffer.compare(left, right);
  if (left instanceof Timestamp && right instanceof Timestamp)
    return order(left.nanos, right.nanos);
  if (left instanceof Duration && right instanceof Duration) return order(left.nanos, right.nanos);
  return undefined;
}

function order(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A value as JSON; absent optionals are null. @throws {CelError} for what JSON has no form of */
export function toJson(value: CelValue): Json {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (isList(value)) return value.map(toJson);
  if (value instanceof Uint) return toJson(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value instanceof Optional) return value.value === undefined ? null : toJson(value.value);
  if (value instanceof Opaque) return value.text;
  if (!(value instanceof CelMap)) throw new CelError(`cannot convert ${typeName(value)} to JSON`);
  return Object.fromEntries(value.entries().map(([key, each]) => [keyName(key), toJson(each)]));
}

/** A key of a map or a list as text. */
export function keyName(key: CelValue): string {
  if (typeof key === "string") return key;
  if (key instanceof Uint) return String(key.value);
  const isPlain = typeof key === "bigint" || typeof key === "boolean" || typeof key === "number";
  return isPlain ? String(key) : typeName(key);
}

/** Any JSON without a declared type. */
export function fromJson(value: Json | undefined): CelValue {
  if (value === undefined || value === null) return null;
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(fromJson);
  const map = new CelMap();
  for (const key of Object.keys(value)) map.set(key, fromJson(value[key]));
  return map;
}

/** Types as the checker knows them. */

export interface CelType {
  /**
   * `dyn`, `bool`, `int`, `uint`, `double`, `string`, `bytes`, `null`, `timestamp`, `duration`,
   * `type`, `list`, `map`, `optional`, `object`, `error`, or the name of a library's type. A single
   * upper-case letter stands for any type, the same one within a signature.
   */
  readonly name: string;
  /** Item of a list; key and value of a map; content of an optional. */
  readonly of?: readonly CelType[];
  /** Fields of an object. */
  readonly fields?: ReadonlyMap<string, CelType>;
  /** What an object is called in messages. */
  readonly title?: string;
  /** How long a text, list or map of this place may get: characters, items, keys. */
  readonly maxSize?: number;
}

export const DYN: CelType = { name: "dyn" };
export const BOOL: CelType = { name: "bool" };
export const INT: CelType = { name: "int" };
export const UINT: CelType = { name: "uint" };
export const DOUBLE: CelType = { name: "double" };
export const STRING: CelType = { name: "string" };
export const BYTES: CelType = { name: "bytes" };
export const NULL: CelType = { name: "null" };
export const TIMESTAMP: CelType = { name: "timestamp" };
export const DURATION: CelType = { name: "duration" };
export const ERROR: CelType = { name: "error" };

export function listOf(item: CelType): CelType {
  return { name: "list", of: [item] };
}

export function mapOf(key: CelType, value: CelType): CelType {
  return { name: "map", of: [key, value] };
}

export function optionalOf(type: CelType): CelType {
  return { name: "optional", of: [type] };
}

const SHOWN: Readonly<Record<string, string>> = {
  timestamp: "timestamp",
  duration: "duration",
  optional: "optional_type",
  null: "null",
};

/** A type as it stands in messages. */
export function typeText({ name, of, title }: CelType): string {
  if (name === "object") return title ?? "object";
  const shown = SHOWN[name] ?? name;
  return of === undefined ? shown : `${shown}(${of.map(typeText).join(", ")})`;
}

/** The item of a list, the value of a map, the content of an optional. */
export function itemOf({ name, of }: CelType): CelType {
  return (name === "map" ? of?.[1] : of?.[0]) ?? DYN;
}

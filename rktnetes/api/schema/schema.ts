/**
 * What is known about the fields of a type: the one description that decoding, defaults, patches,
 * server-side apply, protobuf and OpenAPI all read. Built-in types come from generated tables,
 * custom ones from a structural schema; whoever reads a Schema cannot tell them apart.
 */

/** JSON as it is after parsing. Integers that a double cannot hold are `bigint`. */
export type Json = null | boolean | number | bigint | string | Json[] | JsonObject;
/** A JSON object; made with `Object.create(null)` or checked keys where keys come from outside. */
export interface JsonObject {
  [key: string]: Json;
}

/** How JSON of a field reads, and what it becomes. */
export type Scalar =
  | "string"
  | "bytes"
  | "boolean"
  | "int32"
  | "int64"
  | "double"
  | "quantity"
  | "int-or-string"
  | "time"
  | "micro-time"
  | "duration"
  /** Any JSON, kept as it is. */
  | "any"
  /** JSON schemas of custom kinds: a boolean, list or list of strings may stand for a schema. */
  | "json-schema-or-bool"
  | "json-schema-or-array"
  | "json-schema-or-strings";

/** How server-side apply sees a list. */
export type ListType = "atomic" | "set" | "map";

/** One field of an object: its type and what decoding, writing and patching do with it. */
export interface FieldSchema {
  /** Field number on the protobuf wire; absent for types that have no protobuf form. */
  readonly number?: number;
  /**
   * Protobuf: the field numbers, outermost first, of the nested messages that hold this field; JSON
   * has it inline.
   */
  readonly within?: readonly number[];
  readonly type: TypeSchema;
  /**
   * The field is written even when it has Go's zero value (no `omitempty`). That value is null for
   * pointers, lists, maps and times, `{}` for objects, else 0, "" or false.
   */
  readonly alwaysWritten?: boolean;
  /** Absent differs from zero: 0, "", false and `{}` are kept when they are given. */
  readonly pointer?: boolean;
  /** Filled in when the field is absent from a decoded object. */
  readonly default?: Json;
  /** Strategic merge: how the lists or objects of two sides are joined. */
  readonly patchStrategy?: readonly ("merge" | "retainKeys" | "replace")[];
  readonly patchMergeKey?: string;
}

/** An object with named fields, in the order in which they are written. May contain itself. */
export interface ObjectSchema {
  readonly kind: "object";
  /** Full name, as `io.k8s.api.core.v1.PodSpec`; absent for nameless objects of custom kinds. */
  readonly name?: string;
  /** Go's name of the type, as `v1.PodSpec`: it stands in messages. */
  readonly goType?: string;
  readonly fields: ReadonlyMap<string, FieldSchema>;
  readonly required: readonly string[];
  /** Server-side apply: the whole object is one field. */
  readonly atomic?: boolean;
  /** Custom kinds: fields that are not listed are kept. */
  readonly keepsUnknown?: boolean;
  /** Custom kinds: the schema of the whole object, by which it is read, filled in and judged. */
  readonly structural?: Structural;
}

/** A structural schema: the JSON schema of a custom kind, taken apart. @see structural/ */
export interface Structural {
  /** `object`, `array`, `string`, `integer`, `number`, `boolean`; empty where none is given. */
  readonly type: string;
  readonly properties: ReadonlyMap<string, Structural>;
  /** Values of keys that are no properties. True for any. */
  readonly additional?: Structural | true;
  readonly items?: Structural;
  readonly default?: Json;
  readonly nullable: boolean;
  readonly intOrString: boolean;
  /** The value is an object with apiVersion, kind and metadata of its own. */
  readonly embedded: boolean;
  readonly preserves: boolean;
  readonly listType: ListType;
  readonly listKeys: readonly string[];
  readonly atomicMap: boolean;
  /** The JSON schema as it was given: limits, patterns, alternatives, rules. */
  readonly source: JsonObject;
}

/** An object with keys from outside, all values of one type. */
export interface MapSchema {
  readonly kind: "map";
  /** Go's name of the type, as `v1.ResourceList`, where it has one. */
  readonly goType?: string;
  readonly values: TypeSchema;
  readonly atomic?: boolean;
}

/** A list, all items of one type. */
export interface ListSchema {
  readonly kind: "list";
  /** Go's name of the type, where it has one. */
  readonly goType?: string;
  readonly items: TypeSchema;
  readonly listType: ListType;
  /** For `map`: the fields of an item that together name it. */
  readonly keys: readonly string[];
}

/** One JSON value that has no fields, or whose fields nobody looks at. */
export interface ScalarSchema {
  readonly kind: "scalar";
  readonly scalar: Scalar;
  /** Go's name of the type, as `v1.PodPhase`, where it has one. */
  readonly goType?: string;
  readonly enum?: readonly string[];
  readonly nullable?: boolean;
  /** Of `any`: objects in it are joined by key, where they are otherwise one value. */
  readonly deduced?: boolean;
}

/** Any type; `kind` tells which. */
export type TypeSchema = ObjectSchema | MapSchema | ListSchema | ScalarSchema;

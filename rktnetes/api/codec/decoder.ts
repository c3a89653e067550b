/**
 * The walk of `decode.ts` over a tree and a schema side by side. In: a tree of plain values, or of
 * `json-text.ts` where it was read exactly. Out: the object, the first fault, the strict problems.
 *
 * The quick walk counts members and only notes that something is wrong; the exact one keeps track
 * of where it is and says what.
 */
import { Fault, quote } from "@shared/base";

import { findDefinition } from "../kinds/load.ts";
import type {
  FieldSchema,
  Json,
  JsonObject,
  ListSchema,
  MapSchema,
  ObjectSchema,
  ScalarSchema,
  TypeSchema,
} from "../schema/schema.ts";
import { canonicalBase64 } from "../values/base64.ts";
import { formatGoDuration, parseGoDuration } from "../values/duration.ts";
import { canonicalQuantity } from "../values/quantity.ts";
import { canonicalMicroTime, canonicalTime } from "../values/time.ts";
import { goTypeOf } from "./go-type.ts";
import { crowded, Members, NumberLiteral } from "./json-text.ts";
import { fillAbsent, openObject, planOf } from "./plan.ts";
import {
  asObject,
  describe,
  exactInteger,
  isInt32,
  isObject,
  isZero,
  itemZero,
  MAX_INT64,
  MIN_INT64,
  shown,
  textOf,
} from "./tree.ts";
import type { Tree } from "./tree.ts";

const PROBLEMS_MAX = 100;
/** Objects and members of maps that one text may make: more could not be stored, but cost much. */
const PLACES_MAX = 100_000;
const JSON_SCHEMA = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

export class Decoder {
  /** Members seen so far, in all objects. */
  members = 0;
  /** The quick walk met something that the exact one must explain. */
  stumbled = false;
  fault: Fault | undefined;
  readonly #exact: boolean;
  readonly #problems: Set<string> = new Set();
  /** Where we are, as strict problems say it: `spec`, `.containers`, `[0]`. */
  readonly #path: string[] = [];
  /** Where we are, as Go's faults say it: names of fields only. */
  readonly #fields: string[] = [];
  #struct = "";
  #places = 0;
  /** Inside types that read their own JSON nothing is strict. */
  #lenient = 0;

  constructor(exact: boolean) {
    this.#exact = exact;
  }

  get problems(): readonly string[] {
    return [...this.#problems];
  }

  root(tree: Tree, schema: ObjectSchema): JsonObject | undefined {
    try {
      return this.#object(tree, schema, undefined);
    } catch (thrown) {
      // A type that reads its own JSON ends the whole decoding, as it does in Go.
      if (thrown === this.fault) return undefined;
      throw thrown;
    }
  }

  /** Undefined is what Go leaves out: nothing, or a zero value that `omitempty` hides. */
  #field(tree: Tree, field: FieldSchema, before: Json | undefined): Json | undefined {
    const { type } = field;
    if (tree === null) return this.#null(field, before);
    if (type.kind === "object") return this.#object(tree, type, before);
    if (type.kind === "list") return shown(this.#list(tree, type), field);
    if (type.kind === "map") return shown(this.#map(tree, type, before), field);
    const value = this.#scalar(tree, type);
    if (value === undefined) return before;
    const kept = field.pointer === true || field.alwaysWritten === true || !isZero(value);
    return kept ? value : undefined;
  }

  #null(field: FieldSchema, before: Json | undefined): Json | undefined {
    const { type, pointer } = field;
    const forgets = pointer || type.kind === "list" || type.kind === "map";
    return forgets || (type.kind === "scalar" && /time|bytes|any/.test(type.scalar))
      ? undefined
      : before;
  }

  #object(tree: Tree, schema: ObjectSchema, before: Json | undefined): JsonObject | undefined {
    if (typeof tree !== "object" || tree === null || Array.isArray(tree)) {
      if (tree !== null) this.#mismatch(tree, goTypeOf(schema));
      return asObject(before);
    }
    if (tree instanceof NumberLiteral) return this.#wrongNumber(tree, schema, before);
    this.#count();
    const plan = planOf(schema);
    const object = asObject(before) ?? (schema.keepsUnknown ? openObject() : {});
    const outer = this.#struct;
    this.#struct = schema.goType ?? "";
    if (tree instanceof Members) this.#exactMembers(tree, schema, object);
    else {
      for (const name in tree) {
        this.members++;
        const field = plan.byName.get(name);
        const value = tree[name] ?? null;
        if (field !== undefined) this.#member(object, name, { tree: value, field });
        else if (schema.keepsUnknown) object[name] = this.#any(value) ?? null;
        else this.#unknown(name);
      }
    }
    this.#struct = outer;
    return fillAbsent(object, plan);
  }

  #count(): void {
    if (++this.#places > PLACES_MAX) throw crowded(PLACES_MAX, "objects and members of maps");
  }

  #wrongNumber(
    tree: NumberLiteral,
    schema: ObjectSchema,
    before: Json | undefined,
  ): JsonObject | undefined {
    this.#mismatch(tree, goTypeOf(schema));
    return asObject(before);
  }

  #exactMembers(tree: Members, schema: ObjectSchema, object: JsonObject): void {
    const { byName } = planOf(schema);
    const seen = new Set<string>();
    for (const [at, name] of tree.keys.entries()) {
      const field = byName.get(name);
      const value = tree.values[at] ?? null;
      if (field === undefined) {
        if (schema.keepsUnknown) object[name] = this.#any(value) ?? null;
        else this.#unknown(name);
        continue;
      }
      if (seen.has(name)) this.#problem("duplicate", name);
      seen.add(name);
      this.#member(object, name, { tree: value, field });
    }
  }

  #member(
    object: JsonObject,
    name: string,
    { tree, field }: { tree: Tree; field: FieldSchema },
  ): void {
    if (this.#exact) this.#enter(name);
    const value = this.#field(tree, field, object[name]);
    if (value === undefined) delete object[name];
    else object[name] = value;
    if (this.#exact) this.#exit();
  }

  #enter(name: string): void {
    this.#fields.push(name);
    this.#path.push(this.#path.length > 0 ? `.${name}` : name);
  }

  #exit(): void {
    this.#fields.pop();
    this.#path.pop();
  }

  #unknown(name: string): void {
    this.stumbled = true;
    this.#problem("unknown", name);
  }

  #problem(what: "unknown" | "duplicate", name: string): void {
    if (!this.#exact || this.#lenient > 0 || this.#problems.size >= PROBLEMS_MAX) return;
    const path = this.#path.length > 0 ? `${this.#path.join("")}.${name}` : name;
    this.#problems.add(`${what} field ${quote(path)}`);
  }

  #list(tree: Tree, schema: ListSchema): Json[] | undefined {
    if (!Array.isArray(tree)) {
      this.#mismatch(tree, goTypeOf(schema));
      return undefined;
    }
    const items: Json[] = [];
    for (const [at, item] of tree.entries()) {
      if (this.#exact) this.#path.push(`[${at}]`);
      items.push(this.#item(item, schema.items));
      if (this.#exact) this.#path.pop();
    }
    return items;
  }

  /** A member of a list or map is never left out; null is its type's zero value. */
  #item(tree: Tree, type: TypeSchema): Json {
    if (tree === null) {
      if (type.kind === "object") this.#count();
      return itemZero(type);
    }
    if (type.kind === "object") return this.#object(tree, type, undefined) ?? itemZero(type);
    if (type.kind === "list") return this.#list(tree, type) ?? [];
    if (type.kind === "map") return this.#map(tree, type, undefined) ?? openObject();
    return this.#scalar(tree, type) ?? itemZero(type);
  }

  #map(tree: Tree, schema: MapSchema, before: Json | undefined): JsonObject | undefined {
    if (typeof tree !== "object" || tree === null || Array.isArray(tree)) {
      this.#mismatch(tree, goTypeOf(schema));
      return asObject(before);
    }
    if (tree instanceof NumberLiteral) {
      this.#mismatch(tree, goTypeOf(schema));
      return asObject(before);
    }
    const map = asObject(before) ?? openObject();
    if (!(tree instanceof Members)) {
      for (const key in tree) {
        this.members++;
        map[key] = this.#value(key, tree[key] ?? null, schema.values);
      }
      return map;
    }
    const seen = new Set<string>();
    for (const [at, key] of tree.keys.entries()) {
      if (seen.has(key)) this.#problem("duplicate", key);
      seen.add(key);
      map[key] = this.#value(key, tree.values[at] ?? null, schema.values);
    }
    return map;
  }

  #value(key: string, tree: Tree, type: TypeSchema): Json {
    if (type.kind !== "object") this.#count(); // objects are counted as such
    if (this.#exact) this.#path.push(this.#path.length > 0 ? `.${key}` : key);
    const value = this.#item(tree, type);
    if (this.#exact) this.#path.pop();
    return value;
  }

  #scalar(tree: Tree, schema: ScalarSchema): Json | undefined {
    switch (schema.scalar) {
      case "string":
        return typeof tree === "string" ? tree : this.#mismatch(tree, goTypeOf(schema));
      case "boolean":
        return typeof tree === "boolean" ? tree : this.#mismatch(tree, goTypeOf(schema));
      case "int32":
      case "int64":
        return this.#integer(tree, schema.scalar, goTypeOf(schema));
      case "double":
        return this.#double(tree, goTypeOf(schema));
      case "bytes":
        return this.#bytes(tree, goTypeOf(schema));
      case "any":
        return this.#any(tree);
      case "int-or-string":
        return typeof tree === "string"
          ? tree
          : this.#own(() => this.#integer(tree, "int32", "int32"));
      case "quantity":
        return this.#reads(() => canonicalQuantity(textOf(tree).trim()));
      case "time":
      case "micro-time":
      case "duration":
        return this.#textual(tree, schema.scalar);
      default:
        return this.#schemaOr(tree, schema.scalar);
    }
  }

  #textual(tree: Tree, scalar: "time" | "micro-time" | "duration"): Json | undefined {
    if (typeof tree !== "string") return this.#own(() => this.#mismatch(tree, "string"));
    return this.#reads(() => {
      if (scalar === "time") return canonicalTime(tree);
      if (scalar === "micro-time") return canonicalMicroTime(tree);
      return formatGoDuration(parseGoDuration(tree));
    });
  }

  #integer(tree: Tree, size: "int32" | "int64", goType: string): Json | undefined {
    if (typeof tree === "number") {
      const fits = Number.isInteger(tree) && (size === "int64" || isInt32(tree));
      return fits ? tree + 0 : this.#outOfRange(String(tree), goType);
    }
    if (typeof tree === "bigint") {
      const fits = size === "int64" && tree >= MIN_INT64 && tree <= MAX_INT64;
      return fits ? tree : this.#outOfRange(String(tree), goType);
    }
    if (!(tree instanceof NumberLiteral)) return this.#mismatch(tree, goType);
    if (!/^-?\d{1,19}$/.test(tree.text)) return this.#outOfRange(tree.text, goType);
    const value = exactInteger(tree.text);
    const fits = value !== undefined && size === "int64";
    return fits ? value : this.#outOfRange(tree.text, goType);
  }

  #double(tree: Tree, goType: string): Json | undefined {
    if (typeof tree === "number") return tree;
    if (typeof tree === "bigint") return Number(tree);
    if (!(tree instanceof NumberLiteral)) return this.#mismatch(tree, goType);
    const value = Number(tree.text);
    return Number.isFinite(value) ? value : this.#outOfRange(tree.text, goType);
  }

  #bytes(tree: Tree, goType: string): Json | undefined {
    if (typeof tree !== "string") return this.#mismatch(tree, goType);
    try {
      return canonicalBase64(tree);
    } catch (thrown) {
      return this.#save(Fault.from(thrown));
    }
  }

  /** Any JSON, kept. Its members count; nothing in it is strict. */
  #any(tree: Tree): Json | undefined {
    if (tree instanceof NumberLiteral) {
      const value = exactInteger(tree.text) ?? Number(tree.text);
      if (typeof value === "bigint" || Number.isFinite(value)) return value;
      return this.#outOfRange(tree.text, "float64");
    }
    if (typeof tree !== "object" || tree === null) return tree;
    if (Array.isArray(tree)) return tree.map((item: Tree) => this.#any(item) ?? null);
    const object = openObject();
    if (tree instanceof Members) {
      for (const [at, key] of tree.keys.entries()) {
        object[key] = this.#any(tree.values[at] ?? null) ?? null;
      }
      return object;
    }
    for (const key in tree) {
      this.members++;
      object[key] = this.#any(tree[key] ?? null) ?? null;
    }
    return object;
  }

  #schemaOr(tree: Tree, scalar: string): Json | undefined {
    const schema = findDefinition(JSON_SCHEMA);
    if (schema === undefined) throw new Fault("internal", `find the type ${quote(JSON_SCHEMA)}`);
    this.#lenient++;
    const value = this.#schemaOrOther(tree, scalar, schema);
    this.#lenient--;
    return value;
  }

  #schemaOrOther(tree: Tree, scalar: string, schema: ObjectSchema): Json | undefined {
    if (scalar === "json-schema-or-bool" && typeof tree === "boolean") return tree;
    if (isObject(tree)) return this.#own(() => this.#object(tree, schema, undefined));
    if (scalar === "json-schema-or-bool") {
      return this.#reads(() => {
        throw new Fault("invalid", "boolean or JSON schema expected");
      });
    }
    if (!Array.isArray(tree)) return undefined;
    const items: TypeSchema =
      scalar === "json-schema-or-array" ? schema : { kind: "scalar", scalar: "string" };
    return this.#own(() => tree.map((item: Tree) => this.#item(item, items)));
  }

  /** Runs what reads its own JSON: its fault ends the decoding, whatever was wrong before. */
  #own<T>(read: () => T): T {
    const before = this.fault;
    this.fault = undefined;
    const value = read();
    const found = this.#found();
    if (found !== undefined) throw found;
    this.fault = before;
    return value;
  }

  #found(): Fault | undefined {
    return this.fault;
  }

  #reads(read: () => Json | undefined): Json | undefined {
    try {
      return read();
    } catch (thrown) {
      this.stumbled = true;
      this.fault = Fault.from(thrown);
      throw this.fault;
    }
  }

  #mismatch(tree: Tree, goType: string): undefined {
    return this.#wrong(describe(tree), goType);
  }

  #outOfRange(text: string, goType: string): undefined {
    return this.#wrong(`number ${text}`, goType);
  }

  #wrong(what: string, goType: string): undefined {
    this.stumbled = true;
    if (!this.#exact) return undefined;
    const name = this.#struct.slice(this.#struct.lastIndexOf(".") + 1);
    const where =
      this.#fields.length > 0 ? `struct field ${name}.${this.#fields.join(".")}` : "value";
    const words = `json: cannot unmarshal ${what} into Go ${where} of type ${goType}`;
    return this.#save(new Fault("invalid", words));
  }

  #save(fault: Fault): undefined {
    this.stumbled = true;
    this.fault ??= fault;
    return undefined;
  }
}

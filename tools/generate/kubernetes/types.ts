/**
 * In: Go types of all packages. Out: each struct's fields as the tables write them: a name, a wire
 * number and a short type text.
 *
 * Type texts: `*` a pointer, `!` written even when zero, `[]` a list, `{}` a map, then a scalar or
 * the name of a struct, with `<file>.` before it where another file has it.
 */
import type { GoField, GoPackage, GoType } from "./go-source.ts";
import { PACKAGES, SCALAR_TYPES } from "./packages.ts";
import type { ApiPackage } from "./packages.ts";

export interface Struct {
  readonly of: ApiPackage;
  readonly name: string;
  readonly isKind: boolean;
  readonly fields: readonly TableField[];
}

export interface TableField {
  readonly name: string;
  /** `3`, `2.1` inside an embedded message, `-` where protobuf has none. */
  readonly number: string;
  readonly pointer: boolean;
  readonly alwaysWritten: boolean;
  /** Without `*` and `!`. */
  readonly type: string;
  /** Go's name of the type where it cannot be derived. */
  readonly goType: string | undefined;
}

interface Resolved {
  readonly type: string;
  readonly goType: string;
  /** Go writes it although `omitempty` is set: structs are never empty. */
  readonly structLike: boolean;
  readonly refers: readonly string[];
}

export type Packages = ReadonlyMap<string, GoPackage>;

const BASIC: Readonly<Record<string, string>> = {
  string: "string",
  bool: "boolean",
  int32: "int32",
  int64: "int64",
  float64: "double",
  "[]byte": "bytes",
  "interface{}": "any",
};

/** Every struct that a root reaches, in the order of its package's name. */
export function reachableStructs(packages: Packages, roots: readonly string[]): Struct[] {
  const found = new Map<string, Struct>();
  const waiting = [...roots];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (found.has(at)) continue;
    const { struct, refers } = readStruct(packages, at);
    found.set(at, struct);
    waiting.push(...refers);
  }
  return [...found.values()];
}

/** `core_v1.Pod` → what the tables say of it. */
function readStruct(packages: Packages, id: string): { struct: Struct; refers: string[] } {
  const [packageId = "", name = ""] = id.split(".");
  const of = PACKAGES.find((one) => one.id === packageId);
  const type = of && packages.get(of.importPath)?.types.get(name);
  if (of === undefined || type === undefined) throw unknownType(id, "the tables");
  const scope = new Scope(packages, of);
  const fields = scope.fields(type, "");
  const struct = { of, name, isKind: fields.isKind, fields: fields.fields };
  return { struct, refers: [...scope.refers] };
}

function unknownType(name: string, where: string): Error {
  return new Error(`find the Go type ${JSON.stringify(name)}, used in ${where}`);
}

/** Reads the fields of one struct and remembers which structs they need. */
class Scope {
  readonly refers: Set<string> = new Set();
  readonly #packages: Packages;
  readonly #of: ApiPackage;

  constructor(packages: Packages, of: ApiPackage) {
    this.#packages = packages;
    this.#of = of;
  }

  fields(type: GoType, within: string): { fields: TableField[]; isKind: boolean } {
    const fields: TableField[] = [];
    let isKind = false;
    for (const field of type.fields) {
      if (field.jsonName !== "") {
        fields.push(this.#field(field, type, within));
        continue;
      }
      const inner = this.#embedded(field, type);
      const typeMeta = inner.name === "TypeMeta";
      isKind ||= typeMeta;
      const prefix = typeMeta ? "-" : field.number === undefined ? "" : `${field.number}.`;
      fields.push(...this.fields(inner, within + prefix).fields);
    }
    return { fields, isKind };
  }

  #embedded(field: GoField, within: GoType): GoType {
    const { path, name } = this.#locate(field.type.replace(/^\*/, ""), within);
    const type = this.#packages.get(path)?.types.get(name);
    if (type === undefined) throw unknownType(field.type, within.name);
    return type;
  }

  #field(field: GoField, within: GoType, prefix: string): TableField {
    const pointer = field.type.startsWith("*");
    const text = pointer ? field.type.slice(1) : field.type;
    const resolved = this.resolve(text, within);
    for (const one of resolved.refers) this.refers.add(one);
    const always =
      !pointer && resolved.structLike ? !field.omitZero : !field.omitEmpty && !field.omitZero;
    return {
      name: field.jsonName,
      number:
        prefix.startsWith("-") || field.number === undefined ? "-" : `${prefix}${field.number}`,
      pointer,
      alwaysWritten: always,
      type: resolved.type,
      goType:
        resolved.goType === derivedGoType(resolved.type, this.#of.version)
          ? undefined
          : resolved.goType,
    };
  }

  resolve(text: string, within: GoType): Resolved {
    const basic = BASIC[text];
    if (basic !== undefined) {
      const goType = text === "[]byte" ? "[]uint8" : text;
      return { type: basic, goType, structLike: false, refers: [] };
    }
    const list = /^\[\](.*)$/.exec(text)?.[1];
    if (list !== undefined) return wrap("[]", "[]", this.resolve(list.replace(/^\*/, ""), within));
    const map = /^map\[([\w.]+)\](.*)$/.exec(text);
    if (map !== null) {
      const key = map[1] === "string" ? "string" : this.resolve(map[1] ?? "", within).goType;
      return wrap("{}", `map[${key}]`, this.resolve(map[2] ?? "", within));
    }
    return this.#named(text, within);
  }

  #named(text: string, within: GoType): Resolved {
    const { path, name } = this.#locate(text, within);
    const goType = `${path.slice(path.lastIndexOf("/") + 1)}.${name}`;
    const scalar = SCALAR_TYPES[`${path}.${name}`];
    if (scalar !== undefined) {
      return { type: scalar, goType, structLike: scalar !== "string", refers: [] };
    }
    const type = this.#packages.get(path)?.types.get(name);
    if (type === undefined) throw unknownType(text, within.name);
    if (type.underlying !== "struct") return { ...this.resolve(type.underlying, type), goType };
    const of = PACKAGES.find((one) => one.importPath === path);
    if (of === undefined) throw unknownType(text, within.name);
    const reference = of === this.#of ? name : `${of.id}.${name}`;
    return { type: reference, goType, structLike: true, refers: [`${of.id}.${name}`] };
  }

  /** Where a name of this file's scope is declared. */
  #locate(text: string, within: GoType): { path: string; name: string } {
    const [alias = "", name] = text.split(".");
    if (name !== undefined) return { path: within.imports.get(alias) ?? alias, name };
    const own = [...this.#packages.values()].find((one) => contains(one, within));
    return { path: own?.path ?? this.#of.importPath, name: alias };
  }
}

function contains(all: GoPackage, type: GoType): boolean {
  return all.types.get(type.name) === type;
}

function wrap(prefix: string, goPrefix: string, inner: Resolved): Resolved {
  const goType = goPrefix + inner.goType;
  return { type: prefix + inner.type, goType, structLike: false, refers: inner.refers };
}

/** What Go calls a type, as far as the table's text says it. */
function derivedGoType(type: string, version: string): string {
  if (type.startsWith("[]")) return `[]${derivedGoType(type.slice(2), version)}`;
  if (type.startsWith("{}")) return `map[string]${derivedGoType(type.slice(2), version)}`;
  const basic: Readonly<Record<string, string>> = {
    boolean: "bool",
    double: "float64",
    bytes: "[]uint8",
    any: "runtime.RawExtension",
    quantity: "resource.Quantity",
    "int-or-string": "intstr.IntOrString",
    time: "v1.Time",
    "micro-time": "v1.MicroTime",
    duration: "v1.Duration",
  };
  if (/^[a-z][a-z0-9-]*$/.test(type)) return basic[type] ?? type;
  const [id = "", name] = type.split(".");
  if (name === undefined) return `${version}.${type}`;
  return `${id.slice(id.lastIndexOf("_") + 1)}.${name}`;
}

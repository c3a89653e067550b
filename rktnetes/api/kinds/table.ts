/**
 * In: the text of a generated table (`generated/*.txt`), one line per kind, sub-resource, column,
 * type and field. Out: its kinds, and its types one by one as they are asked for.
 *
 * A field reads `<name> <number> <type> <words…>`; `-` is no number, `2.1` is field 1 of the
 * message in field 2. A type reads `!` (always written), `*` (pointer), `[]`, `{}`, then a scalar
 * or the name of a type, with its file before it when it is another one. Trusts what it reads.
 */
import { assert, quote } from "@shared/base";

import type { FieldSchema, Json, ObjectSchema, Scalar, TypeSchema } from "../schema/schema.ts";
import type { Column, GroupVersionKind, Kind, Subresource } from "./kind.ts";

/** Finds a type by the name of its file and its own: `core_v1`, `PodSpec`. */
export type FindType = (file: string, name: string) => ObjectSchema;

export interface Table {
  readonly group: string;
  readonly version: string;
  readonly kinds: readonly Kind[];
  /** Undefined when the table has no such type. */
  readonly type: (name: string) => ObjectSchema | undefined;
  /** Is the type an object with apiVersion and kind? */
  readonly isKind: (name: string) => boolean;
  readonly typeNames: () => IterableIterator<string>;
}

/** Reads the kinds of a table; types are only found, not read. */
export function readTable(file: string, text: string, find: FindType): Table {
  const types = text.split("\ntype ");
  const lines = (types.shift() ?? "").trimEnd().split("\n");
  const [, group = "", version = "", prefix = ""] = (lines[0] ?? "").split(" ");
  const blocks = new Map(types.map((block) => [wordUntil(block), block]));
  const scope: Scope = { file, version, prefix, find };
  const read = new Map<string, ObjectSchema>();
  const type = (name: string): ObjectSchema | undefined => {
    const known = read.get(name);
    const block = blocks.get(name);
    if (known !== undefined || block === undefined) return known;
    const made = new LazyObject(block, scope);
    read.set(name, made);
    return made;
  };
  const api = { group: group === "-" ? "" : group, version };
  return {
    ...api,
    kinds: readKinds(lines.slice(1), api, (name) => find(file, name)),
    type,
    isKind: (name) => /^\w+ kind\b/.test(blocks.get(name) ?? ""),
    typeNames: () => blocks.keys(),
  };
}

function wordUntil(text: string): string {
  return text.slice(0, text.search(/[ \n]|$/));
}

interface Scope {
  readonly file: string;
  readonly version: string;
  readonly prefix: string;
  readonly find: FindType;
}

/** A type whose fields are read when somebody asks; so types may contain themselves. */
class LazyObject implements ObjectSchema {
  readonly kind = "object";
  readonly name: string;
  readonly goType: string;
  readonly required: readonly string[];
  readonly atomic: boolean;
  readonly #block: string;
  readonly #scope: Scope;
  #fields: ReadonlyMap<string, FieldSchema> | undefined;

  constructor(block: string, scope: Scope) {
    const head = block.slice(0, block.search(/\n|$/)).split(" ");
    this.name = `${scope.prefix}.${head[0]}`;
    this.goType = `${scope.version}.${head[0]}`;
    this.required = listWord(head, "required");
    this.atomic = head.includes("atomic");
    this.#block = block;
    this.#scope = scope;
  }

  get fields(): ReadonlyMap<string, FieldSchema> {
    this.#fields ??= readFields(this.#block, this.#scope);
    return this.#fields;
  }
}

function readFields(block: string, scope: Scope): ReadonlyMap<string, FieldSchema> {
  const fields = new Map<string, FieldSchema>();
  for (const line of block.trimEnd().split("\n").slice(1)) {
    const words = line.slice(1).split(" ");
    fields.set(words[0] ?? "", readField(words, scope));
  }
  return fields;
}

function readField(words: readonly string[], scope: Scope): FieldSchema {
  const [, number = "-", marked = ""] = words;
  const marks = /^!?\*?/.exec(marked)?.[0] ?? "";
  const path = number.split(".").map(Number);
  const patch = word(words, "patch");
  const mergeKey = word(words, "mergeKey");
  const value = word(words, "default");
  const isDefault = value === undefined ? undefined : (JSON.parse(value) as Json);
  return {
    ...(number === "-" ? {} : { number: path.at(-1) ?? 0 }),
    ...(path.length > 1 ? { within: path.slice(0, -1) } : {}),
    type: readType(marked.slice(marks.length), words, scope),
    ...(marks.includes("!") ? { alwaysWritten: true } : {}),
    ...(marks.includes("*") ? { pointer: true } : {}),
    ...(isDefault === undefined ? {} : { default: isDefault }),
    ...(patch === undefined ? {} : { patchStrategy: readStrategies(patch) }),
    ...(mergeKey === undefined ? {} : { patchMergeKey: mergeKey }),
  };
}

type Strategy = NonNullable<FieldSchema["patchStrategy"]>[number];

function readStrategies(text: string): Strategy[] {
  const known: readonly Strategy[] = ["merge", "retainKeys", "replace"];
  return known.filter((one) => text.split(",").includes(one));
}

function readType(text: string, words: readonly string[], scope: Scope): TypeSchema {
  const goType = word(words, "go");
  const named = goType === undefined ? {} : { goType };
  if (text.startsWith("[]")) {
    const keys = listWord(words, "keys");
    const listType = keys.length > 0 ? "map" : words.includes("set") ? "set" : "atomic";
    const items = readType(text.slice(2), inner(words, /^\[\]/), scope);
    return { kind: "list", ...named, items, listType, keys };
  }
  if (text.startsWith("{}")) {
    const atomic = words.includes("atomic");
    const values = readType(text.slice(2), inner(words, /^map\[[^\]]*\]/), scope);
    return { kind: "map", ...named, values, ...(atomic ? { atomic } : {}) };
  }
  if (isScalar(text)) {
    const values = listWord(words, "enum");
    return {
      kind: "scalar",
      scalar: text,
      ...named,
      ...(values.length > 0 ? { enum: values } : {}),
    };
  }
  const [file = "", name] = text.split(".");
  const type = name === undefined ? scope.find(scope.file, file) : scope.find(file, name);
  return words.includes("granular") ? joinedByField(type) : type;
}

/** The type where a field of it says that it is not one value to server-side apply. */
function joinedByField(type: ObjectSchema): ObjectSchema {
  return {
    kind: "object",
    ...(type.name === undefined ? {} : { name: type.name }),
    ...(type.goType === undefined ? {} : { goType: type.goType }),
    get fields() {
      return type.fields;
    },
    required: type.required,
    atomic: false,
  };
}

function isScalar(text: string): text is Scalar {
  return /^[a-z][a-z0-9-]*$/.test(text);
}

/** The words that are about the members of a list or map. */
function inner(words: readonly string[], outer: RegExp): string[] {
  const kept = words.filter((one) => one.startsWith("enum="));
  const goType = word(words, "go");
  if (goType !== undefined && outer.test(goType)) kept.push(`go=${goType.replace(outer, "")}`);
  return kept;
}

function word(words: readonly string[], name: string): string | undefined {
  return words.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
}

function listWord(words: readonly string[], name: string): readonly string[] {
  return word(words, name)?.split(",") ?? [];
}

function readKinds(
  lines: readonly string[],
  api: { readonly group: string; readonly version: string },
  find: (name: string) => ObjectSchema,
): Kind[] {
  const kinds: Kind[] = [];
  let subresources: Subresource[] = [];
  let columns: Column[] = [];
  for (const line of lines) {
    const words = line.trimStart().split(" ");
    if (words[0] === "sub") subresources.push(readSubresource(words, api));
    else if (words[0] === "column") columns.push(readColumn(words));
    else {
      subresources = [];
      columns = [];
      kinds.push(new LazyKind(words, api, { subresources, columns, find }));
    }
  }
  return kinds;
}

interface Parts {
  readonly subresources: readonly Subresource[];
  readonly columns: readonly Column[];
  readonly find: (name: string) => ObjectSchema;
}

class LazyKind implements Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly resource: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly Subresource[];
  readonly storageVersionHash: string;
  readonly columns: readonly Column[];
  readonly selectableFields: readonly string[];
  readonly hasProtobuf = true;
  readonly #find: (name: string) => ObjectSchema;

  constructor(
    words: readonly string[],
    api: { readonly group: string; readonly version: string },
    parts: Parts,
  ) {
    const [word0, kind = "", resource = "", singular = ""] = words;
    assert(word0 === "kind", `the line of a table begins with ${quote(word0 ?? "")}`);
    this.group = api.group;
    this.version = api.version;
    this.kind = kind;
    this.listKind = `${kind}List`;
    this.resource = resource;
    this.singular = singular;
    this.namespaced = words.includes("namespaced");
    this.shortNames = listWord(words, "short");
    this.categories = listWord(words, "categories");
    this.verbs = listWord(words, "verbs");
    this.subresources = parts.subresources;
    this.storageVersionHash = word(words, "hash") ?? "";
    this.columns = parts.columns;
    this.selectableFields = listWord(words, "fields");
    this.#find = parts.find;
  }

  get schema(): ObjectSchema {
    return this.#find(this.kind);
  }
}

function readSubresource(
  words: readonly string[],
  api: { readonly group: string; readonly version: string },
): Subresource {
  const [, name = "", kind = ""] = words;
  const [group = api.group, version = api.version] = word(words, "of")?.split("/") ?? [];
  const of: GroupVersionKind = { group, version, kind };
  return { name, kind: of, verbs: listWord(words, "verbs") };
}

function readColumn(words: readonly string[]): Column {
  const [, priority, type = "", format = ""] = words;
  assert(isColumnType(type), `a column has the type ${quote(type)}`);
  const name = words.slice(4).join(" ");
  const shown = format === "-" ? "" : format;
  return { name, type, format: shown, description: "", priority: Number(priority) };
}

function isColumnType(type: string): type is Column["type"] {
  return ["string", "integer", "number", "boolean", "date"].includes(type);
}

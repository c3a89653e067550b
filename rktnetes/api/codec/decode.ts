/**
 * JSON becomes an object of a kind, as Go's decoder of Kubernetes reads it. In: text (or a parsed
 * tree) and a schema. Out: the object in the form in which it is stored and shown, quantities and
 * times canonical, absent what Go would leave out, defaults filled in; and what strict validation
 * complains of (unknown and duplicate fields, in the order of the text).
 *
 * What does not fit is a Fault in Go's words. Field names are case-sensitive, null is nothing.
 */
import { Fault, quote } from "@shared/base";

import type { Json, JsonObject, ObjectSchema } from "../schema/schema.ts";
import { decodeCustom } from "./decode-custom.ts";
import { Decoder } from "./decoder.ts";
import { parseJson } from "./json.ts";
import { countMembers, Members, parseExactJson } from "./json-text.ts";
import type { ExactJson } from "./json-text.ts";
import type { YamlTree } from "./yaml.ts";

export interface Decoded {
  readonly object: JsonObject;
  /** `unknown field "spec.foo"`, `duplicate field "data.a"`; at most 100. */
  readonly problems: readonly string[];
  /** The problems as strict validation words them; undefined when there are none. */
  readonly strictError: string | undefined;
}

function decoded(object: JsonObject, problems: readonly string[]): Decoded {
  const words = problems.length === 0 ? undefined : problems.join(", ");
  return { object, problems, strictError: words && `strict decoding error: ${words}` };
}

/** Decodes the text of one object. */
export function decodeJson(schema: ObjectSchema, text: string): Decoded {
  if (schema.structural !== undefined) return decodeCustomJson(schema, text);
  return decodeQuickly(schema, text) ?? decodeExactly(schema, text);
}

/** Undefined where a member is unknown, double or does not fit: the exact way says what it is. */
function decodeQuickly(schema: ObjectSchema, text: string): Decoded | undefined {
  const members = countMembers(text);
  if (members === undefined) return undefined;
  let tree: Json;
  try {
    tree = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  const decoder = new Decoder(false);
  const object = decoder.root(tree, schema);
  const isWhole = !decoder.stumbled && decoder.members === members;
  return isWhole && object !== undefined ? decoded(object, []) : undefined;
}

function decodeExactly(schema: ObjectSchema, text: string): Decoded {
  const decoder = new Decoder(true);
  const object = decoder.root(parseExactJson(text), schema);
  if (decoder.fault !== undefined) throw decoder.fault;
  return decoded(object ?? {}, decoder.problems);
}

/** Custom kinds: the text is any JSON; only double members are a matter of the text. */
function decodeCustomJson(schema: ObjectSchema, text: string): Decoded {
  const { object, problems } = decodeCustom(schema, parseJson(text));
  return decoded(object, [...duplicatesIn(text), ...problems]);
}

function duplicatesIn(text: string): readonly string[] {
  const found = new Set<string>();
  collectDuplicates(parseExactJson(text), "", found);
  return [...found].map((path) => `duplicate field ${quote(path)}`);
}

function collectDuplicates(tree: ExactJson, path: string, found: Set<string>): void {
  if (Array.isArray(tree)) {
    for (const [at, item] of tree.entries()) collectDuplicates(item, `${path}[${at}]`, found);
  }
  if (!(tree instanceof Members)) return;
  const seen = new Set<string>();
  for (const [at, name] of tree.keys.entries()) {
    const below = path === "" ? name : `${path}.${name}`;
    if (seen.has(name)) found.add(below);
    seen.add(name);
    collectDuplicates(tree.values[at] ?? null, below, found);
  }
}

/** Decodes a tree that was parsed before: from YAML, from a patch, from another object. */
export function decodeTree(schema: ObjectSchema, tree: Json): Decoded {
  if (schema.structural !== undefined) {
    const { object, problems } = decodeCustom(schema, structuredClone(tree));
    return decoded(object, problems);
  }
  const quick = new Decoder(false);
  const object = quick.root(tree, schema);
  if (!quick.stumbled && object !== undefined) return decoded(object, []);
  const decoder = new Decoder(true);
  const slow = decoder.root(tree, schema);
  if (decoder.fault !== undefined) throw decoder.fault;
  return decoded(slow ?? {}, decoder.problems);
}

/** Decodes what `parseYaml` read: its duplicate keys are problems too, and stand first. */
export function decodeYaml(schema: ObjectSchema, { tree, duplicates }: YamlTree): Decoded {
  const { object, problems } = decodeTree(schema, tree);
  if (duplicates.length === 0) return decoded(object, problems);
  const yaml = `yaml: unmarshal errors:\n${duplicates.map((one) => `  ${one}`).join("\n")}`;
  const strictError = `strict decoding error: ${[yaml, ...problems].join(", ")}`;
  return { object, problems: [...duplicates, ...problems], strictError };
}

/** What the object says it is, before its schema is known. */
export interface TypeMeta {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Reads apiVersion and kind only. A text that is no object is a Fault in Go's words. */
export function peekTypeMeta(text: string): TypeMeta {
  const tree = peekTree(text);
  const decoder = new Decoder(true);
  const object = decoder.root(tree, TYPE_META);
  if (decoder.fault !== undefined) {
    throw new Fault("invalid", `couldn't get version/kind; json parse error: ${wordsOf(decoder)}`);
  }
  return { apiVersion: textOf(object?.["apiVersion"]), kind: textOf(object?.["kind"]) };
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function wordsOf({ fault }: Decoder): string {
  const unnamed =
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; ' +
    'Kind string "json:\\"kind,omitempty\\"" }';
  const words = fault?.message ?? "";
  return words.replace("of type TypeMeta", `of type ${unnamed}`).replace("TypeMeta.", ".");
}

function peekTree(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    try {
      parseExactJson(text);
    } catch (thrown) {
      const { message } = Fault.from(thrown);
      throw new Fault("invalid", `couldn't get version/kind; json parse error: ${message}`);
    }
    throw new Fault("internal", `parse JSON that begins with ${quote(text.slice(0, 20))}`);
  }
}

const NAME = { kind: "scalar", scalar: "string" } as const;
const TYPE_META: ObjectSchema = {
  kind: "object",
  goType: "TypeMeta",
  fields: new Map([
    ["apiVersion", { type: NAME }],
    ["kind", { type: NAME }],
  ]),
  required: [],
};

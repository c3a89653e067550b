/**
 * YAML as Kubernetes reads it: version 1.1 with Go's ideas of what a plain scalar is (`yes` and `y`
 * are true, `0644` is 420, dates stay text). In: the text of one document, more are not looked at.
 * Out: a JSON tree with sorted keys, and a complaint for each key that stands twice.
 *
 * The parser is loaded when the first YAML comes. Never expands aliases without bound.
 */
import { Fault, quote } from "@shared/base";
import type * as Yaml from "yaml";
import type { Alias, LineCounter, Node, Scalar, YAMLMap } from "yaml";

import type { Json, JsonObject } from "../schema/schema.ts";
import { countMembers, NESTING_MAX, refuseCrowd } from "./json-text.ts";
import { openObject } from "./plan.ts";

export interface YamlTree {
  readonly tree: Json;
  /** `line 5: key "name" already set in map`. */
  readonly duplicates: readonly string[];
}

/** Values that aliases may add to one document; honest ones need a hundredth. */
const ALIASED_MAX = 100_000;
const DEPTH_MAX = NESTING_MAX;
/** Tokens of one text, some seven for each line: more would keep the server busy for seconds. */
const TOKENS_MAX = 250_000;

type Library = typeof Yaml;

/** Parses a document. What is no YAML is a Fault in the words of Go's library. */
export async function parseYaml(text: string): Promise<YamlTree> {
  const json = parsePlainJson(text);
  if (json !== undefined) return { tree: json, duplicates: [] };
  const library = await import("yaml");
  refuseTooLong(text, library);
  const lineCounter = new library.LineCounter();
  const options = {
    schema: "failsafe",
    uniqueKeys: false,
    lineCounter,
    logLevel: "error",
  } as const;
  const documents = library.parseAllDocuments(text, { ...options, prettyErrors: false });
  const document = Array.isArray(documents) ? documents[0] : undefined;
  const error = document?.errors[0];
  if (error !== undefined) {
    const isFlow = error.message.startsWith("Flow");
    throw syntaxFault(lineCounter.linePos(error.pos[0]).line, isFlow ? "FLOW" : error.code);
  }
  if (document === undefined) return { tree: null, duplicates: [] };
  const reader = new Reader(library, lineCounter);
  const tree = reader.value(document.contents, 0);
  return { tree, duplicates: reader.duplicates };
}

/** Most clients that may send YAML send JSON, which reads alike; undefined where it may not. */
function parsePlainJson(text: string): Json | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  refuseCrowd(text);
  const members = countMembers(text);
  if (members === undefined) return undefined;
  try {
    const counted = { members: 0 };
    const tree = sorted(JSON.parse(text) as Json, counted);
    return counted.members === members ? tree : undefined;
  } catch {
    return undefined;
  }
}

function sorted(value: Json, counted: { members: number }): Json {
  if (Array.isArray(value)) return value.map((item) => sorted(item, counted));
  if (typeof value !== "object" || value === null) return value;
  const object = openObject();
  for (const key of Object.keys(value).sort()) {
    counted.members++;
    object[key] = sorted(value[key] ?? null, counted);
  }
  return object;
}

/** A long text is first cut into tokens, which costs little. */
function refuseTooLong(text: string, { Lexer }: Library): void {
  if (text.length < TOKENS_MAX) return;
  let tokens = 0;
  for (const _token of new Lexer().lex(text)) {
    if (++tokens <= TOKENS_MAX) continue;
    throw new Fault("exhausted", `Request entity too large: limit is ${TOKENS_MAX} YAML tokens`);
  }
}

/** A tree as YAML, keys sorted, in the style of Go's library. */
export async function formatYaml(tree: Json): Promise<string> {
  const { stringify } = await import("yaml");
  return stringify(tree, {
    version: "1.1",
    schema: "yaml-1.1",
    sortMapEntries: true,
    lineWidth: 0,
    indentSeq: false,
    aliasDuplicateObjects: false,
    customTags: (tags) => tags.map(withoutPoint),
  });
}

const FLOAT_TAG = "tag:yaml.org,2002:float";

/** A point alone is no number for Go, so it needs no quotes: half of all managed fields have it. */
function withoutPoint(tag: Yaml.Tags[number]): Yaml.Tags[number] {
  if (typeof tag !== "object" || tag.tag !== FLOAT_TAG || tag.collection !== undefined) return tag;
  return tag.test?.test(".") === true ? { ...tag, test: FLOAT } : tag;
}

function syntaxFault(line: number, code: string): Fault {
  const words: Readonly<Record<string, string>> = {
    TAB_AS_INDENT: "found character that cannot start any token",
    BAD_INDENT: "did not find expected key",
    MISSING_CHAR: "could not find expected ':'",
    BAD_DQ_ESCAPE: "found unknown escape character",
    MULTILINE_IMPLICIT_KEY: "mapping values are not allowed in this context",
    BLOCK_AS_IMPLICIT_KEY: "mapping values are not allowed in this context",
  };
  const what = words[code] ?? "did not find expected node content";
  return new Fault("invalid", `error converting YAML to JSON: yaml: line ${line}: ${what}`);
}

function conversionFault(what: string): Fault {
  return new Fault("invalid", `error converting YAML to JSON: yaml: ${what}`);
}

/** Turns the nodes of one document into JSON. */
class Reader {
  readonly duplicates: string[] = [];
  readonly #library: Library;
  readonly #lines: LineCounter;
  /** What anchors stand for, up to where the reader is. */
  readonly #anchors = new Map<string, Node>();
  /** What each alias stood for where it was first read. */
  readonly #targets = new Map<Alias, Node>();
  /** Anchors whose values are being put in place of aliases. */
  readonly #open = new Set<Node>();
  #aliases = 0;
  #aliased = 0;

  constructor(library: Library, lines: LineCounter) {
    this.#library = library;
    this.#lines = lines;
  }

  value(node: unknown, depth: number): Json {
    const { isAlias, isMap, isSeq, isScalar } = this.#library;
    if (this.#aliases > 0 && ++this.#aliased > ALIASED_MAX) {
      throw conversionFault("document contains excessive aliasing");
    }
    if (depth > DEPTH_MAX) throw conversionFault("exceeded max depth");
    if (isAlias(node)) return this.#alias(node, depth);
    if (this.#aliases === 0) this.#remember(node);
    if (isMap(node)) return this.#map(node, depth);
    if (isSeq(node)) return node.items.map((item) => this.value(item, depth + 1));
    return isScalar(node) ? readScalar(node) : null;
  }

  #remember(node: unknown): void {
    if (!this.#library.isNode(node)) return;
    const { anchor } = node as { readonly anchor?: string };
    if (anchor !== undefined) this.#anchors.set(anchor, node);
  }

  #alias(alias: Alias, depth: number): Json {
    const { source } = alias;
    const target = this.#targets.get(alias) ?? this.#anchors.get(source);
    if (target === undefined) throw conversionFault(`unknown anchor '${source}' referenced`);
    this.#targets.set(alias, target);
    if (this.#open.has(target)) {
      throw conversionFault(`anchor '${source}' value contains itself`);
    }
    this.#open.add(target);
    this.#aliases++;
    const value = this.value(target, depth + 1);
    this.#aliases--;
    this.#open.delete(target);
    return value;
  }

  #map(node: YAMLMap, depth: number): JsonObject {
    const own = new Map<string, Json>();
    const merged = new Map<string, Json>();
    for (const { key, value } of node.items) {
      if (isMergeKey(key)) {
        for (const [name, inherited] of this.#merged(value, depth)) {
          if (!merged.has(name)) merged.set(name, inherited);
        }
        continue;
      }
      const name = this.#key(key, depth);
      if (own.has(name)) this.#duplicate(key, name);
      own.set(name, this.value(value, depth + 1));
    }
    const object = openObject();
    for (const name of [...new Set([...own.keys(), ...merged.keys()])].sort()) {
      object[name] = own.get(name) ?? merged.get(name) ?? null;
    }
    return object;
  }

  #merged(node: unknown, depth: number): [string, Json][] {
    const value = this.value(node, depth + 1);
    const sources = Array.isArray(value) ? value : [value];
    return sources.flatMap((source) => {
      if (typeof source !== "object" || source === null || Array.isArray(source)) {
        throw conversionFault("map merge requires map or sequence of maps as the value");
      }
      return Object.entries(source);
    });
  }

  #key(key: unknown, depth: number): string {
    const value = this.value(key, depth + 1);
    if (value === null || typeof value === "object") {
      const type = value === null ? "%!s(<nil>)" : "map[interface {}]interface {}";
      throw new Fault(
        "invalid",
        `error converting YAML to JSON: unsupported map key of type: ${type}`,
      );
    }
    return String(value);
  }

  #duplicate(key: unknown, name: string): void {
    const at = this.#library.isNode(key) ? (key.range?.[0] ?? 0) : 0;
    const { line } = this.#lines.linePos(at);
    this.duplicates.push(`line ${line}: key ${quote(name)} already set in map`);
  }
}

function isMergeKey(key: unknown): boolean {
  const scalar = key as Partial<Scalar> | null;
  return scalar?.value === "<<" && scalar.type === "PLAIN";
}

function readScalar({ value, type, tag }: Scalar): Json {
  const text = typeof value === "string" ? value : "";
  if (tag === "tag:yaml.org,2002:binary") return Buffer.from(text, "base64").toString();
  if (tag === "tag:yaml.org,2002:str" || tag === "!") return text;
  return type === "PLAIN" || type === undefined ? resolvePlain(text) : text;
}

const WORDS: ReadonlyMap<string, Json> = new Map<string, Json>([
  ...["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"].map(
    (word): [string, Json] => [word, true],
  ),
  ...["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"].map(
    (word): [string, Json] => [word, false],
  ),
  ...["", "~", "null", "Null", "NULL"].map((word): [string, Json] => [word, null]),
]);

const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))$/;
/** More characters than 64 bits have in base two, with a sign and a prefix. */
const INTEGER_MAX = 80;
const MAX_UINT64 = 2n ** 64n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** What a scalar without quotes is. */
export function resolvePlain(text: string): Json {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (!/^[-+.0-9]/.test(text)) return text;
  const plain = text.replaceAll("_", "");
  const integer = readInteger(plain);
  if (integer !== undefined) return integer;
  if (!FLOAT.test(plain)) return text;
  const float = Number(plain);
  return Number.isFinite(float) ? float : text;
}

function readInteger(plain: string): number | bigint | undefined {
  const match = INTEGER.exec(plain);
  if (match === null || plain.length > INTEGER_MAX) return undefined;
  const [, sign, hex, binary, octal, decimal] = match;
  const digits =
    hex !== undefined
      ? `0x${hex}`
      : binary !== undefined
        ? `0b${binary}`
        : octal !== undefined
          ? `0o${octal}`
          : (decimal ?? "0");
  const value = sign === "-" ? -BigInt(digits) : BigInt(digits);
  if (value < MIN_INT64 || value > MAX_UINT64) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

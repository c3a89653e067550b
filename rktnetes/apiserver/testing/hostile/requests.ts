/**
 * Requests as a stranger may send them. In: a seed object and a source of numbers. Out: method,
 * path, headers and body; the same numbers give the same request. Pure.
 */
import { encodeProtobuf, hasWireForm } from "@rktnetes/api/codec/protobuf/encode-protobuf";
import { writeEnvelope } from "@rktnetes/api/codec/protobuf/envelope";
import { decodeTree } from "@rktnetes/api/codec/decode";
import { findKind, findType } from "@rktnetes/api/kinds";
import { isObject } from "@rktnetes/api/patch/values";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { BODIES } from "./bodies.ts";
import type { Random } from "./random.ts";
import type { Seed } from "./seeds.ts";
import { spoilBytes, spoilTree, textOf } from "./spoil.ts";

export interface HostileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const JSON_TYPE = "application/json";
const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";

const PATCH_TYPES = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];

const VALUES = [
  ...[
    "",
    "0",
    "-1",
    "1",
    "true",
    "false",
    "x",
    "All",
    "Strict",
    "Warn",
    "%00",
    "%ff",
    "%",
    "*",
    "a,b",
  ],
  ...["99999999999999999999", "9223372036854775807", "18446744073709551615", "1e3", "0x1", "NaN"],
  ...["__proto__", "constructor=1", "a%3Db", "!__proto__", "a+in+(b,c)", "a+in+((", "a%3D%3Db,,"],
  ...["metadata.name%3D__proto__", "__proto__%3D1", "metadata.name%3Da%5C", "constructor.name%3Da"],
  ...["eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhXHUwMDAwIn0", "e30", "bnVsbA", "W10"],
  ...["eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiLi4vLi4vIn0", "Orphan", "NotOlderThan"],
  ...[
    "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MWU5OSwic3RhcnQiOiJhIn0",
    "Exact",
    "\u{1f600}",
    "1h",
    "5",
  ],
  ...["eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MC41LCJzdGFydCI6ImEifQ", "a%3Db".repeat(500)],
];

const PARAMETERS = [
  ...["labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "watch"],
  ...["resourceVersionMatch", "sendInitialEvents", "allowWatchBookmarks", "timeoutSeconds"],
  ...["dryRun", "fieldManager", "fieldValidation", "force", "gracePeriodSeconds", "pretty"],
  ...["propagationPolicy", "orphanDependents", "includeObject", "timeout", "__proto__", "%ff"],
  ...["container", "tailLines", "sinceTime", "follow"],
];

const ACCEPTS = [
  ...[JSON_TYPE, PROTOBUF_TYPE, "application/yaml", "*/*", "text/html", "", ";;;", "application/*"],
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json",
  "application/json;as=__proto__;v=v9;g=x",
  "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "application/json;q=0,*/*;q=9",
];

function query(random: Random): string {
  if (!random.once(3)) return "";
  const parts = Array.from({ length: 1 + random.below(3) }, () => {
    const name = random.pick(PARAMETERS);
    return `${name}=${random.pick(VALUES)}`;
  });
  return `?${parts.join("&")}`;
}

/** Where objects of the seed's kind are. */
export function collectionPath({ group, version, resource }: Seed, namespaced: boolean): string {
  const base = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespaced ? `${base}/namespaces/default/${resource}` : `${base}/${resource}`;
}

/** The seed as an object of this name. */
export function named({ object }: Seed, name: string): JsonObject {
  const { metadata } = object;
  return { ...object, metadata: { ...(isObject(metadata) ? metadata : {}), name } };
}

export interface Family {
  readonly seed: Seed;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Some request about objects of a family, bad or good. */
export function hostileRequest(family: Family, random: Random): HostileRequest {
  const { seed, namespaced } = family;
  if (random.once(12)) return oddRequest(random);
  if (random.once(10)) return bodyRequest(random);
  const collection = collectionPath(seed, namespaced);
  const name = seed.name ?? `p${1 + random.below(3)}`;
  const valid = { ...typeOf(family), ...named(seed, name) };
  const accept = random.once(5) ? random.pick(ACCEPTS) : JSON_TYPE;
  const way = random.below(10);
  if (way === 0) {
    const item = random.once(2) ? `/${name}` : "";
    const method = random.once(4) ? "DELETE" : "GET";
    return {
      method,
      path: `${collection}${item}${query(random)}`,
      headers: { accept },
      body: EMPTY,
    };
  }
  if (way < 5) {
    const content = contentOf(family, valid, random);
    const path = `${collection}${query(random)}`;
    return {
      method: "POST",
      path,
      headers: { accept, "content-type": content.type },
      body: content.bytes,
    };
  }
  const path = `${collection}/${name}${query(random)}`;
  if (way < 7) {
    const content = contentOf(family, valid, random);
    return {
      method: "PUT",
      path,
      headers: { accept, "content-type": content.type },
      body: content.bytes,
    };
  }
  const type = random.pick(PATCH_TYPES);
  const headers = { accept, "content-type": type };
  const apart = path.includes("?") ? "&" : "?";
  const manager = type.endsWith("yaml") ? `${apart}fieldManager=f${random.below(3)}` : "";
  return {
    method: "PATCH",
    path: `${path}${manager}`,
    headers,
    body: patchOf(valid, type, random),
  };
}

const EMPTY = Buffer.alloc(0);

function typeOf({ seed, kind }: Family): JsonObject {
  const { group, version } = seed;
  return { apiVersion: group === "" ? version : `${group}/${version}`, kind };
}

interface Content {
  readonly type: string;
  readonly bytes: Buffer;
}

function contentOf(family: Family, valid: JsonObject, random: Random): Content {
  const way = random.below(8);
  if (way === 0) {
    const bytes = protobufOf(family, valid);
    if (bytes !== undefined) return { type: PROTOBUF_TYPE, bytes: maybeSpoiled(bytes, random) };
  }
  const tree = random.once(20) ? valid : spoilTree(valid, random);
  const bytes = Buffer.from(textOf(tree));
  const type = random.pick([JSON_TYPE, JSON_TYPE, JSON_TYPE, JSON_TYPE, "application/yaml", ""]);
  return { type, bytes: random.once(5) ? spoilBytes(bytes, random) : bytes };
}

function maybeSpoiled(bytes: Buffer, random: Random): Buffer {
  return random.once(5) ? bytes : spoilBytes(bytes, random);
}

function protobufOf({ seed, kind }: Family, valid: JsonObject): Buffer | undefined {
  const { group, version, resource } = seed;
  if (!hasWireForm(group, version, kind)) return undefined;
  const schema = findKind(group, version, resource)?.schema ?? findType({ group, version, kind });
  if (schema === undefined) return undefined;
  const raw = encodeProtobuf(schema, decodeTree(schema, valid).object);
  const apiVersion = group === "" ? version : `${group}/${version}`;
  return writeEnvelope({ apiVersion, kind, raw });
}

const POINTERS = [
  "",
  "/",
  "/metadata",
  "/metadata/labels",
  "/spec",
  "/data",
  "/spec/0",
  "/a~1b~0~2",
];
const MORE_POINTERS = [
  "/__proto__/x",
  "/constructor/prototype/x",
  "/metadata/labels/-",
  "/spec/-1",
];
const OPERATIONS = ["add", "remove", "replace", "move", "copy", "test", "__proto__", ""];

function patchOf(valid: JsonObject, type: string, random: Random): Buffer {
  const tree =
    type === PATCH_TYPES[0]
      ? spoilTree({ list: operations(valid, random) }, random)
      : spoilTree(someOf(valid, random), random);
  const patch = type === PATCH_TYPES[0] && isObject(tree) ? (tree["list"] ?? null) : tree;
  const bytes = Buffer.from(textOf(patch));
  return random.once(6) ? spoilBytes(bytes, random) : bytes;
}

function operations(valid: JsonObject, random: Random): Json[] {
  return Array.from({ length: 1 + random.below(4) }, () => ({
    op: random.pick(OPERATIONS),
    path: random.pick([...POINTERS, ...MORE_POINTERS]),
    from: random.pick([...POINTERS, ...MORE_POINTERS]),
    value: random.pick(Object.values(valid)),
  }));
}

/** Some members of the object, with directives that merges know. */
function someOf(valid: JsonObject, random: Random): JsonObject {
  const some = Object.fromEntries(Object.entries(valid).filter(() => !random.once(3)));
  if (random.once(2))
    return { ...some, apiVersion: valid["apiVersion"] ?? "", kind: valid["kind"] ?? "" };
  const directive = random.pick(DIRECTIVES);
  return random.once(2) ? { ...some, ...directive } : { ...some, spec: directive };
}

const DIRECTIVES: readonly JsonObject[] = [
  { $patch: "delete" },
  { $patch: "replace" },
  { $patch: "merge" },
  { $patch: 1 },
  { $retainKeys: ["a"] },
  { $retainKeys: 1 },
  { "$setElementOrder/containers": [{ name: "web" }] },
  { "$setElementOrder/containers": "x", containers: [{}] },
  { "$deleteFromPrimitiveList/finalizers": ["a"] },
  { containers: [{ $patch: "delete", name: "web" }] },
  { containers: [{ $patch: "replace" }, { name: "other" }] },
  { metadata: { "$deleteFromPrimitiveList/finalizers": [{}] } },
  { metadata: { managedFields: [{}] } },
  { metadata: { managedFields: [{ manager: "m", fieldsV1: { "k:{": { "v:": 1 } } }] } },
];

/** Bodies of sub-resources and reviews. */
function bodyRequest(random: Random): HostileRequest {
  const [path, method, body] = random.pick(BODIES);
  const bytes = Buffer.from(textOf(random.once(4) ? body : spoilTree(body, random)));
  const type = method === "PATCH" ? random.pick(PATCH_TYPES) : JSON_TYPE;
  return {
    method,
    path: `${path}${query(random)}`,
    headers: { "content-type": type },
    body: bytes,
  };
}

const PATHS = [
  ...[
    "/",
    "/api",
    "/apis",
    "/api/v1",
    "/apis/apps",
    "/openapi/v2",
    "/openapi/v3",
    "/version",
    "/readyz",
  ],
  ...[
    "/api/v1/namespaces/%2e%2e/pods",
    "/api/v1/namespaces/%00/pods/%00",
    "/api/v1/pods/%2F",
    "//",
  ],
  ...["/api/v1/namespaces/default/__proto__", "/apis/__proto__/constructor/toString", "/api/v1//"],
  ...["/api/v1/namespaces/__proto__", "/api/v1/namespaces/default/pods/__proto__/constructor"],
  ...["/api/v1/watch/pods", "/api/v1/namespaces/default/pods/p1/log", "/api/v1/nodes/n/proxy/a/b"],
  ...["/apis/example.com/v1/widgets", "/apis/example.com/v2/widgets", "/api/v1/componentstatuses"],
  ...["/openapi/v3/apis/apps/v1", "/openapi/v3/__proto__", "/logs/../etc", "/livez/__proto__"],
];

function oddRequest(random: Random): HostileRequest {
  const method = random.pick([
    "GET",
    "GET",
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
  ]);
  const headers = {
    accept: random.pick(ACCEPTS),
    "content-type": random.pick([...PATCH_TYPES, "x"]),
  };
  const body =
    method === "GET" ? EMPTY : Buffer.from(random.pick(["", "{}", "[]", "null", "\xff"]));
  return { method, path: `${random.pick(PATHS)}${query(random)}`, headers, body };
}

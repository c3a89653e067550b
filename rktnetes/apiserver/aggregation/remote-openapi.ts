/**
 * The OpenAPI documents of what others serve, as part of this server's own. In: backends that
 * answer. Out: their version 3 documents as they are, and their part of their version 2 documents.
 */
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { isObject } from "@rktnetes/api/structural/structural";
import { readObject, readText } from "@rktnetes/api/object-at";
import { type Backend, pathOf } from "./backend.ts";
import type { RemoteDocuments } from "./remote-documents.ts";

/** Paths as the index has them, each with its document. */
export async function remoteVersion3(
  documents: RemoteDocuments,
  backends: readonly Backend[],
): Promise<ReadonlyMap<string, JsonObject>> {
  const found = await Promise.all(
    backends.map(async (backend) => {
      const path = pathOf(backend).slice(1);
      const index = await documents.json(backend, "/openapi/v3");
      const entry = readObject(readObject(index ?? {}, "paths"), path);
      const url = readText(entry, "serverRelativeURL").split("?")[0] ?? "";
      const document = url === "" ? undefined : await documents.json(backend, url);
      return document === undefined ? [] : [[path, document] as const];
    }),
  );
  return new Map(found.flat());
}

/** Documents that have the paths of one group and version each. */
export async function remoteVersion2(
  documents: RemoteDocuments,
  backends: readonly Backend[],
): Promise<readonly JsonObject[]> {
  const found = await Promise.all(
    backends.map(async (backend) => await documents.json(backend, "/openapi/v2")),
  );
  return found.flatMap((document, at) => {
    const backend = backends[at];
    return document === undefined || backend === undefined ? [] : [partOf(document, backend)];
  });
}

const PARTS = new WeakMap<JsonObject, JsonObject>();

/** The same object for the same document: whoever keeps what it made of it can tell. */
function partOf(document: JsonObject, backend: Backend): JsonObject {
  const known = PARTS.get(document);
  if (known !== undefined) return known;
  const root = pathOf(backend);
  const all = Object.entries(readObject(document, "paths"));
  const mine = all.filter(([path]) => path === `${root}/` || path.startsWith(`${root}/`));
  const part = { paths: Object.fromEntries(mine), definitions: document["definitions"] ?? {} };
  PARTS.set(document, part);
  return part;
}

/** A version 2 document with the parts of others; names that are taken keep their meaning. */
export function mergeVersion2(own: JsonObject, parts: readonly JsonObject[]): JsonObject {
  const paths = { ...readObject(own, "paths") };
  const definitions = { ...readObject(own, "definitions") };
  for (const part of parts) {
    const theirs = readObject(part, "definitions");
    for (const [path, item] of Object.entries(readObject(part, "paths"))) {
      paths[path] ??= item;
      for (const name of namesIn(item)) addDefinition(name, theirs, definitions);
    }
  }
  return { ...own, paths, definitions };
}

function addDefinition(name: string, theirs: JsonObject, definitions: JsonObject): void {
  const definition = theirs[name];
  if (definitions[name] !== undefined || definition === undefined) return;
  definitions[name] = definition;
  for (const each of namesIn(definition)) addDefinition(each, theirs, definitions);
}

const PREFIX = "#/definitions/";

function namesIn(value: Json | undefined): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    key === "$ref" && typeof each === "string" && each.startsWith(PREFIX)
      ? [each.slice(PREFIX.length)]
      : namesIn(each),
  );
}

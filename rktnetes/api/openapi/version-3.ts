/**
 * The OpenAPI 3 document of one API. In: its kinds. Out: the document as JSON, with everything that
 * clients look up in it, and hardly a description. Pure.
 */
import type { GroupVersion, Kind } from "../kinds/kind.ts";
import type { Json, JsonObject } from "../schema/schema.ts";
import { Definitions } from "./definitions.ts";
import { type ApiPath, type Operation, pathsOf } from "./operations.ts";
import { answerTypes, parameterType, parameterWords, patchTypes } from "./parameters.ts";
import { reference } from "./schema-form.ts";

/** The document of one API. */
export function openApi3(api: GroupVersion, kinds: readonly Kind[]): JsonObject {
  const definitions = new Definitions("3", [api], kinds);
  const isCustom = kinds.some(({ openApi }) => openApi !== undefined);
  const paths: JsonObject = {};
  for (const each of pathsOf(api, kinds, (kind) => definitions.nameOf(kind))) {
    if (isCustom && !isOfCustomKinds(each)) continue;
    paths[each.path] = pathItem(each, definitions, isCustom);
  }
  const made = document(paths, definitions.all());
  const info = { title: "Kubernetes CRD Swagger", version: "v0.1.0" };
  return isCustom ? { ...made, info } : made;
}

/** Custom kinds came after the old paths of watches. */
function isOfCustomKinds({ operations }: ApiPath): boolean {
  return operations.every(({ action }) => action !== "" && !action.startsWith("watch"));
}

/** The document of a path below which APIs lie: `api`, `apis`, `apis/apps`. */
export function openApi3Index(path: string): JsonObject {
  const responses = { "200": { description: "OK" }, "401": { description: "Unauthorized" } };
  const title = path.split(/[/.]/).map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  const get = { operationId: `get${title.join("")}`, responses };
  return document({ [`/${path}/`]: { get } }, {});
}

function document(paths: JsonObject, schemas: JsonObject): JsonObject {
  const token = { type: "apiKey", name: "authorization", in: "header" };
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "1.36" },
    paths,
    components: { schemas, securitySchemes: { BearerToken: token } },
  };
}

function pathItem(path: ApiPath, definitions: Definitions, isCustom: boolean): JsonObject {
  const item: JsonObject = {};
  for (const each of path.operations) item[each.method] = operationOf(each, definitions, isCustom);
  const parts = path.parts.map((name) => parameter(name, "path"));
  const parameters = [...parts, ...path.query.map((name) => parameter(name, "query"))];
  if (parameters.length > 0) item["parameters"] = parameters;
  return item;
}

function parameter(name: string, where: "path" | "query"): JsonObject {
  const schema = { type: where === "path" ? "string" : parameterType(name), uniqueItems: true };
  return where === "path"
    ? { name, in: where, required: true, schema }
    : { name, in: where, ...parameterWords(name), schema };
}

function operationOf(
  operation: Operation,
  definitions: Definitions,
  isCustom: boolean,
): JsonObject {
  const { tag, id, query, body, action, kind } = operation;
  const made: JsonObject = { tags: [tag], operationId: id };
  if (query.length > 0) made["parameters"] = query.map((name) => parameter(name, "query"));
  if (body !== undefined) {
    definitions.add(body.type);
    const types = operation.method === "patch" ? patchTypes(isCustom) : ["*/*"];
    const content = contentOf(types, body.type, definitions);
    made["requestBody"] = body.required ? { content, required: true } : { content };
  }
  made["responses"] = responsesOf(operation, definitions, isCustom);
  if (action !== "") made["x-kubernetes-action"] = action;
  if (kind.kind !== "") {
    const { group, version } = kind;
    made["x-kubernetes-group-version-kind"] = { group, version, kind: kind.kind };
  }
  return made;
}

function contentOf(types: readonly string[], name: string, definitions: Definitions): JsonObject {
  return Object.fromEntries(types.map((type) => [type, { schema: reference(name, definitions) }]));
}

const WORDS: Readonly<Record<number, string>> = { 200: "OK", 201: "Created", 202: "Accepted" };

function responsesOf(
  { codes, result, streams }: Operation,
  definitions: Definitions,
  isCustom: boolean,
): JsonObject {
  if (result !== undefined) definitions.add(result);
  const content: Json =
    result === undefined
      ? { "*/*": { schema: { type: "string" } } }
      : contentOf(answerTypes(streams, isCustom), result, definitions);
  const entries = codes.map((code) => {
    return [String(code), { description: WORDS[code] ?? "", content }] as const;
  });
  return { ...Object.fromEntries(entries), "401": { description: "Unauthorized" } };
}

/**
 * The OpenAPI 2 document of everything that is served. In: all APIs and their kinds. Out: the
 * document as JSON, with everything that clients look up in it, and hardly a description. Pure.
 */
import type { GroupVersion, Kind } from "../kinds/kind.ts";
import type { JsonObject } from "../schema/schema.ts";
import { Definitions } from "./definitions.ts";
import { type ApiPath, type Operation, pathsOf } from "./operations.ts";
import { answerTypes, parameterType, parameterWords, patchTypes } from "./parameters.ts";
import { reference } from "./schema-form.ts";

/** One API with its kinds. */
export interface ApiKinds {
  readonly api: GroupVersion;
  readonly kinds: readonly Kind[];
}

/** One document for all APIs. */
export function openApi2(apis: readonly ApiKinds[]): JsonObject {
  const all = apis.map(({ api }) => api);
  const definitions = new Definitions(
    "2",
    all,
    apis.flatMap(({ kinds }) => kinds),
  );
  const paths: JsonObject = {};
  for (const { api, kinds } of apis) {
    const isCustom = kinds.some(({ openApi }) => openApi !== undefined);
    for (const each of pathsOf(api, kinds, (kind) => definitions.nameOf(kind))) {
      paths[each.path] = pathItem(each, definitions, isCustom);
    }
  }
  const token = { type: "apiKey", name: "authorization", in: "header" };
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: "v1.36" },
    paths,
    definitions: definitions.all(),
    securityDefinitions: { BearerToken: token },
    security: [{ BearerToken: [] }],
  };
}

function pathItem(path: ApiPath, definitions: Definitions, isCustom: boolean): JsonObject {
  const item: JsonObject = {};
  for (const each of path.operations) item[each.method] = operationOf(each, definitions, isCustom);
  const parts = path.parts.map((name) => ({ ...parameter(name, "path"), required: true }));
  const parameters = [...parts, ...path.query.map((name) => parameter(name, "query"))];
  if (parameters.length > 0) item["parameters"] = parameters;
  return item;
}

function parameter(name: string, where: "path" | "query"): JsonObject {
  const type = where === "path" ? "string" : parameterType(name);
  const words = where === "query" ? parameterWords(name) : {};
  return { uniqueItems: true, type, ...words, name, in: where };
}

function operationOf(
  operation: Operation,
  definitions: Definitions,
  isCustom: boolean,
): JsonObject {
  const { tag, id, query, body, action, kind, method, result, streams } = operation;
  const consumes = method === "patch" ? [...patchTypes(isCustom)] : ["*/*"];
  const produces = result === undefined ? ["*/*"] : [...answerTypes(streams, isCustom)];
  const made: JsonObject = { schemes: ["https"], tags: [tag], operationId: id, consumes, produces };
  const parameters = query.map((name) => parameter(name, "query"));
  if (body !== undefined) {
    definitions.add(body.type);
    const one = { name: "body", in: "body", schema: reference(body.type, definitions) };
    parameters.unshift(body.required ? { ...one, required: true } : one);
  }
  if (parameters.length > 0) made["parameters"] = parameters;
  made["responses"] = responsesOf(operation, definitions);
  if (action !== "") made["x-kubernetes-action"] = action;
  if (kind.kind !== "") {
    const { group, version } = kind;
    made["x-kubernetes-group-version-kind"] = { group, version, kind: kind.kind };
  }
  return made;
}

const WORDS: Readonly<Record<number, string>> = { 200: "OK", 201: "Created", 202: "Accepted" };

function responsesOf({ codes, result }: Operation, definitions: Definitions): JsonObject {
  if (result !== undefined) definitions.add(result);
  const schema = result === undefined ? { type: "string" } : reference(result, definitions);
  const entries = codes.map((code) => {
    return [String(code), { description: WORDS[code] ?? "", schema }] as const;
  });
  return { ...Object.fromEntries(entries), "401": { description: "Unauthorized" } };
}

/**
 * Admission of a connection to what an object stands for: a shell in a pod, a proxy. In: a call
 * whose query says how. Out: nothing. @throws {StatusFault}
 */
import type { GroupVersionKind } from "@rktnetes/api/kind";
import { findType } from "@rktnetes/api/kinds";
import type { Json, JsonObject, ObjectSchema, TypeSchema } from "@rktnetes/api/schema";
import { assert } from "@shared/base";
import { specialRequest } from "../registry/subresources/admit-special.ts";
import type { ResourceCall } from "./resource-call.ts";

export async function admitConnection(call: ResourceCall, said: GroupVersionKind): Promise<void> {
  const { path, kind, server, request, user, warn, annotate } = call;
  const { namespace, name, subresource } = path;
  const { registry } = server;
  const schema = findType(said);
  assert(schema !== undefined, "what a sub-resource takes is known");
  const object = fromQuery(schema, request.query);
  if (subresource === "proxy") object["path"] = `/${path.rest.join("/")}`;
  const place = { namespace, name, subresource, dryRun: false, fieldManager: "" };
  const write = { ...place, user, warn, annotate };
  const resource = await registry.resource(kind);
  const asked = specialRequest(registry, write, { resource, body: { ...said, schema }, object });
  await registry.admission.validate({ ...asked, operation: "CONNECT" });
}

/** Options of a connection, as their kind has them. */
function fromQuery(schema: ObjectSchema, query: URLSearchParams): JsonObject {
  const object: JsonObject = {};
  for (const [name, { type }] of schema.fields) {
    const texts = query.getAll(name);
    if (texts.length > 0) object[name] = valueOf(type, texts);
  }
  return object;
}

function valueOf(type: TypeSchema, texts: readonly string[]): Json {
  if (type.kind === "list") return texts.map((text) => valueOf(type.items, [text]));
  const [text = ""] = texts;
  if (type.kind !== "scalar") return text;
  if (type.scalar === "boolean") return text !== "false" && text !== "0";
  return type.scalar === "int32" || type.scalar === "int64" ? Number(text) : text;
}

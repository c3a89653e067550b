/**
 * The body of a request as an object of the kind that its path names. In: bytes and their type.
 * Out: a decoded object with data defaults. @throws {StatusFault} 400, 413, 415
 */
import { type Decoded, decodeJson, peekTypeMeta } from "@rktnetes/api/codec/decode";
import { refuseCrowd } from "@rktnetes/api/codec/json-text";
import type { JsonObject } from "@rktnetes/api/schema";
import { badRequest, unsupportedMediaType } from "@rktnetes/api/status-fault";
import { Fault } from "@shared/base";
import type { FieldValidation } from "../registry/options/write-options.ts";
import { apiVersionOf, type Resource } from "../registry/resource.ts";
import type { ApiRequest } from "./api-request.ts";
import {
  type BodyKind,
  cannotBeHandled,
  checkType,
  orRefuse,
  refuseUnreadable,
  type SaidType,
  unrecognized,
} from "./body-kind.ts";

const JSON_TYPE = "application/json";
const YAML_TYPE = "application/yaml";
const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";

export interface ReadContext {
  readonly fieldValidation: FieldValidation;
  readonly warn: (text: string) => void;
}

/** Without parameters, in lower case. */
export function contentType(request: ApiRequest): string {
  const header = request.header("content-type") ?? "";
  return (header.split(";")[0] ?? "").trim().toLowerCase();
}

export async function readObject(
  request: ApiRequest,
  { kind }: Resource,
  context: ReadContext,
): Promise<JsonObject> {
  return await readBody(request, kind, context);
}

/** Reads a body of any kind: the object itself, or what a sub-resource takes. */
export async function readBody(
  request: ApiRequest,
  kind: BodyKind,
  { fieldValidation, warn }: ReadContext,
): Promise<JsonObject> {
  const type = contentType(request);
  checkMediaType(type, kind);
  const bytes = await request.body();
  const { object, problems, strictError } = await decodeBody(bytes, type, kind);
  object["kind"] ??= kind.kind; // typed clients in Go leave it to the path
  object["apiVersion"] ??= apiVersionOf(kind);
  if (problems.length === 0 || fieldValidation === "Ignore") return object;
  if (fieldValidation === "Strict") {
    const what = cannotBeHandled(kind, kind);
    throw badRequest(`${what}: ${strictError ?? problems.join(", ")}`);
  }
  for (const problem of problems) warn(problem);
  return object;
}

function checkMediaType(type: string, { hasProtobuf }: BodyKind): void {
  const types = [JSON_TYPE, YAML_TYPE, ...(hasProtobuf ? [PROTOBUF_TYPE] : [])];
  if (type === "" || types.includes(type)) return;
  throw unsupportedMediaType(
    "the body of the request was in an unknown format - accepted media types include: " +
      types.join(", "),
  );
}

async function decodeBody(bytes: Buffer, type: string, kind: BodyKind): Promise<Decoded> {
  if (type === PROTOBUF_TYPE) {
    const { decodeProtobufBody } = await import("./protobuf-body.ts");
    return decodeProtobufBody(bytes, kind);
  }
  if (type === YAML_TYPE) {
    const { decodeYamlBody } = await import("./yaml-body.ts");
    return await decodeYamlBody(bytes, kind);
  }
  const text = bytes.toString();
  orRefuse(kind, () => refuseCrowd(text));
  const said = readType(text, bytes, kind);
  refuseUnreadable(said, kind, (schema) => decodeJson(schema, text));
  checkType(said, bytes, kind);
  return orRefuse(kind, () => decodeJson(kind.schema, text));
}

function readType(text: string, bytes: Buffer, kind: BodyKind): SaidType {
  try {
    return peekTypeMeta(text);
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== "invalid") throw error;
    throw unrecognized(error.message, bytes, kind);
  }
}

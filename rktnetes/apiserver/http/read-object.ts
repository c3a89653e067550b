/**
 * The body of a request as an object of the kind that its path names. In: bytes and their type.
 * Out: a decoded object with data defaults. @throws {StatusFault} 400, 413, 415
 */
import { type Decoded, decodeJson, peekTypeMeta } from "@rktnetes/api/codec/decode";
import { goQuote } from "@rktnetes/api/field-error";
import { findType } from "@rktnetes/api/kinds";
import type { JsonObject, ObjectSchema } from "@rktnetes/api/schema";
import { badRequest, unsupportedMediaType } from "@rktnetes/api/status-fault";
import { Fault } from "@shared/base";
import type { FieldValidation } from "../registry/options/write-options.ts";
import { apiVersionOf, type Resource } from "../registry/resource.ts";
import type { GroupVersionKind } from "@rktnetes/api/kind";
import type { ApiRequest } from "./api-request.ts";

const JSON_TYPE = "application/json";
const YAML_TYPE = "application/yaml";
const PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf";

/** What a body may be. */
export interface BodyKind extends GroupVersionKind {
  readonly schema: ObjectSchema;
  readonly hasProtobuf: boolean;
}

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
  const { object, problems } = await decodeBody(bytes, type, kind);
  if (problems.length === 0 || fieldValidation === "Ignore") return object;
  if (fieldValidation === "Strict") {
    const what = `${kind.kind} in version ${goQuote(kind.version)} cannot be handled as a ${kind.kind}`;
    throw badRequest(`${what}: strict decoding error: ${problems.join(", ")}`);
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
  checkType(readType(text, bytes, kind), bytes, kind);
  return orRefuse(kind, () => decodeJson(kind.schema, text));
}

/** What decoding refuses is said with the kind that was wanted. */
export function orRefuse(kind: BodyKind, decode: () => Decoded): Decoded {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== "invalid") throw error;
    const what = `${kind.kind} in version ${goQuote(kind.version)} cannot be handled as a ${kind.kind}`;
    throw badRequest(`${what}: ${error.message}`);
  }
}

interface SaidType {
  readonly apiVersion: string;
  readonly kind: string;
}

function readType(text: string, bytes: Buffer, kind: BodyKind): SaidType {
  try {
    return peekTypeMeta(text);
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== "invalid") throw error;
    throw unrecognized(error.message, bytes, kind);
  }
}

/** A body that is not even an object of some kind. */
export function unrecognized(why: string, bytes: Buffer, kind: BodyKind): Fault {
  const message = `the object provided is unrecognized (must be of type ${kind.kind}): ${why}`;
  return badRequest(`${message} (${showBytes(bytes)})`);
}

const SHOWN_MAX = 30;

/** The beginning of a body: as it is where it looks like JSON, else in hexadecimal digits. */
function showBytes(bytes: Buffer): string {
  if (bytes.length === 0) return "<empty>";
  const beginning = bytes.subarray(0, SHOWN_MAX);
  const shown = beginning.toString(bytes[0] === 0x7b ? "utf8" : "hex");
  return bytes.length > SHOWN_MAX ? `${shown} ...` : shown;
}

/** What is not said is taken from the path. */
export function checkType(said: SaidType, bytes: Buffer, kind: BodyKind): void {
  const [first = "", second, ...more] = said.apiVersion.split("/");
  if (more.length > 0) {
    throw unrecognized(`unexpected GroupVersion string: ${said.apiVersion}`, bytes, kind);
  }
  const own = apiVersionOf(kind);
  const apiVersion = said.apiVersion === "" ? own : said.apiVersion;
  const name = said.kind === "" ? kind.kind : said.kind;
  if (apiVersion === own && name === kind.kind) return;
  const group = second === undefined ? "" : first;
  const version = second ?? (first === "" ? kind.version : first);
  throw badRequest(otherType({ group, version, kind: name }, kind));
}

function otherType(said: GroupVersionKind, wanted: BodyKind): string {
  const what = `${said.kind} in version ${goQuote(said.version)} cannot be handled as a ${wanted.kind}`;
  const isKnown =
    findType(said) !== undefined ||
    (said.kind.endsWith("List") &&
      findType({ ...said, kind: said.kind.slice(0, -4) }) !== undefined);
  if (!isKnown) {
    const full = goQuote(apiVersionOf(said));
    const scheme = '"pkg/api/legacyscheme/scheme.go:30"';
    return `${what}: no kind ${goQuote(said.kind)} is registered for version ${full} in scheme ${scheme}`;
  }
  const target = wanted.group === "" ? "core" : (wanted.group.split(".")[0] ?? "");
  const converting = `converting (${said.version}.${said.kind}) to (${target}.${wanted.kind})`;
  return `${what}: ${converting}: unknown conversion`;
}

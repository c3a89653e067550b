/**
 * Patches: the type of the body says how it changes the object. In: a patch. Out: what was written.
 * @throws {StatusFault} 400, 404, 409, 413, 415, 422
 */
import { applyConfiguration, inconvertible } from "@rktnetes/api/apply/track-fields";
import { type Decoded, decodeTree } from "@rktnetes/api/codec/decode";
import { parseJson, stringifyJson } from "@rktnetes/api/codec/json";
import { countMembers, parseExactJson, refuseCrowd } from "@rktnetes/api/codec/json-text";
import type { YamlTree } from "@rktnetes/api/codec/yaml";
import { applyJsonPatch, decodeJsonPatch, notPatch } from "@rktnetes/api/patch/json-patch";
import { applyMergePatch } from "@rktnetes/api/patch/merge-patch";
import { applyStrategicMerge } from "@rktnetes/api/patch/strategic-merge";
import { goText, isObject } from "@rktnetes/api/patch/values";
import { findType } from "@rktnetes/api/kinds";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import {
  badRequest,
  invalidFault,
  StatusFault,
  tooLarge,
  unsupportedMediaType,
} from "@rktnetes/api/status-fault";
import { Fault } from "@shared/base";
import { timestamp } from "../host.ts";
import { metaText, setMeta } from "../registry/metadata.ts";
import { checkPatchQuery, type WriteQuery } from "../registry/options/write-options.ts";
import { apiVersionOf, type Resource } from "../registry/resource.ts";
import { fieldWriter } from "../registry/track.ts";
import { type Change, update } from "../registry/update.ts";
import type { WriteRequest, Written } from "../registry/written.ts";
import { notOfType } from "./body-kind.ts";
import { contentType } from "./read-object.ts";
import type { ResourceCall } from "./resource-call.ts";

const JSON_PATCH_TYPE = "application/json-patch+json";
const MERGE_TYPE = "application/merge-patch+json";
const STRATEGIC_TYPE = "application/strategic-merge-patch+json";
const APPLY_TYPE = "application/apply-patch+yaml";

const TYPES: ReadonlySet<string> = new Set([
  JSON_PATCH_TYPE,
  MERGE_TYPE,
  STRATEGIC_TYPE,
  APPLY_TYPE,
]);

export interface PatchCall {
  readonly options: WriteQuery;
  readonly request: WriteRequest;
}

export async function patchObject(
  call: ResourceCall,
  resource: Resource,
  { options, request }: PatchCall,
): Promise<Written> {
  const { change, isApply } = await readPatch(call, resource, { options, request });
  const { registry } = call.server;
  const mayCreate = isApply && call.path.subresource === "";
  return await update(registry, resource, {
    ...request,
    isApply,
    isPatch: true,
    change,
    mayCreate,
  });
}

/** What a patch does to an object, and whether it says what the object is to have. */
export interface ReadPatch {
  readonly change: Change;
  readonly isApply: boolean;
}

export async function readPatch(
  call: ResourceCall,
  resource: Resource,
  { options, request }: PatchCall,
): Promise<ReadPatch> {
  const type = contentType(call.request);
  if (!TYPES.has(type)) throw unsupportedMediaType("415: Unsupported Media Type", {});
  if (type === STRATEGIC_TYPE && !resource.kind.hasProtobuf) throw noStrategy();
  const bytes = await call.request.body();
  const isApply = type === APPLY_TYPE;
  checkPatchQuery(options, isApply);
  const change = isApply
    ? await applyChange(call, resource, { bytes, options, request })
    : patchChange(call, resource, { type, bytes, options });
  return { change, isApply };
}

/** Custom kinds have no merge keys. */
function noStrategy(): StatusFault {
  const others = [...TYPES].filter((type) => type !== STRATEGIC_TYPE).join(", ");
  return unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${others}`,
  );
}

interface ApplyBody extends PatchCall {
  readonly bytes: Buffer;
}

async function applyChange(
  call: ResourceCall,
  resource: Resource,
  { bytes, options, request }: ApplyBody,
): Promise<Change> {
  const { config, problems } = await readConfiguration(bytes, resource);
  judge(call, resource, options, problems);
  const now = timestamp(call.server.host.clock.now());
  const writer = fieldWriter(resource, { ...request, fieldManager: options.fieldManager }, now);
  return (current) => {
    const force = options.force === true;
    const applied = applyConfiguration(writer, current, config, { force });
    if (metaText(applied, "name") === "") setMeta(applied, "name", request.name);
    return decodePatched(resource, applied, ({ message }) =>
      inconvertible(config, writer.apiVersion, message),
    );
  };
}

interface Configuration {
  readonly config: JsonObject;
  readonly problems: readonly string[];
}

async function readConfiguration(bytes: Buffer, { kind }: Resource): Promise<Configuration> {
  const { tree, duplicates } = await parseApplied(bytes);
  const config = isObject(tree) ? tree : {};
  const said = [textOf(config, "apiVersion"), textOf(config, "kind")];
  if (said[0] !== apiVersionOf(kind) || said[1] !== kind.kind) {
    const version = said[0] === "" || said[0]?.includes("/") ? said[0] || "/" : `/${said[0]}`;
    throw badRequest(`invalid object type: ${version}, Kind=${said[1]}`);
  }
  return { config, problems: duplicates };
}

async function parseApplied(bytes: Buffer): Promise<YamlTree> {
  const { parseYaml } = await import("@rktnetes/api/codec/yaml");
  try {
    return await parseYaml(bytes.toString());
  } catch (error) {
    const { kind, message } = Fault.from(error);
    if (kind === "exhausted") throw tooLarge(message);
    throw badRequest(`error decoding YAML: ${message}`);
  }
}

interface PatchBody {
  readonly type: string;
  readonly bytes: Buffer;
  readonly options: WriteQuery;
}

function patchChange(
  call: ResourceCall,
  resource: Resource,
  { type, bytes, options }: PatchBody,
): Change {
  const patch = parsePatch(bytes);
  const operations = type === JSON_PATCH_TYPE ? decodeJsonPatch(patch) : [];
  if (type !== JSON_PATCH_TYPE && !isObject(patch)) {
    if (patch === null) throw badRequest("Invalid JSON Patch");
    throw notPatch(patch, "map[string]interface {}");
  }
  return (current) => {
    const patched =
      type === JSON_PATCH_TYPE
        ? patchByOperations(current ?? {}, operations)
        : type === MERGE_TYPE
          ? applyMergePatch(current, patch)
          : applyStrategicMerge(current ?? {}, isObject(patch) ? patch : {}, resource.kind.schema);
    const isStrategic = type === STRATEGIC_TYPE;
    const ordered = isStrategic ? patched : sortedAlong(patched, patch);
    const shown = isStrategic ? goText(patch) : stringifyJson(ordered);
    const refuse = (fault: Fault): Fault =>
      patchInvalid(shown, isStrategic ? restoreWords(fault.message) : fault.message);
    checkPatchedType(resource, patched, refuse);
    const object = decodePatched(resource, ordered, refuse, (problems) => {
      judge(call, resource, options, problems);
    });
    if (metaText(object, "name") !== "") return object;
    const { name } = call.path;
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
  };
}

function parsePatch(bytes: Buffer): Json {
  const text = bytes.toString();
  try {
    refuseCrowd(text);
    if (countMembers(text) === undefined) parseExactJson(text); // refuses what is too deep
    return parseJson(text);
  } catch (error) {
    const { kind, message } = Fault.from(error);
    if (kind === "exhausted") throw tooLarge(message);
    throw badRequest(`error decoding patch: ${message}`);
  }
}

function patchByOperations(
  current: JsonObject,
  operations: ReturnType<typeof decodeJsonPatch>,
): Json {
  try {
    return applyJsonPatch(current, operations);
  } catch (error) {
    const fault = Fault.from(error);
    if (fault.kind !== "invalid" || fault instanceof StatusFault) throw fault;
    const message = "the server rejected our request due to an error in our request";
    throw new StatusFault({ code: 422, reason: "Invalid", message, details: {} });
  }
}

/** What came out of a patch as an object of its kind; `refuse` says what does not fit. */
function decodePatched(
  { kind }: Resource,
  patched: Json,
  refuse: (fault: Fault) => Fault,
  judgeProblems?: (problems: readonly string[]) => void,
): JsonObject {
  let decoded: Decoded;
  try {
    decoded = decodeTree(kind.schema, patched);
  } catch (error) {
    const fault = Fault.from(error);
    throw fault.kind === "exhausted" ? tooLarge(fault.message) : refuse(fault);
  }
  judgeProblems?.(decoded.problems);
  return decoded.object;
}

/** A patch cannot make an object of another kind; of custom ones, validation says so. */
function checkPatchedType(
  { kind }: Resource,
  patched: Json,
  refuse: (fault: Fault) => Fault,
): void {
  const object = isObject(patched) ? patched : {};
  const [version, name] = [textOf(object, "apiVersion"), textOf(object, "kind")];
  if (version === "" && name === "") return;
  const isCustom = kind.schema.structural !== undefined;
  if (version === apiVersionOf(kind) && (name === kind.kind || isCustom)) return;
  const said = { ...groupVersion(version), kind: name };
  const other = findType(said);
  try {
    if (other !== undefined) decodeTree(other, patched);
  } catch (error) {
    throw refuse(Fault.from(error));
  }
  throw refuse(new Fault("invalid", notOfType(said, kind)));
}

function groupVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const at = apiVersion.indexOf("/");
  return { group: apiVersion.slice(0, Math.max(at, 0)), version: apiVersion.slice(at + 1) };
}

/** What a strategic merge made is not read as JSON, and its faults have other words. */
function restoreWords(message: string): string {
  const found = /json: cannot unmarshal (\w+) into Go struct field \S+ of type (\S+)/.exec(message);
  if (found === null) return message;
  const [, given = "", wanted = ""] = found;
  if (wanted.startsWith("[]")) return `cannot restore slice from ${given}`;
  if (wanted.startsWith("map[")) return `cannot restore map from ${given}`;
  return message;
}

function patchInvalid(shown: string, message: string): StatusFault {
  const detail = `Invalid value: ${JSON.stringify(shown)}: ${message}`;
  const error = { type: "FieldValueInvalid", field: "patch", message: detail } as const;
  const fault = invalidFault({ group: "", name: "" }, "", [error]).failure;
  return new StatusFault({ ...fault, details: { causes: fault.details?.causes ?? [] } });
}

/** Objects that a patch went through come out sorted, the rest as it was. */
function sortedAlong(value: Json, patch: Json): Json {
  if (!isObject(value)) return value;
  const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  const sorted = members.map(([name, member]): [string, Json] => {
    const inside = isObject(patch) && Object.hasOwn(patch, name) ? patch[name] : undefined;
    return [name, isObject(inside) ? sortedAlong(member, inside) : member];
  });
  return Object.fromEntries(sorted);
}

/** Unknown and duplicate fields are refused, warned of or ignored, as the client asks. */
function judge(
  { warn }: ResourceCall,
  { kind }: Resource,
  { fieldValidation }: WriteQuery,
  problems: readonly string[],
): void {
  if (problems.length === 0 || fieldValidation === "Ignore") return;
  if (fieldValidation !== "Strict") return problems.forEach(warn);
  throw badRequest(
    `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: ` +
      `strict decoding error: ${problems.join(", ")}`,
  );
}

function textOf(object: JsonObject, field: string): string {
  const value = object[field];
  return typeof value === "string" ? value : "";
}

/**
 * Patches: the type of the body says how it changes the object. In: a patch. Out: what was written.
 * @throws {StatusFault} 400, 404, 409, 413, 415, 422
 */
import { decodeTree } from "@rktnetes/api/codec/decode";
import { applyJsonPatch, decodeJsonPatch, notPatch } from "@rktnetes/api/patch/json-patch";
import { applyMergePatch } from "@rktnetes/api/patch/merge-patch";
import { applyStrategicMerge } from "@rktnetes/api/patch/strategic-merge";
import { isObject } from "@rktnetes/api/patch/values";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { badRequest, unsupportedMediaType } from "@rktnetes/api/status-fault";
import { checkPatchQuery, type WriteQuery } from "../registry/options/write-options.ts";
import type { Resource } from "../registry/resource.ts";
import { type Change, update } from "../registry/update.ts";
import type { Written, WriteRequest } from "../registry/written.ts";
import { contentType, orRefuse } from "./read-object.ts";
import type { ResourceCall } from "./resource-call.ts";

export const APPLY_TYPE = "application/apply-patch+yaml";

const TYPES: ReadonlySet<string> = new Set([
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
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
  const type = contentType(call.request);
  if (!TYPES.has(type)) throw unsupportedMediaType("415: Unsupported Media Type", {});
  const bytes = await call.request.body();
  checkPatchQuery(options, type === APPLY_TYPE);
  const patch = parsePatch(bytes);
  const change: Change = (current) => {
    const patched = applyPatch(type, resource, { current: current ?? {}, patch });
    const decode = (): ReturnType<typeof decodeTree> => decodeTree(resource.kind.schema, patched);
    return orRefuse(resource.kind, decode).object;
  };
  return await update(call.server.registry, resource, {
    ...request,
    change,
    mayCreate: false,
  });
}

function parsePatch(bytes: Buffer): Json {
  try {
    return JSON.parse(bytes.toString()) as Json;
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}

function applyPatch(
  type: string,
  resource: Resource,
  { current, patch }: { readonly current: JsonObject; readonly patch: Json },
): Json {
  if (type === "application/json-patch+json") return applyJsonPatch(current, decodeJsonPatch(patch));
  if (type === "application/merge-patch+json") return applyMergePatch(current, patch);
  if (!isObject(patch)) throw notPatch(patch, "map[string]interface {}");
  return applyStrategicMerge(current, patch, resource.kind.schema);
}

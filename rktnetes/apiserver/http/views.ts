/**
 * Objects in the form that a client asked for: as they are, as rows of a table, or as metadata
 * only; in JSON, YAML or protobuf. In: cached objects. Out: bytes, spliced from those of the cache
 * where the form is plain JSON.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { notAcceptable } from "@rktnetes/api/status-fault";
import { columnDefinitions, printOrder, rowCells, rowConditions } from "@rktnetes/api/table";
import type { CachedObject } from "../registry/cache/cached-object.ts";
import type { ObjectList } from "../registry/list.ts";
import { metadataOf } from "../registry/metadata.ts";
import type { Resource } from "../registry/resource.ts";
import type { Form } from "./negotiate.ts";

/** What is put into the rows of a table. */
export type IncludeObject = "Metadata" | "Object" | "None";

export interface ViewContext {
  readonly form: Form;
  readonly resource: Resource;
  readonly includeObject: IncludeObject;
  readonly nowMs: number;
}

export async function encodeObject(object: CachedObject, view: ViewContext): Promise<Buffer> {
  const { form, resource } = view;
  if (form.view === undefined) {
    if (form.mediaType === "application/json") return object.bytes;
    return await inMediaType(object.object, view);
  }
  if (form.view === "PartialObjectMetadataList") {
    const go = `*${goPackage(resource)}.${resource.kind.kind}`;
    const message = `you requested ${form.view}, but the requested object is not a list (${go})`;
    throw notAcceptable(message);
  }
  const document =
    form.view === "Table"
      ? tableOf([object], { resourceVersion: String(object.revision) }, view)
      : partialOf(object, form);
  return await inMediaType(document, view);
}

export async function encodeList(list: ObjectList, view: ViewContext): Promise<Buffer> {
  const { form, resource } = view;
  if (form.view === "PartialObjectMetadata") {
    const go = `*${goPackage(resource)}.${resource.kind.listKind}`;
    const message = `you requested ${form.view}, but the requested object is a list (${go})`;
    throw notAcceptable(message);
  }
  const metadata = listMetadata(list);
  if (form.view === undefined) {
    // Lists of custom kinds say that nothing follows.
    if (isCustom(resource)) metadata["continue"] ??= "";
    if (form.mediaType === "application/json") return splice(list, metadata, resource);
    const keepsType = isCustom(resource);
    const items = list.objects.map(({ object }) => (keepsType ? object : withoutType(object)));
    return await inMediaType({ ...listHead(resource), metadata, items }, view);
  }
  if (form.view === "Table") return await inMediaType(tableOf(list.objects, metadata, view), view);
  const found = list.objects.map((object) => partialOf(object, form));
  const items = found.length === 0 ? null : found;
  const head = { kind: form.view, apiVersion: `meta.k8s.io/${form.viewVersion}` };
  return await inMediaType({ ...head, metadata, items }, view);
}

function isCustom({ kind }: Resource): boolean {
  return kind.schema.structural !== undefined;
}

/** Items of a list have neither kind nor apiVersion. */
function withoutType({ kind: _kind, apiVersion: _apiVersion, ...rest }: JsonObject): JsonObject {
  return rest;
}

/** The package of Go types that messages name. */
function goPackage({ kind }: Resource): string {
  return kind.group === "" ? "core" : (kind.group.split(".")[0] ?? "");
}

function listHead({ kind, apiVersion }: Resource): JsonObject {
  return { kind: kind.listKind, apiVersion };
}

function listMetadata(list: ObjectList): JsonObject {
  const metadata: JsonObject = { resourceVersion: String(list.revision) };
  if (list.continue !== "") metadata["continue"] = list.continue;
  if (list.remaining !== undefined) metadata["remainingItemCount"] = list.remaining;
  return metadata;
}

const OPEN = "{".charCodeAt(0);
const COMMA = ",".charCodeAt(0);
const CLOSE = Buffer.from("]}\n");

/** A list put together from bytes that are there already. */
function splice({ objects }: ObjectList, metadata: JsonObject, resource: Resource): Buffer {
  const text = JSON.stringify({ ...listHead(resource), metadata });
  const head = Buffer.from(`${text.slice(0, -1)},"items":[`);
  const length = objects.reduce((sum, { lengthMax }) => sum + lengthMax + 2, head.length);
  const out = Buffer.allocUnsafe(length + CLOSE.length);
  let end = head.copy(out);
  for (const [at, object] of objects.entries()) {
    if (at > 0) out[end++] = COMMA;
    // Items of custom kinds say what they are.
    if (isCustom(resource)) {
      end = object.writeTo(out, end);
    } else {
      out[end++] = OPEN;
      end = object.writeTo(out, end, "metadata");
    }
  }
  end += CLOSE.copy(out, end);
  return out.subarray(0, end);
}

/** A table; `withColumns` is false for all events of a watch but the first. */
export function tableOf(
  objects: readonly Pick<CachedObject, "object">[],
  metadata: JsonObject,
  { form, resource, includeObject, nowMs }: ViewContext,
  withColumns: boolean = true,
): JsonObject {
  const { kind, strategy } = resource;
  const rows = printOrder(kind, objects).map((object) => {
    const cells = rowCells(kind, strategy, object.object, { nowMs });
    const conditions = rowConditions(kind, object.object);
    const row: JsonObject = conditions === undefined ? { cells } : { cells, conditions };
    if (includeObject === "None") return { ...row, object: null };
    return { ...row, object: includeObject === "Object" ? object.object : partialOf(object, form) };
  });
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${form.viewVersion}`,
    metadata,
    columnDefinitions: withColumns ? columnDefinitions(kind) : null,
    rows,
  };
}

export function partialOf(
  { object }: Pick<CachedObject, "object">,
  { viewVersion }: Form,
): JsonObject {
  return {
    kind: "PartialObjectMetadata",
    apiVersion: `meta.k8s.io/${viewVersion}`,
    metadata: shownMetadata(object),
  };
}

const OLD_GENERATION = "deprecated.daemonset.template.generation";

/** Daemon sets have an annotation that is a field of an older version: shown only with the rest. */
function shownMetadata(object: JsonObject): JsonObject {
  const metadata = metadataOf(object);
  const { annotations } = metadata;
  const isAnnotated = typeof annotations === "object" && annotations !== null;
  if (!isAnnotated || Array.isArray(annotations) || !(OLD_GENERATION in annotations)) {
    return metadata;
  }
  const { [OLD_GENERATION]: _old, ...others } = annotations;
  const { annotations: _all, ...rest } = metadata;
  return Object.keys(others).length === 0 ? rest : { ...metadata, annotations: others };
}

/** Any document in the media type that was agreed on. */
async function inMediaType(document: JsonObject, { form }: ViewContext): Promise<Buffer> {
  if (form.mediaType === "application/vnd.kubernetes.protobuf") {
    const { protobufForm } = await import("./protobuf-form.ts");
    return protobufForm(document);
  }
  if (form.mediaType === "application/yaml") {
    const { formatYaml } = await import("@rktnetes/api/codec/yaml");
    return Buffer.from(await formatYaml(document));
  }
  return Buffer.from(`${JSON.stringify(document)}\n`);
}

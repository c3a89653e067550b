/**
 * The scale of an object: how many replicas it should have and has, in one form for all kinds. In:
 * an object, or a Scale that a client wants. Out: the Scale, or the object with other replicas.
 * @throws {StatusFault} 409, 422, 500
 */
import { invalid } from "@rktnetes/api/field-error";
import type { Kind, ScalePaths } from "@rktnetes/api/kind";
import { findType } from "@rktnetes/api/kinds";
import { ageOf } from "@rktnetes/api/print/cells";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { labelsText, selectorText } from "@rktnetes/api/selector-text";
import { conflictFault, invalidFault, StatusFault } from "@rktnetes/api/status-fault";
import type { RowContext } from "@rktnetes/api/strategy";
import { readNumber, readObject } from "@rktnetes/api/strategy/object-at";
import { assert } from "@shared/base";
import { metadataOf, metaText, setMeta } from "../metadata.ts";
import type { Resource } from "../resource.ts";

const SCALE = { group: "autoscaling", version: "v1", kind: "Scale" } as const;

const BUILT_IN: ScalePaths = {
  specReplicasPath: ".spec.replicas",
  statusReplicasPath: ".status.replicas",
  labelSelectorPath: "",
};

const KEPT = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] as const;

/** What is read and written under `/scale` of a resource. */
export function scaleResource(parent: Resource): Resource {
  const schema = findType(SCALE);
  assert(schema !== undefined, "a Scale is known");
  const { kind } = parent;
  const nameFormat = kind.scale === undefined ? "" : "name";
  const scaleKind: Kind = { ...kind, ...SCALE, schema, columns: columns(nameFormat) };
  return {
    ...parent,
    kind: scaleKind,
    apiVersion: "autoscaling/v1",
    kindNamed: { group: SCALE.group, name: SCALE.kind },
    hasStatus: false,
    strategy: { row: scaleRow },
  };
}

function columns(nameFormat: string): Kind["columns"] {
  const column = { format: "", description: "", priority: 0 } as const;
  return [
    { ...column, name: "Name", type: "string", format: nameFormat },
    { ...column, name: "Desired", type: "integer" },
    { ...column, name: "Available", type: "integer" },
    { ...column, name: "Age", type: nameFormat === "" ? "string" : "date" },
  ];
}

function scaleRow(scale: JsonObject, context: RowContext): readonly Json[] {
  const desired = readNumber(readObject(scale, "spec"), "replicas") ?? 0;
  const present = readNumber(readObject(scale, "status"), "replicas") ?? 0;
  return [metaText(scale, "name"), desired, present, ageOf(scale, context)];
}

/** @throws {StatusFault} 500 when a custom object does not say its replicas */
export function scaleOf(resource: Resource, object: JsonObject): JsonObject {
  const { kind } = resource;
  const path = kind.scale?.specReplicasPath;
  if (path !== undefined && valueAt(object, path) === undefined) throw noReplicas(path);
  return wantedScaleOf(resource, object);
}

/** As a basis for changes, which may be the first to say the replicas. */
export function wantedScaleOf({ kind }: Resource, object: JsonObject): JsonObject {
  const metadata: JsonObject = {};
  const own = metadataOf(object);
  for (const field of KEPT) if (own[field] !== undefined) metadata[field] = own[field];
  const paths = kind.scale ?? BUILT_IN;
  const replicas = valueAt(object, paths.specReplicasPath);
  const status: JsonObject = { replicas: valueAt(object, paths.statusReplicasPath) ?? 0 };
  const selector = selectorOf(kind, object);
  if (selector !== "") status["selector"] = selector;
  const spec: JsonObject = replicas === undefined || replicas === 0 ? {} : { replicas };
  return { kind: "Scale", apiVersion: "autoscaling/v1", metadata, spec, status };
}

function selectorOf(kind: Kind, object: JsonObject): string {
  if (kind.scale !== undefined) {
    const { labelSelectorPath } = kind.scale;
    const text = labelSelectorPath === "" ? undefined : valueAt(object, labelSelectorPath);
    return typeof text === "string" ? text : "";
  }
  const selector = readObject(readObject(object, "spec"), "selector");
  return kind.resource === "replicationcontrollers" ? labelsText(selector) : selectorText(selector);
}

function noReplicas(path: string): StatusFault {
  const message = `the spec replicas field ${JSON.stringify(path)} does not exist`;
  return new StatusFault({
    code: 500,
    reason: "InternalError",
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] },
  });
}

/** The object with the replicas of a Scale; metadata says which object and version were meant. */
export function rescaled(parent: Resource, object: JsonObject, scale: JsonObject): JsonObject {
  const replicas = readNumber(readObject(scale, "spec"), "replicas") ?? 0;
  const name = metaText(object, "name");
  const path = replicasPath(parent);
  if (replicas < 0) throw negative(parent, name, replicas);
  checkUid(parent, object, scale);
  setMeta(object, "name", metaText(scale, "name"));
  const version = metaText(scale, "resourceVersion");
  if (version !== "") setMeta(object, "resourceVersion", version);
  putAt(object, path, replicas);
  return object;
}

function negative({ kind, kindNamed }: Resource, name: string, replicas: number): StatusFault {
  if (kind.scale !== undefined) {
    const error = invalid(
      kind.scale.specReplicasPath,
      replicas,
      "should be a non-negative integer",
    );
    return invalidFault(kindNamed, name, [error]);
  }
  const error = invalid("spec.replicas", replicas, "must be greater than or equal to 0");
  return invalidFault({ group: SCALE.group, name: SCALE.kind }, name, [error]);
}

function checkUid(parent: Resource, object: JsonObject, scale: JsonObject): void {
  const [wanted, uid] = [metaText(scale, "uid"), metaText(object, "uid")];
  if (wanted === "" || wanted === uid) return;
  throw uidConflict(parent, object, wanted);
}

/** Resources that the words of the store call otherwise. */
const IN_KEYS: Readonly<Record<string, string>> = { replicationcontrollers: "controllers" };

/** The words of a store that was told to expect another object. */
export function uidConflict(resource: Resource, object: JsonObject, wanted: string): StatusFault {
  const { kind, named } = resource;
  const [name, uid] = [metaText(object, "name"), metaText(object, "uid")];
  const isBuiltin = Object.hasOwn(IN_KEYS, kind.resource);
  const own = (isBuiltin ? IN_KEYS[kind.resource] : undefined) ?? kind.resource;
  const place = kind.scale === undefined ? own : `${kind.group}/${kind.resource}`;
  const key = `/registry/${place}/${metaText(object, "namespace")}/${name}`;
  const why = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${uid}`;
  const words = `invalid object, Code: 4, Key: ${key}, ResourceVersion: 0`;
  return conflictFault(named, name, `StorageError: ${words}, AdditionalErrorMsg: ${why}`);
}

/** Paths are dots and names. */
function valueAt(object: JsonObject, path: string): Json | undefined {
  const fields = fieldsOf(path);
  const last = fields.pop() ?? "";
  return fields.reduce(readObject, object)[last];
}

function putAt(object: JsonObject, path: readonly string[], value: Json): void {
  const fields = [...path];
  const last = fields.pop() ?? "";
  let parent = object;
  for (const field of fields) {
    const next = { ...readObject(parent, field) };
    parent[field] = next;
    parent = next;
  }
  parent[last] = value;
}

/** Where an object says how many replicas it should have. */
export function replicasPath({ kind }: Resource): string[] {
  return fieldsOf((kind.scale ?? BUILT_IN).specReplicasPath);
}

function fieldsOf(path: string): string[] {
  return path.replace(/^\./, "").split(".");
}

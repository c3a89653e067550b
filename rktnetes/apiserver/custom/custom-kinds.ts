/**
 * A definition as the kinds that it stands for, one for each version that is served. In: a
 * definition that was accepted. Out: kinds. Pure.
 */
import { createHash } from "node:crypto";
import type { Column, Kind, ScalePaths, Subresource } from "@rktnetes/api/kind";
import type { JsonObject } from "@rktnetes/api/schema";
import { readObject, readText } from "@rktnetes/api/object-at";
import { isObject, structuralOf, textsOf } from "@rktnetes/api/structural/structural";
import { customObjectSchema } from "@rktnetes/api/structural/type-schema";
import { compareVersions } from "./version-order.ts";

/**
 * Tells one reading of a definition from the next: what was cached for the last one is forgotten.
 */
let readings = 0;

/** The versions of a definition, the preferred one first. */
export function kindsOf(definition: JsonObject): readonly Kind[] {
  const spec = readObject(definition, "spec");
  const versions = versionsOf(spec);
  const served = versions.filter((version) => version["served"] === true);
  const storage = versions.find((version) => version["storage"] === true) ?? {};
  const reading = ++readings;
  const kinds = served.map((version) => kindOf(definition, version, { storage, served, reading }));
  const differ = readText(readObject(spec, "conversion"), "strategy") === "Webhook";
  const schemas = new Map(kinds.map((kind) => [`${kind.group}/${kind.version}`, kind.schema]));
  return kinds
    .map((kind) => ({ ...kind, siblings: { schemas, differ } }))
    .sort((left, right) => compareVersions(left.version, right.version));
}

/**
 * All versions, in the order of the definition, and the one in which objects are kept. Those that
 * are `known` are not made again.
 */
export function versionKindsOf(
  definition: JsonObject,
  known: readonly Kind[] = [],
): { readonly stored: Kind; readonly all: readonly Kind[] } | undefined {
  const versions = versionsOf(readObject(definition, "spec"));
  const storage = versions.find((version) => version["storage"] === true);
  if (storage === undefined) return undefined;
  const context = { storage, served: [], reading: ++readings };
  const all = versions.map(
    (version) =>
      known.find((kind) => kind.version === version["name"]) ??
      kindOf(definition, version, context),
  );
  const stored = all[versions.indexOf(storage)];
  return stored === undefined ? undefined : { stored, all };
}

function versionsOf(spec: JsonObject): readonly JsonObject[] {
  const { versions } = spec;
  return Array.isArray(versions) ? versions.filter(isObject) : [];
}

interface Context {
  readonly storage: JsonObject;
  readonly served: readonly JsonObject[];
  readonly reading: number;
}

const VERBS: readonly string[] = [
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "create",
  "update",
  "watch",
];

function kindOf(
  definition: JsonObject,
  version: JsonObject,
  { storage, served, reading }: Context,
): Kind {
  const spec = readObject(definition, "spec");
  const names = readObject(readObject(definition, "status"), "acceptedNames");
  const [group, name] = [readText(spec, "group"), readText(version, "name")];
  const kind = readText(names, "kind");
  const resource = readText(names, "plural");
  const storageVersion = readText(storage, "name");
  const subresources = readObject(version, "subresources");
  const scale = scaleOf(subresources);
  const isTerminating = readText(readObject(definition, "metadata"), "deletionTimestamp") !== "";
  const schema = readObject(readObject(version, "schema"), "openAPIV3Schema");
  return {
    group,
    version: name,
    kind,
    listKind: readText(names, "listKind"),
    resource,
    singular: readText(names, "singular"),
    namespaced: readText(spec, "scope") === "Namespaced",
    shortNames: textsOf(names["shortNames"]),
    categories: textsOf(names["categories"]),
    verbs: VERBS,
    subresources: subresourcesOf({ group, version: name, kind }, subresources),
    storageVersionHash: hashOf(`${group}/${storageVersion}/${kind}`),
    columns: columnsOf(version),
    selectableFields: selectableOf(version),
    schema: customObjectSchema(structuralOf(schema)),
    openApi: schema,
    hasProtobuf: false,
    view: `${resource}@${name}~${reading}`,
    storageVersion,
    ...deprecationOf(version, served, { group, kind }),
    ...(scale === undefined ? {} : { scale }),
    ...(isTerminating ? { isTerminating } : {}),
  };
}

const HASH_BYTES = 8;

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest().subarray(0, HASH_BYTES).toString("base64");
}

function scaleOf(subresources: JsonObject): ScalePaths | undefined {
  const { scale } = subresources;
  if (!isObject(scale)) return undefined;
  return {
    specReplicasPath: readText(scale, "specReplicasPath"),
    statusReplicasPath: readText(scale, "statusReplicasPath"),
    labelSelectorPath: readText(scale, "labelSelectorPath"),
  };
}

const SUBRESOURCE_VERBS: readonly string[] = ["get", "patch", "update"];

function subresourcesOf(
  own: Subresource["kind"],
  subresources: JsonObject,
): readonly Subresource[] {
  const verbs = SUBRESOURCE_VERBS;
  const status = isObject(subresources["status"]) ? [{ name: "status", kind: own, verbs }] : [];
  const kind = { group: "autoscaling", version: "v1", kind: "Scale" };
  const scale = isObject(subresources["scale"]) ? [{ name: "scale", kind, verbs }] : [];
  return [...status, ...scale];
}

const NAME: Column = {
  name: "Name",
  type: "string",
  format: "name",
  description: "",
  priority: 0,
  jsonPath: ".metadata.name",
};

const AGE: Column = {
  name: "Age",
  type: "date",
  format: "",
  description: "",
  priority: 0,
  jsonPath: ".metadata.creationTimestamp",
};

function columnsOf(version: JsonObject): readonly Column[] {
  const given = version["additionalPrinterColumns"];
  if (!Array.isArray(given) || given.length === 0) return [NAME, AGE];
  return [NAME, ...given.filter(isObject).map(columnOf)];
}

function columnOf(column: JsonObject): Column {
  const jsonPath = readText(column, "jsonPath");
  const described = readText(column, "description");
  const { priority } = column;
  return {
    name: readText(column, "name"),
    type: readText(column, "type") as Column["type"],
    format: readText(column, "format"),
    description:
      described === ""
        ? `Custom resource definition column (in JSONPath format): ${jsonPath}`
        : described,
    priority: typeof priority === "number" ? priority : 0,
    jsonPath,
  };
}

function selectableOf(version: JsonObject): readonly string[] {
  const fields = version["selectableFields"];
  if (!Array.isArray(fields)) return [];
  return fields.filter(isObject).map((field) => readText(field, "jsonPath").replace(/^\./, ""));
}

function deprecationOf(
  version: JsonObject,
  served: readonly JsonObject[],
  { group, kind }: { readonly group: string; readonly kind: string },
): { readonly deprecation?: string } {
  if (version["deprecated"] !== true) return {};
  const own = readText(version, "deprecationWarning");
  if (own !== "") return { deprecation: own };
  const name = readText(version, "name");
  const newer = served
    .filter((each) => each["deprecated"] !== true)
    .map((each) => readText(each, "name"))
    .filter((each) => compareVersions(each, name) < 0)
    .sort(compareVersions)[0];
  const hint = newer === undefined ? "" : `; use ${group}/${newer} ${kind}`;
  return { deprecation: `${group}/${name} ${kind} is deprecated${hint}` };
}

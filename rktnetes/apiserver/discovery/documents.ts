/**
 * What the API says of itself, from one table of kinds: the old documents, one per group and
 * version, and the new one that has everything at once. Pure.
 */
import type { GroupVersion, Kind, Subresource } from "@rktnetes/api/kind";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { apiVersionOf } from "../registry/resource.ts";

/** `/api`: clients read no more of it than the versions. */
export function coreVersions(address: string): JsonObject {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: address }],
  };
}

/** `/apis` */
export function groupList(all: readonly GroupVersion[]): JsonObject {
  const names = [...new Set(all.map(({ group }) => group))].filter((group) => group !== "");
  const groups = names.map((name) => groupEntry(name, all));
  return { kind: "APIGroupList", apiVersion: "v1", groups };
}

/** `/apis/apps` */
export function groupDocument(name: string, all: readonly GroupVersion[]): JsonObject {
  return { kind: "APIGroup", apiVersion: "v1", ...groupEntry(name, all) };
}

function groupEntry(name: string, all: readonly GroupVersion[]): JsonObject {
  const versions = all
    .filter(({ group }) => group === name)
    .map((each): JsonObject => ({ groupVersion: apiVersionOf(each), version: each.version }));
  return { name, versions, preferredVersion: versions[0] ?? null };
}

/** `/api/v1`, `/apis/apps/v1` */
export function resourceList(api: GroupVersion, kinds: readonly Kind[]): JsonObject {
  const groupVersion = apiVersionOf(api);
  const resources = kinds.flatMap((kind) => [
    resourceEntry(kind),
    ...kind.subresources.map((subresource) => subresourceEntry(kind, subresource)),
  ]);
  const head = { kind: "APIResourceList", ...(api.group === "" ? {} : { apiVersion: "v1" }) };
  return { ...head, groupVersion, resources: resources.filter((each) => each !== undefined) };
}

function resourceEntry(kind: Kind): JsonObject {
  const entry: JsonObject = {
    name: kind.resource,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: [...kind.verbs],
  };
  if (kind.shortNames.length > 0) entry["shortNames"] = [...kind.shortNames];
  if (kind.categories.length > 0) entry["categories"] = [...kind.categories];
  if (kind.storageVersionHash !== "") entry["storageVersionHash"] = kind.storageVersionHash;
  return entry;
}

function subresourceEntry(kind: Kind, { name, kind: own, verbs }: Subresource): JsonObject {
  const isForeign = own.group !== kind.group || own.version !== kind.version;
  return {
    name: `${kind.resource}/${name}`,
    singularName: "",
    namespaced: kind.namespaced,
    ...(isForeign ? { group: own.group, version: own.version } : {}),
    kind: own.kind,
    verbs: [...verbs],
  };
}

/** `/api` or `/apis` in one document; `entryOf` gives the kinds of a version, or its entry. */
export function aggregated(
  all: readonly GroupVersion[],
  isCore: boolean,
  entryOf: (api: GroupVersion) => readonly Kind[] | JsonObject,
): JsonObject {
  const mine = all.filter(({ group }) => (group === "") === isCore);
  const names = [...new Set(mine.map(({ group }) => group))];
  const items = names.map((name): JsonObject => {
    const versions = mine
      .filter(({ group }) => group === name)
      .map((api) => versionEntry(api, entryOf(api)));
    return { metadata: name === "" ? {} : { name }, versions };
  });
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items,
  };
}

function versionEntry(api: GroupVersion, kinds: readonly Kind[] | JsonObject): JsonObject {
  if (!isKinds(kinds)) return kinds;
  return {
    version: api.version,
    resources: kinds.map(aggregatedResource),
    freshness: "Current",
  };
}

function isKinds(value: readonly Kind[] | JsonObject): value is readonly Kind[] {
  return Array.isArray(value);
}

/** Built-in kinds leave to the list what it says already. */
function responseVersion({ group, version, schema }: Kind): GroupVersion {
  return schema.structural === undefined ? { group: "", version: "" } : { group, version };
}

function aggregatedResource(kind: Kind): JsonObject {
  const entry: JsonObject = {
    resource: kind.resource,
    responseKind: { ...responseVersion(kind), kind: kind.kind },
    scope: kind.namespaced ? "Namespaced" : "Cluster",
    singularResource: kind.singular,
    verbs: [...kind.verbs],
  };
  if (kind.shortNames.length > 0) entry["shortNames"] = [...kind.shortNames];
  if (kind.categories.length > 0) entry["categories"] = [...kind.categories];
  const subresources = kind.subresources.map((each): Json => {
    const isOwn = each.kind.group === kind.group && each.kind.version === kind.version;
    const { group, version } = isOwn ? responseVersion(kind) : each.kind;
    return {
      subresource: each.name,
      responseKind: { group, version, kind: each.kind.kind },
      verbs: [...each.verbs],
    };
  });
  if (subresources.length > 0) entry["subresources"] = subresources;
  return entry;
}

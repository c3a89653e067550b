import { expect, test } from "bun:test";
import type { Kind } from "../kinds/kind.ts";
import { builtinGroupVersions, builtinKinds } from "../kinds/load.ts";
import { findKind } from "../kinds/load.ts";
import type { Json, JsonObject } from "../schema/schema.ts";
import { gnosticDocument } from "./gnostic.ts";
import { openApi2 } from "./version-2.ts";
import { openApi3 } from "./version-3.ts";

const APIS = builtinGroupVersions().map((api) => {
  const kinds = builtinKinds().filter(({ group, version }) => {
    return group === api.group && version === api.version;
  });
  return { api, kinds };
});

const APPS = APIS.find(({ api }) => api.group === "apps") ?? {
  api: { group: "", version: "" },
  kinds: [],
};

/** What lies at a path of member names. */
function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let found = value;
  for (const name of path) found = (found as JsonObject | undefined)?.[name];
  return found;
}

function references(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => {
    return name === "$ref" && typeof each === "string" ? [each] : references(each);
  });
}

test("every reference of every document leads somewhere", () => {
  const check = (document: JsonObject, prefix: string, types: Json | undefined): void => {
    const defined = new Set(Object.keys(types as JsonObject).map((name) => `${prefix}${name}`));
    expect(references(document).filter((name) => !defined.has(name))).toEqual([]);
  };
  for (const { api, kinds } of APIS) {
    const document = openApi3(api, kinds);
    check(document, "#/components/schemas/", at(document, "components", "schemas"));
  }
  const two = openApi2(APIS);
  check(two, "#/definitions/", two["definitions"]);
});

test("ids of operations are told apart", () => {
  const ids = Object.values(openApi2(APIS)["paths"] as JsonObject).flatMap((item) => {
    return Object.values(item as JsonObject).flatMap((each) => at(each, "operationId") ?? []);
  });
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toContain("replaceAppsV1NamespacedDeploymentScale");
  expect(ids).toContain("watchRbacAuthorizationV1ClusterRoleList");
});

test("clients find what they look up", () => {
  const document = openApi3(APPS.api, APPS.kinds);
  const one = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}";
  const patch = at(document, "paths", one, "patch") as JsonObject;
  expect((patch["parameters"] as JsonObject[]).map(({ name }) => name)).toContain(
    "fieldValidation",
  );
  const kind = { group: "apps", version: "v1", kind: "Deployment" };
  expect(patch["x-kubernetes-group-version-kind"]).toEqual(kind);
  const types = at(document, "components", "schemas");
  const status = at(types, "io.k8s.api.apps.v1.DeploymentStatus", "properties", "conditions");
  expect(status).toMatchObject({
    "x-kubernetes-list-map-keys": ["type"],
    "x-kubernetes-list-type": "map",
    "x-kubernetes-patch-merge-key": "type",
    "x-kubernetes-patch-strategy": "merge",
  });
  const own = at(types, "io.k8s.api.apps.v1.Deployment", "x-kubernetes-group-version-kind");
  expect(own).toEqual([kind]);
  const options = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
  const all = at(openApi2(APIS), "definitions", options, "x-kubernetes-group-version-kind");
  expect(all).toHaveLength(APIS.length);
});

test("custom kinds are shown as their author wrote them, in version 2 without alternatives", () => {
  const base = findKind("apps", "v1", "deployments");
  if (base === undefined) throw new Error("deployments");
  const openApi = { properties: { spec: { anyOf: [{ type: "string" }], pattern: "^a" } } };
  const api = { group: "stable.example.com", version: "v1" };
  const kind: Kind = {
    ...base,
    ...api,
    kind: "Thing",
    listKind: "ThingList",
    resource: "things",
    schema: base.schema,
    openApi,
  };
  const three = openApi3(api, [kind]);
  const name = "com.example.stable.v1.Thing";
  const spec = at(three, "components", "schemas", name, "properties", "spec");
  expect(spec).toEqual(openApi.properties.spec);
  const two = openApi2([{ api, kinds: [kind] }]);
  expect(at(two, "definitions", name, "properties", "spec")).toEqual({ pattern: "^a" });
  const patch = at(
    two,
    "paths",
    "/apis/stable.example.com/v1/namespaces/{namespace}/things/{name}",
    "patch",
  );
  expect(at(patch, "consumes")).not.toContain("application/strategic-merge-patch+json");
});

test("objects within custom objects have what all objects have; old watches are not theirs", () => {
  const [base] = APPS.kinds;
  if (base === undefined) throw new Error("apps");
  const inner = { type: "object", "x-kubernetes-embedded-resource": true };
  const openApi = { properties: { spec: { properties: { all: { items: inner } } } } };
  const api = { group: "e.io", version: "v1" };
  const kind: Kind = {
    ...base,
    ...api,
    kind: "T",
    listKind: "TList",
    schema: base.schema,
    openApi,
  };
  const document = openApi3(api, [kind]);
  const path = ["components", "schemas", "io.e.v1.T", "properties", "spec", "properties", "all"];
  expect(at(document, ...path, "items")).toMatchObject({
    required: ["kind", "apiVersion"],
    properties: { kind: { type: "string" } },
  });
  const paths = Object.keys(document["paths"] as JsonObject);
  expect(paths.filter((each) => each.includes("/watch/") || each.endsWith("/"))).toEqual([]);
});

test("the protobuf form of a small document, byte by byte", () => {
  const definitions = { A: { type: "string", "x-y": [1] } };
  const bytes = gnosticDocument({ swagger: "2.0", definitions });
  const extension = [10, 3, ...Buffer.from("x-y"), 18, 5, 18, 3, ...Buffer.from("[1]")];
  const type = [10, 6, ...Buffer.from("string")];
  const schema = [0xb2, 1, type.length, ...type, 0xfa, 1, extension.length, ...extension];
  const named = [10, 1, ...Buffer.from("A"), 18, schema.length, ...schema];
  const whole = [10, 3, ...Buffer.from("2.0"), 0x4a, named.length + 2, 10, named.length, ...named];
  expect([...bytes]).toEqual(whole);
});

import { describe, expect, test } from "bun:test";
import type { JsonObject } from "@rktnetes/api/schema";
import { readObject, readText } from "@rktnetes/api/object-at";
import { create } from "../registry/create.ts";
import { deleteObject } from "../registry/delete.ts";
import { type Cluster, openCluster } from "../testing/cluster.ts";
import { kindsOf } from "./custom-kinds.ts";
import { isTrue, settleNames } from "./names.ts";
import { compareVersions } from "./version-order.ts";

test("versions come in the order in which clients should try them", () => {
  const wanted = ["v10", "v2", "v1", "v11beta2", "v10beta3", "v3alpha1", "bar1", "foo1"];
  expect(wanted.toReversed().sort(compareVersions)).toEqual(wanted);
});

const NOW = "2026-01-01T00:00:00Z";

function definition(plural: string, kind: string, more: JsonObject = {}): JsonObject {
  const schema = { openAPIV3Schema: { type: "object" } };
  return {
    metadata: { name: `${plural}.a.b` },
    spec: {
      group: "a.b",
      scope: "Namespaced",
      names: { plural, kind, singular: kind.toLowerCase(), listKind: `${kind}List` },
      conversion: { strategy: "None" },
      versions: [
        { name: "v1beta1", served: true, storage: false, deprecated: true, schema },
        { name: "v1", served: true, storage: true, schema },
        { name: "v1alpha1", served: false, storage: false, schema },
      ],
      ...more,
    },
    status: {},
  };
}

describe("names", () => {
  test("that nobody has are accepted, and the kind is established", () => {
    const one = definition("ones", "One");
    settleNames(one, [], NOW);
    expect(isTrue(one, "NamesAccepted")).toBe(true);
    expect(isTrue(one, "Established")).toBe(true);
  });
  test("of another kind are refused; what is established stays so", () => {
    const one = definition("ones", "One");
    settleNames(one, [], NOW);
    const other = definition("others", "One");
    settleNames(other, [one], NOW);
    expect(isTrue(other, "Established")).toBe(false);
    const { acceptedNames } = other["status"] as JsonObject;
    expect(acceptedNames).toEqual({ plural: "others" });
    settleNames(one, [other], NOW);
    expect(isTrue(one, "Established")).toBe(true);
    settleNames(other, [], NOW);
    expect(isTrue(other, "Established")).toBe(true);
  });
});

describe("definitions that come together", () => {
  async function make(cluster: Cluster, plural: string): Promise<void> {
    const resource = await cluster.resource("apiextensions.k8s.io", "customresourcedefinitions");
    const { status: _status, ...object } = definition(plural, "Same");
    const asking = cluster.request({ name: `${plural}.a.b` });
    await create(cluster.registry, resource, object, asking);
  }

  async function accepted(cluster: Cluster): Promise<readonly string[]> {
    const resource = await cluster.resource("apiextensions.k8s.io", "customresourcedefinitions");
    for (let round = 0; round < 3; round++) {
      await cluster.registry.hub.catchUp();
      await cluster.server.definitions.settled();
    }
    const cache = await cluster.registry.fresh(resource);
    const all = cache.range(resource.prefix).map(({ object }) => object);
    return all
      .filter((each) => isTrue(each, "Established"))
      .map((each) => readText(readObject(each, "metadata"), "name"));
  }

  test("share no names; what one gives up another gets", async () => {
    await using cluster = await openCluster();
    await Promise.all(["ones", "twos", "threes"].map((plural) => make(cluster, plural)));
    const [first = "", ...others] = await accepted(cluster);
    expect([first === "", others]).toEqual([false, []]);
    const resource = await cluster.resource("apiextensions.k8s.io", "customresourcedefinitions");
    await deleteObject(cluster.registry, resource, {
      ...cluster.request({ name: first }),
      options: NOW_OPTIONS,
    });
    const next = await accepted(cluster);
    expect(next).toHaveLength(1);
    expect(next).not.toContain(first);
  });
});

const NOW_OPTIONS = {
  gracePeriodSeconds: 0,
  propagationPolicy: undefined,
  orphanDependents: undefined,
  uid: undefined,
  resourceVersion: undefined,
  dryRun: false,
};

describe("a definition in a group of the project", () => {
  const ROWS: readonly (readonly [string, string, string])[] = [
    ["https://example.com/pull/1", "True", "ApprovedAnnotation"],
    ["unapproved, experimental", "False", "UnapprovedAnnotation"],
    ["", "False", "MissingAnnotation"],
    ["nobody", "False", "InvalidAnnotation"],
  ];
  test.each(ROWS)("that says %p", (value, status, reason) => {
    const one = definition("ones", "One", { group: "x.k8s.io" });
    one["metadata"] = { annotations: { "api-approved.kubernetes.io": value } };
    settleNames(one, [], NOW);
    const { conditions } = one["status"] as JsonObject;
    expect(conditions).toContainEqual(
      expect.objectContaining({ type: "KubernetesAPIApprovalPolicyConformant", status, reason }),
    );
  });
});

describe("kinds of a definition", () => {
  test("are the versions that are served, the preferred one first, an old one warned of", () => {
    const one = definition("ones", "One");
    settleNames(one, [], NOW);
    const kinds = kindsOf(one);
    expect(kinds.map(({ version }) => version)).toEqual(["v1", "v1beta1"]);
    expect(kinds[1]?.deprecation).toBe("a.b/v1beta1 One is deprecated; use a.b/v1 One");
  });
});

import { describe, expect, test } from "bun:test";

import type { FieldSchema, ObjectSchema, TypeSchema } from "../schema/schema.ts";
import { builtinGroupVersions, builtinKinds, findDefinition, findKind, findType } from "./load.ts";

/** Every type that a type leads to, itself included, with the fields that lead there. */
function reachable(
  root: ObjectSchema,
): Map<ObjectSchema, readonly (readonly [string, FieldSchema])[]> {
  const found = new Map<ObjectSchema, readonly (readonly [string, FieldSchema])[]>();
  const waiting: TypeSchema[] = [root];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (at.kind === "list") waiting.push(at.items);
    if (at.kind === "map") waiting.push(at.values);
    if (at.kind !== "object" || found.has(at)) continue;
    found.set(at, [...at.fields]);
    waiting.push(...[...at.fields.values()].map(({ type }) => type));
  }
  return found;
}

describe("kinds", () => {
  test("22 group-versions are served, autoscaling/v2 before v1", () => {
    const names = builtinGroupVersions().map(({ group, version }) => `${group}/${version}`);
    expect(names).toHaveLength(22);
    expect(names[0]).toBe("/v1");
    expect(names.indexOf("autoscaling/v2")).toBeLessThan(names.indexOf("autoscaling/v1"));
  });

  test("every kind has a schema, and its list has one when it can be listed", () => {
    const missing = builtinKinds().filter((kind) => {
      const list = { ...kind, group: kind.group, kind: kind.listKind };
      const isListed = !kind.verbs.includes("list") || findType(list) !== undefined;
      return kind.schema.fields.size === 0 || !isListed;
    });
    expect(missing).toEqual([]);
  });

  test("every sub-resource speaks a kind that is known", () => {
    const missing = builtinKinds()
      .flatMap(({ subresources }) => subresources)
      .filter(({ kind }) => findType(kind) === undefined);
    expect(missing).toEqual([]);
  });

  test("storage version hashes stand where objects are stored", () => {
    const without = builtinKinds().filter(
      (kind) => kind.verbs.includes("watch") && kind.storageVersionHash === "",
    );
    expect(without).toEqual([]);
  });

  test("a scale is autoscaling/v1 whatever it scales", () => {
    const deployments = findKind("apps", "v1", "deployments");
    expect(deployments?.shortNames).toEqual(["deploy"]);
    expect(deployments?.subresources.find(({ name }) => name === "scale")?.kind).toEqual({
      group: "autoscaling",
      version: "v1",
      kind: "Scale",
    });
  });

  test("columns keep their order and their spaces", () => {
    const columns = findKind("", "v1", "events")?.columns ?? [];
    expect(columns.map(({ name }) => name).slice(0, 2)).toEqual(["Last Seen", "Type"]);
    expect(columns.at(-1)).toMatchObject({ name: "Name", format: "name", priority: 1 });
  });

  test("options and Status are spoken everywhere they should be", () => {
    expect(findType({ group: "apps", version: "v1", kind: "DeleteOptions" })).toBeDefined();
    expect(findType({ group: "", version: "v1", kind: "Status" })).toBeDefined();
    expect(findType({ group: "apps", version: "v1", kind: "Status" })).toBeUndefined();
    expect(
      findType({ group: "admission.k8s.io", version: "v1", kind: "AdmissionReview" }),
    ).toBeDefined();
  });
});

describe("types", () => {
  const types = new Map(builtinKinds().flatMap(({ schema }) => [...reachable(schema)]));

  test("numbers on the wire are used once in a message", () => {
    const twice = [...types].filter(([, fields]) => {
      const numbers = fields
        .filter(([, field]) => field.number !== undefined)
        .map(([, { within = [], number }]) => [...within, number].join("."));
      return new Set(numbers).size !== numbers.length;
    });
    expect(twice).toEqual([]);
  });

  test("keys of lists and merge keys are fields of their items", () => {
    const wrong: string[] = [];
    for (const [schema, fields] of types) {
      for (const [name, { type, patchMergeKey }] of fields) {
        if (type.kind !== "list" || type.items.kind !== "object") continue;
        const { items } = type;
        const keys = [...type.keys, ...(patchMergeKey === undefined ? [] : [patchMergeKey])];
        for (const key of keys) {
          if (!items.fields.has(key)) wrong.push(`${schema.name}.${name}: ${key}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test("required fields exist", () => {
    const wrong = [...types.keys()].filter(({ required, fields }) =>
      required.some((name) => !fields.has(name)),
    );
    expect(wrong).toEqual([]);
  });

  test("types may contain themselves", () => {
    const schema = findDefinition(
      "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps",
    );
    expect(schema?.fields.get("not")?.type).toBe(schema as ObjectSchema);
  });

  test("strategic merge and apply know different keys of ports", () => {
    const ports = findDefinition("io.k8s.api.core.v1.Container")?.fields.get("ports");
    expect(ports?.patchMergeKey).toBe("containerPort");
    expect(ports?.type).toMatchObject({ listType: "map", keys: ["containerPort", "protocol"] });
  });

  test("the tables hold as many fields as the release has", () => {
    const count = [...types.values()].reduce((sum, fields) => sum + fields.length, 0);
    // One of them twice: a claim's reference is joined by field, where other references are not.
    expect([builtinKinds().length, types.size, count]).toEqual([68, 488 + 1, 2109 + 7]);
  });
});

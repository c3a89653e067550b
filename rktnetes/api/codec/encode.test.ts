import { describe, expect, test } from "bun:test";
import { assert } from "@shared/base";

import { findKind, findType } from "../kinds/load.ts";
import type { JsonObject, ObjectSchema } from "../schema/schema.ts";
import { encodeJson } from "./encode.ts";

function schemaOf(resource: string, group = "", version = "v1"): ObjectSchema {
  const kind = findKind(group, version, resource);
  assert(kind !== undefined, `there are ${resource}`);
  return kind.schema;
}

describe("objects are written as Go writes them", () => {
  const rows: readonly (readonly [ObjectSchema, JsonObject, text: string, why: string])[] = [
    [
      schemaOf("configmaps"),
      { data: { b: "<&>", a: "" }, metadata: { name: "x" }, apiVersion: "v1", kind: "ConfigMap" },
      '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"data":{"a":"","' +
        'b":"\\u003c\\u0026\\u003e"}}',
      "order of the struct, sorted maps, escapes",
    ],
    [
      schemaOf("configmaps"),
      { data: {}, immutable: false },
      '{"metadata":{},"immutable":false}',
      "empty maps go, pointers stay",
    ],
    [
      schemaOf("clusterroles", "rbac.authorization.k8s.io"),
      { rules: [] },
      '{"metadata":{},"rules":null}',
      "an empty list that is always written is null",
    ],
    [
      schemaOf("pods"),
      { spec: { hostNetwork: false, priority: 0 } },
      '{"metadata":{},"spec":{"containers":null,"priority":0},"status":{}}',
      "zero values go, zero behind a pointer stays",
    ],
    [
      schemaOf("serviceaccounts"),
      { metadata: { generation: 9223372036854775807n } },
      '{"metadata":{"generation":9223372036854775807}}',
      "64 bits are exact",
    ],
  ];
  test.each(rows)("%#: %s", (schema, object, text) => {
    expect(encodeJson(schema, object)).toBe(text);
  });

  test("a list without objects has an empty list of them", () => {
    const schema = findType({ group: "", version: "v1", kind: "PodList" });
    assert(schema !== undefined, "there are lists of pods");
    expect(encodeJson(schema, { items: [] })).toBe('{"metadata":{},"items":[]}');
  });
});

import { expect, test } from "bun:test";
import { assert } from "@shared/base";
import { builtinKinds } from "../kinds/load.ts";
import type { Json } from "../schema/schema.ts";
import { typedProblem } from "./check-typed.ts";

function problem(kind: string, spec: Json): string | undefined {
  const found = builtinKinds().find((one) => one.kind === kind);
  assert(found !== undefined, "it is built in");
  return typedProblem({ spec }, found.schema);
}

test.each<[string, Json]>([
  ["a schema for items", { items: { type: "object", properties: { n: { type: "integer" } } } }],
  ["schemas for items", { items: [{ type: "string" }] }],
  ["a schema for further properties", { additionalProperties: { type: "string" } }],
  ["a boolean for further properties", { additionalProperties: false }],
  ["a default", { default: { a: [1] } }],
])("a definition may hold %s", (_, openAPIV3Schema) => {
  const versions = [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema } }];
  expect(problem("CustomResourceDefinition", { versions })).toBeUndefined();
});

test.each<[string, Json, string]>([
  ["Deployment", { replicas: "2" }, ".spec.replicas: expected numeric (int or float), got string"],
  [
    "Deployment",
    { replicas: { a: 1 } },
    ".spec.replicas: expected numeric (int or float), got map[string]interface {}",
  ],
  ["Deployment", { paused: "true" }, ".spec.paused: expected boolean, got &{true}"],
  [
    "PodDisruptionBudget",
    { minAvailable: [1] },
    ".spec.minAvailable: expected any scalar, got &{[1]}",
  ],
])("a value of a wrong type is named: %s %p", (kind, spec, message) => {
  expect(problem(kind, spec)).toBe(message);
});

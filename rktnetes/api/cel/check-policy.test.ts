/** Expressions of policies against the kinds that they are about. */
import { expect, test } from "bun:test";
import { findKind } from "../kinds/load.ts";
import type { JsonObject } from "../schema/schema.ts";
import { structuralOf } from "../structural/structural.ts";
import { policyWarnings } from "./check-policy.ts";
import { builtinType, customType } from "./kind-types.ts";
import type { CelType } from "./types.ts";

function deployments(): CelType {
  const kind = findKind("apps", "v1", "deployments");
  if (kind === undefined) throw new Error("no deployments");
  return builtinType(kind.schema);
}

const BOATS = customType(
  structuralOf({
    type: "object",
    properties: { spec: { type: "object", properties: { sails: { type: "integer" } } } },
  }),
);

function warningsOf(expression: string, type: CelType, rest: JsonObject = {}): readonly string[] {
  const spec = { validations: [{ expression }], ...rest };
  const kinds = [{ group: "apps", version: "v1", kind: "Deployment", type }];
  return policyWarnings(spec, kinds, undefined).map(({ warning }) => warning);
}

test("a field is compared with a value of its type", () => {
  const fitting = [
    "object.spec.replicas > 1",
    "object.metadata.namespace == 'a' && object.metadata.__namespace__ == 'a'",
    "object.metadata.creationTimestamp > timestamp('2020-01-01T00:00:00Z')",
    "object.spec.template.spec.containers.all(c, c.resources.limits['cpu'] == '1')",
    "oldObject == null || oldObject.spec.paused",
    "object.kind == 'Deployment'",
  ];
  for (const expression of fitting) expect(warningsOf(expression, deployments())).toEqual([]);
  expect(warningsOf("object.spec.replicas > '1'", deployments())).toEqual([
    "apps/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied " +
      "to '(int, string)'\n | object.spec.replicas > '1'\n | .....................^\n",
  ]);
  expect(warningsOf("object.spec.sails > 1", deployments())[0]).toContain(
    "undefined field 'sails'",
  );
});

test("custom kinds have the fields of their schema, and metadata", () => {
  expect(warningsOf("object.spec.sails > 1", BOATS)).toEqual([]);
  expect(warningsOf("object.metadata.labels.exists(l, l == 'a')", BOATS)).toEqual([]);
  expect(warningsOf("object.spec.masts > 1", BOATS)[0]).toContain("undefined field 'masts'");
});

test("variables have the type of their expression", () => {
  const variables = [{ name: "replicas", expression: "object.spec.replicas" }];
  const wrong = "variables.replicas == 'one'";
  expect(warningsOf("variables.replicas > 1", deployments(), { variables })).toEqual([]);
  expect(warningsOf(wrong, deployments(), { variables })[0]).toContain("'_==_'");
});

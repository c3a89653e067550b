import { expect, test } from "bun:test";
import { findKind } from "../kinds/load.ts";
import type { Kind } from "../kinds/kind.ts";
import type { JsonObject } from "../schema/schema.ts";
import { matchesFields, parseFieldSelector } from "./field-selector.ts";

function kindOf(resource: string): Kind {
  const kind = findKind("", "v1", resource);
  if (kind === undefined) throw new Error(`no kind ${resource}`);
  return kind;
}

const POD: JsonObject = {
  metadata: { name: "a", namespace: "n" },
  spec: { nodeName: "node-1" },
  status: { phase: "Running" },
};

const MATCHING: readonly (readonly [selector: string, matches: boolean])[] = [
  ["metadata.name=a", true],
  ["metadata.name==a,metadata.namespace=n", true],
  ["metadata.name!=a", false],
  ["status.phase!=Succeeded,status.phase!=Failed", true],
  ["spec.nodeName=", false],
  ["spec.hostNetwork=false", true],
  ["status.podIP=", true],
];

for (const [selector, matches] of MATCHING) {
  test(`${selector} ${matches ? "matches" : "does not match"}`, () => {
    expect(matchesFields(parseFieldSelector(kindOf("pods"), selector), POD)).toBe(matches);
  });
}

const REFUSED: readonly (readonly [resource: string, selector: string, message: string])[] = [
  ["pods", "spec.containers=x", "field label not supported: spec.containers"],
  [
    "configmaps",
    "data.v=1",
    '"data.v" is not a known field selector: only "metadata.name", "metadata.namespace"',
  ],
  ["pods", "bogus", "invalid selector: 'bogus'; can't understand 'bogus'"],
  ["pods", "metadata.name=a=b", "invalid field selector: unescaped character in value: 61"],
];

for (const [resource, selector, message] of REFUSED) {
  test(`refused: ${resource} ${selector}`, () => {
    expect(() => parseFieldSelector(kindOf(resource), selector)).toThrow(message);
  });
}

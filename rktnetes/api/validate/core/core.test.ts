import { expect, test } from "bun:test";
import type { JsonObject } from "../../schema/schema.ts";
import { describeFieldErrors, type FieldError } from "../field-error.ts";
import { configMapErrors, configMapUpdateErrors, secretErrors } from "./config-map.ts";
import { CORE_EVENT, eventErrors } from "./event.ts";
import { limitRangeErrors } from "./limit-range.ts";
import { nodeErrors } from "./node.ts";
import { resourceQuotaErrors } from "./resource-quota.ts";
import { priorityClassErrors } from "./small-kinds.ts";

type Check = (object: JsonObject) => readonly FieldError[];

const EMPTY_JSON = Buffer.from("nope").toString("base64");

const ROWS: readonly (readonly [why: string, check: Check, object: JsonObject, words: string])[] = [
  [
    "a key of a config map that is in both parts",
    configMapErrors,
    { data: { a: "x" }, binaryData: { a: "AA==" } },
    'data[a]: Invalid value: "a": duplicate of key present in binaryData',
  ],
  [
    "registry credentials that are not JSON stay secret",
    secretErrors,
    { type: "kubernetes.io/dockerconfigjson", data: { ".dockerconfigjson": EMPTY_JSON } },
    'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character ' +
      "'o' in literal null (expecting 'u')",
  ],
  [
    "a least amount above the largest",
    limitRangeErrors,
    { spec: { limits: [{ type: "Container", min: { cpu: "2" }, max: { cpu: "1" } }] } },
    'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
  ],
  [
    "scopes that exclude each other",
    resourceQuotaErrors,
    { spec: { scopes: ["BestEffort", "NotBestEffort"] } },
    'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
  ],
  [
    "two ranges of one family",
    nodeErrors,
    { spec: { podCIDRs: ["10.0.0.0/24", "10.0.1.0/24"] } },
    'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/24"]: may specify no more than one ' +
      "CIDR for each IP family",
  ],
  [
    "an event about another namespace",
    (event) => eventErrors(event, CORE_EVENT),
    { metadata: { namespace: "a" }, involvedObject: { namespace: "b" } },
    'involvedObject.namespace: Invalid value: "b": does not match event.namespace',
  ],
  [
    "a priority that only the system has",
    priorityClassErrors,
    { metadata: { name: "p" }, value: 1_000_000_001, preemptionPolicy: "Never" },
    "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
  ],
];

test.each(ROWS)("%s", (_why, check, object, words) => {
  expect(describeFieldErrors(check(object))).toBe(words);
});

test("what is immutable stays so, and stays immutable", () => {
  const old = { immutable: true, data: { a: "1" } };
  expect(configMapUpdateErrors(old, old)).toEqual([]);
  expect(configMapUpdateErrors({ data: { a: "2" } }, old).map(({ field }) => field)).toEqual([
    "immutable",
    "data",
  ]);
});

import { describe, expect, test } from "bun:test";
import { podDefaults } from "../../defaults/pods.ts";
import type { JsonObject } from "../../schema/schema.ts";
import { describeFieldErrors } from "../field-error.ts";
import { podErrors } from "./pod.ts";
import { podUpdateErrors } from "./pod-update.ts";
import { podWarnings } from "./warnings.ts";

function podOf(spec: JsonObject, container: JsonObject = {}): JsonObject {
  const pod: JsonObject = {
    metadata: { name: "p", namespace: "ns" },
    spec: { containers: [{ name: "c", image: "img", ...container }], ...spec },
  };
  podDefaults(pod);
  return pod;
}

const told = (pod: JsonObject): string => describeFieldErrors(podErrors(pod));

describe("new pods", () => {
  test.each([
    ["a plain one", {}, {}, "[]"],
    ["no containers", { containers: [] }, {}, "spec.containers: Required value"],
    [
      "a mount of a volume that is not there",
      {},
      { volumeMounts: [{ name: "x", mountPath: "/a" }] },
      'spec.containers[0].volumeMounts[0].name: Not found: "x"',
    ],
    [
      "a faulty volume is not told of twice",
      { volumes: [{ name: "a", configMap: {} }] },
      {},
      "spec.volumes[0].configMap.name: Required value",
    ],
    [
      "more asked for than allowed",
      {},
      { resources: { limits: { cpu: "1" }, requests: { cpu: "2" } } },
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to ' +
        "cpu limit of 1",
    ],
    [
      "a port that is none",
      {},
      { livenessProbe: { httpGet: { path: "/", port: 0 } } },
      "spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and " +
        "65535, inclusive",
    ],
    [
      "an init container with the name of another",
      { initContainers: [{ name: "c", image: "i" }] },
      {},
      'spec.initContainers[0].name: Duplicate value: "c"',
    ],
    [
      "a toleration of everything that is not spelt as one",
      { tolerations: [{ value: "x" }] },
      {},
      'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is ' +
        'empty, which means "match all values and all keys"',
    ],
  ])("%s", (_why, spec, container, expected) => {
    expect(told(podOf(spec as JsonObject, container as JsonObject))).toBe(expected);
  });
});

describe("changed pods", () => {
  const old = podOf({});

  test("images may change", () => {
    expect(podUpdateErrors(podOf({}, { image: "img2" }), old)).toEqual([]);
  });

  test("what may not change is shown as lines, as Kubernetes holds it", () => {
    const message = describeFieldErrors(podUpdateErrors(podOf({ nodeName: "n1" }), old));
    expect(message).toStartWith("spec: Forbidden: pod updates may not change fields other than ");
    expect(message).toContain('\n- "NodeName": "",\n+ "NodeName": "n1",\n');
  });

  test("a deadline only comes nearer", () => {
    const before = podOf({ activeDeadlineSeconds: 50 });
    expect(describeFieldErrors(podUpdateErrors(podOf({ activeDeadlineSeconds: 80 }), before))).toBe(
      "spec.activeDeadlineSeconds: Invalid value: 80: must be less than or equal to previous value",
    );
    expect(podUpdateErrors(podOf({ activeDeadlineSeconds: 40 }), before)).toEqual([]);
  });

  test("while gates are there, the node selector may get stricter", () => {
    const gated = { schedulingGates: [{ name: "g" }] };
    const before = podOf({ ...gated, nodeSelector: { a: "b" } });
    const stricter = podOf({ ...gated, nodeSelector: { a: "b", c: "d" } });
    expect(podUpdateErrors(stricter, before)).toEqual([]);
    const other = podOf({ ...gated, nodeSelector: { a: "c" } });
    expect(describeFieldErrors(podUpdateErrors(other, before))).toContain("only additions");
  });
});

test("a variable that hides another is warned of, one that uses it is not", () => {
  const env = [
    { name: "A", value: "1" },
    { name: "A", value: "$(A)2" },
    { name: "A", value: "3" },
  ];
  expect(podWarnings(podOf({}, { env }))).toEqual([
    'spec.containers[0].env[2]: hides previous definition of "A", ' +
      "which may be dropped when using apply",
  ]);
});

/** What objects take of a quota, and which quotas are about them. */
import { expect, test } from "bun:test";
import type { JsonObject } from "../schema/schema.ts";
import { describeAmounts } from "./amounts.ts";
import { isInScope } from "./scopes.ts";
import { missingIn, usageOf } from "./usage.ts";

const PODS = { group: "", resource: "pods" };

function pod(spec: JsonObject, phase = "Pending"): JsonObject {
  return { metadata: { name: "p" }, spec, status: { phase } };
}

function needs(cpu: string, more: JsonObject = {}): JsonObject {
  return { name: "c", image: "i", resources: { requests: { cpu } }, ...more };
}

test("a pod takes what it needs while it starts or runs, whichever is more", () => {
  const spec = {
    containers: [needs("100m"), needs("200m")],
    initContainers: [needs("50m", { restartPolicy: "Always" }), needs("500m")],
    overhead: { cpu: "10m" },
  };
  const usage = describeAmounts(usageOf(PODS, pod(spec)));
  expect(usage).toBe("count/pods=1,cpu=560m,pods=1,requests.cpu=560m");
  const ended = describeAmounts(usageOf(PODS, pod(spec, "Succeeded")));
  expect(ended).toBe("count/pods=1");
});

const DEVICES: JsonObject[] = [
  { name: "one", exactly: { deviceClassName: "slow", allocationMode: "ExactCount", count: 1 } },
  {
    name: "any",
    firstAvailable: [
      { name: "a", deviceClassName: "fast", allocationMode: "ExactCount", count: 4 },
      { name: "b", deviceClassName: "fast", allocationMode: "ExactCount", count: 2 },
      { name: "c", deviceClassName: "slow", allocationMode: "All" },
    ],
  },
];

test("services, claims and everything else are counted by what they hold", () => {
  const rows: readonly (readonly [string, string, JsonObject, string])[] = [
    ["", "configmaps", {}, "configmaps=1,count/configmaps=1"],
    ["apps", "deployments", {}, "count/deployments.apps=1"],
    [
      "",
      "services",
      { spec: { type: "NodePort", ports: [{ port: 1 }, { port: 2 }] } },
      "count/services=1,services=1,services.nodeports=2",
    ],
    [
      "",
      "services",
      {
        spec: { type: "LoadBalancer", ports: [{ port: 1 }], allocateLoadBalancerNodePorts: false },
      },
      "count/services=1,services=1,services.loadbalancers=1",
    ],
    [
      "",
      "persistentvolumeclaims",
      { metadata: {}, spec: { resources: { requests: { storage: "1Gi" } } } },
      "count/persistentvolumeclaims=1,persistentvolumeclaims=1,requests.storage=1Gi",
    ],
    [
      "resource.k8s.io",
      "resourceclaims",
      { spec: { devices: { requests: DEVICES } } },
      "count/resourceclaims.resource.k8s.io=1,fast.deviceclass.resource.k8s.io/devices=4," +
        "slow.deviceclass.resource.k8s.io/devices=33",
    ],
  ];
  for (const [group, resource, object, wanted] of rows) {
    expect(describeAmounts(usageOf({ group, resource }, object))).toBe(wanted);
  }
});

test("containers that do not say what they need are named", () => {
  const spec = pod({ containers: [needs("1"), { name: "d", image: "i" }] })["spec"];
  const missing = missingIn(spec as never, ["requests.cpu", "limits.memory", "pods"]);
  expect(missing.get("requests.cpu")).toEqual(["d"]);
  expect(missing.get("limits.memory")).toEqual(["c", "d"]);
  expect(missing.size).toBe(2);
});

test("scopes part pods from pods", () => {
  const best = pod({ containers: [{ name: "c", image: "i" }] });
  const other = pod({ containers: [needs("1")], priorityClassName: "high" });
  expect(isInScope({ scopes: ["BestEffort"] }, PODS, best)).toBe(true);
  expect(isInScope({ scopes: ["BestEffort"] }, PODS, other)).toBe(false);
  const operator = "In";
  const high = { scopeName: "PriorityClass", operator, values: ["high"] };
  expect(isInScope({ scopeSelector: { matchExpressions: [high] } }, PODS, other)).toBe(true);
  expect(isInScope({ scopeSelector: { matchExpressions: [high] } }, PODS, best)).toBe(false);
  expect(isInScope({ scopes: ["BestEffort"] }, { group: "", resource: "secrets" }, {})).toBe(false);
  expect(isInScope({}, { group: "", resource: "secrets" }, {})).toBe(true);
});

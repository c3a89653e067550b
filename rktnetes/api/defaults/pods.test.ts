import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../schema/schema.ts";
import { pullPolicyOf } from "./image-tag.ts";
import { podDefaults, podSpecDefaults } from "./pods.ts";
import { qualityOfService } from "./quality-of-service.ts";

test.each([
  ["no tag", "img", "Always"],
  ["the tag latest", "host:5000/a/img:latest", "Always"],
  ["a port, no tag", "host:5000/a/img", "Always"],
  ["a tag", "img:1", "IfNotPresent"],
  ["a digest", "img@sha256:0", "IfNotPresent"],
])("%s", (_why, image, policy) => {
  expect(pullPolicyOf(image)).toBe(policy as "Always");
});

function podOf(container: JsonObject, spec: JsonObject = {}): JsonObject {
  return { spec: { containers: [{ name: "c", image: "img", ...container }], ...spec } };
}

describe("defaults", () => {
  test("requests of a pod's container come from its limits, those of a template's do not", () => {
    const limits = { cpu: "1" };
    const pod = podOf({ resources: { limits } });
    podDefaults(pod);
    expect(pod).toMatchObject({
      spec: { containers: [{ resources: { limits, requests: { cpu: "1" } } }] },
    });
    const template = podOf({ resources: { limits } })["spec"] as JsonObject;
    podSpecDefaults(template);
    expect(template["containers"]).toMatchObject([{ resources: { limits } }]);
    expect(JSON.stringify(template)).not.toContain("requests");
  });

  test("ports of a pod on its node's network are ports of the node", () => {
    const pod = podOf({ ports: [{ containerPort: 80 }] }, { hostNetwork: true });
    podDefaults(pod);
    const ports = [{ containerPort: 80, hostPort: 80, protocol: "TCP" }];
    expect(pod).toMatchObject({ spec: { containers: [{ ports }] } });
  });

  test("requests of the whole pod are the sum of its containers' or its own limits", () => {
    const resources = { limits: { cpu: "2", memory: "1Gi" } };
    const pod = podOf({ resources: { requests: { cpu: "500m" } } }, { resources });
    podDefaults(pod);
    const requests = { cpu: "500m", memory: "1Gi" };
    expect(pod).toMatchObject({ spec: { resources: { requests } } });
  });

  test("amounts finer than thousandths are rounded up", () => {
    const pod = podOf({ resources: { requests: { cpu: "100u" } } });
    podDefaults(pod);
    const requests = { cpu: "1m" };
    expect(pod).toMatchObject({ spec: { containers: [{ resources: { requests } }] } });
  });

  test("a volume without a source is an empty directory", () => {
    const spec: JsonObject = { containers: [], volumes: [{ name: "a" }] };
    podSpecDefaults(spec);
    expect(spec["volumes"]).toEqual([{ name: "a", emptyDir: {} }]);
  });
});

test.each([
  ["nothing asked for", {}, "BestEffort"],
  ["only a limit of one resource", { limits: { cpu: "1" } }, "Burstable"],
  ["limits of both", { limits: { cpu: "1", memory: "1Gi" } }, "Guaranteed"],
  [
    "less asked for than allowed",
    { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } },
    "Burstable",
  ],
  [
    "the same in other words",
    { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1000m", memory: "1024Mi" } },
    "Guaranteed",
  ],
  ["a device only", { limits: { "example.com/x": "1" } }, "BestEffort"],
])("class of service: %s", (_why, resources, expected) => {
  const pod = podOf({ resources });
  expect(qualityOfService(pod["spec"] as JsonObject)).toBe(expected as "Burstable");
});

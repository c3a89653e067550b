import { expect, test } from "bun:test";
import type { JsonObject } from "../schema/schema.ts";
import { autoscalerToV1, autoscalerToV2 } from "./autoscaler.ts";
import { eventToCore, eventToNew } from "./event.ts";

const V2: JsonObject = {
  metadata: { name: "a", annotations: { mine: "1" } },
  spec: {
    maxReplicas: 3,
    metrics: [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } },
      },
      {
        type: "Resource",
        resource: { name: "memory", target: { type: "AverageValue", averageValue: "1500m" } },
      },
      {
        type: "Pods",
        pods: { metric: { name: "m" }, target: { type: "AverageValue", averageValue: "1k" } },
      },
      {
        type: "External",
        external: { metric: { name: "e" }, target: { type: "Value", value: "30" } },
      },
      {
        type: "Object",
        object: {
          describedObject: { kind: "Deployment", name: "d", apiVersion: "apps/v1" },
          metric: { name: "o", selector: { matchLabels: { app: "a" } } },
          target: { type: "Value", value: "10" },
        },
      },
      {
        type: "ContainerResource",
        containerResource: {
          name: "cpu",
          container: "c",
          target: { type: "Utilization", averageUtilization: 60 },
        },
      },
    ],
    behavior: {
      scaleDown: {
        stabilizationWindowSeconds: 30,
        policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
      },
    },
  },
  status: { currentMetrics: null, desiredReplicas: 0 },
};

test("an autoscaler survives the way through v1, whose annotations hold the rest", () => {
  const v1 = autoscalerToV1(V2);
  expect(v1["spec"]).toEqual({ maxReplicas: 3, targetCPUUtilizationPercentage: 60 });
  expect(autoscalerToV2(v1)).toEqual(V2);
});

test("the annotations of v1 read as older programs wrote them", () => {
  const { annotations } = autoscalerToV1(V2)["metadata"] as { annotations: Record<string, string> };
  expect(annotations["mine"]).toBe("1");
  expect(annotations["autoscaling.alpha.kubernetes.io/metrics"]).toStartWith(
    '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1500m"}},' +
      '{"type":"Pods","pods":{"metricName":"m","targetAverageValue":"1k"}}',
  );
  expect(annotations["autoscaling.alpha.kubernetes.io/behavior"]).toBe(
    '{"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":30,"SelectPolicy":null,' +
      '"Policies":[{"Type":"Percent","Value":100,"PeriodSeconds":15}],"Tolerance":null}}',
  );
});

test("an annotation that is no JSON stays and says nothing", () => {
  const annotations = { "autoscaling.alpha.kubernetes.io/metrics": "{broken" };
  const v2 = autoscalerToV2({ metadata: { annotations }, spec: { maxReplicas: 1 } });
  expect(v2).toEqual({
    metadata: { annotations },
    spec: { maxReplicas: 1 },
    status: { currentMetrics: null },
  });
});

test("events have one form in both versions but for names", () => {
  const core = {
    involvedObject: { name: "p" },
    message: "m",
    count: 3,
    reason: "R",
    type: "Normal",
  };
  const other = {
    regarding: { name: "p" },
    note: "m",
    deprecatedCount: 3,
    reason: "R",
    type: "Normal",
  };
  expect(eventToNew(core)).toEqual(other);
  expect(eventToCore(other)).toEqual(core);
});

/** Defaults of the group `autoscaling`. In: decoded objects, changed in place. */
import type { JsonObject } from "../schema/schema.ts";
import { findObject, objectAt, readList } from "../strategy/object-at.ts";
import { fill, fillAll } from "./fill.ts";

const CPU_PERCENT = 80;

export function autoscalerDefaultsV1(autoscaler: JsonObject): void {
  const spec = objectAt(autoscaler, "spec");
  fillAll(spec, { minReplicas: 1, targetCPUUtilizationPercentage: CPU_PERCENT });
}

export function autoscalerDefaults(autoscaler: JsonObject): void {
  const spec = objectAt(autoscaler, "spec");
  fill(spec, "minReplicas", 1);
  if (readList(spec, "metrics").length === 0) {
    const target = { type: "Utilization", averageUtilization: CPU_PERCENT };
    spec["metrics"] = [{ type: "Resource", resource: { name: "cpu", target } }];
  }
  const behavior = findObject(spec, "behavior");
  if (behavior === undefined) return;
  const byPercent = { type: "Percent", value: 100, periodSeconds: 15 };
  const up = objectAt(behavior, "scaleUp");
  fillAll(up, { selectPolicy: "Max", stabilizationWindowSeconds: 0 });
  fill(up, "policies", [{ type: "Pods", value: 4, periodSeconds: 15 }, byPercent]);
  const down = objectAt(behavior, "scaleDown");
  fillAll(down, { selectPolicy: "Max", policies: [{ ...byPercent }] });
}

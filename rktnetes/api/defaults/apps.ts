/** Defaults of the group `apps`. In: decoded objects, changed in place. */
import type { JsonObject } from "../schema/schema.ts";
import { objectAt, readList } from "../strategy/object-at.ts";
import { fill, fillAll } from "./fill.ts";
import { templateDefaults } from "./pods.ts";
import { claimSpecDefaults } from "./volumes.ts";

const HISTORY = 10;

export function deploymentDefaults(deployment: JsonObject): void {
  const spec = objectAt(deployment, "spec");
  templateDefaults(spec);
  fillAll(spec, { replicas: 1, revisionHistoryLimit: HISTORY, progressDeadlineSeconds: 600 });
  const strategy = objectAt(spec, "strategy");
  fill(strategy, "type", "RollingUpdate");
  if (strategy["type"] !== "RollingUpdate") return;
  fillAll(objectAt(strategy, "rollingUpdate"), { maxUnavailable: "25%", maxSurge: "25%" });
}

export function replicaSetDefaults(set: JsonObject): void {
  const spec = objectAt(set, "spec");
  templateDefaults(spec);
  fill(spec, "replicas", 1);
}

export function daemonSetDefaults(set: JsonObject): void {
  const spec = objectAt(set, "spec");
  templateDefaults(spec);
  fill(spec, "revisionHistoryLimit", HISTORY);
  const strategy = objectAt(spec, "updateStrategy");
  fill(strategy, "type", "RollingUpdate");
  if (strategy["type"] !== "RollingUpdate") return;
  fillAll(objectAt(strategy, "rollingUpdate"), { maxUnavailable: 1, maxSurge: 0 });
}

export function statefulSetDefaults(set: JsonObject): void {
  const spec = objectAt(set, "spec");
  templateDefaults(spec);
  fillAll(spec, { podManagementPolicy: "OrderedReady", replicas: 1 });
  fill(spec, "revisionHistoryLimit", HISTORY);
  const strategy = objectAt(spec, "updateStrategy");
  if (strategy["type"] === undefined) {
    strategy["type"] = "RollingUpdate";
    objectAt(strategy, "rollingUpdate");
  }
  if (strategy["type"] === "RollingUpdate" && strategy["rollingUpdate"] !== undefined)
    fill(objectAt(strategy, "rollingUpdate"), "partition", 0);
  const retention = objectAt(spec, "persistentVolumeClaimRetentionPolicy");
  fillAll(retention, { whenDeleted: "Retain", whenScaled: "Retain" });
  for (const claim of readList(spec, "volumeClaimTemplates")) claimDefaults(claim);
}

function claimDefaults(claim: JsonObject): void {
  fillAll(claim, { kind: "PersistentVolumeClaim", apiVersion: "v1" });
  claimSpecDefaults(objectAt(claim, "spec"));
  fill(objectAt(claim, "status"), "phase", "Pending");
}

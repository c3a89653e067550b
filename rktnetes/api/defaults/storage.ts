/** Defaults of volumes, claims, classes and drivers. In: decoded objects, changed in place. */
import type { JsonObject } from "../schema/schema.ts";
import { findObject, objectAt } from "../strategy/object-at.ts";
import { fill, fillAll } from "./fill.ts";
import { roundAmounts } from "./resource-list.ts";
import { claimSpecDefaults, networkDefaults } from "./volumes.ts";

export function persistentVolumeDefaults(volume: JsonObject): void {
  fill(objectAt(volume, "status"), "phase", "Pending");
  const spec = objectAt(volume, "spec");
  fillAll(spec, { persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem" });
  roundAmounts(spec, "capacity");
  const hostPath = findObject(spec, "hostPath");
  if (hostPath !== undefined) fill(hostPath, "type", "");
  networkDefaults(spec);
}

export function persistentVolumeClaimDefaults(claim: JsonObject): void {
  fill(objectAt(claim, "status"), "phase", "Pending");
  claimSpecDefaults(objectAt(claim, "spec"));
}

export function storageClassDefaults(storageClass: JsonObject): void {
  fillAll(storageClass, { reclaimPolicy: "Delete", volumeBindingMode: "Immediate" });
}

const DRIVER = {
  attachRequired: true,
  podInfoOnMount: false,
  storageCapacity: false,
  fsGroupPolicy: "ReadWriteOnceWithFSType",
  requiresRepublish: false,
  seLinuxMount: false,
} as const;

export function csiDriverDefaults(driver: JsonObject): void {
  const spec = objectAt(driver, "spec");
  fillAll(spec, DRIVER);
  fill(spec, "volumeLifecycleModes", ["Persistent"]);
}

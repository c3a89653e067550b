/**
 * What volumes and claims do beyond their data: phases begin with Pending, and a claim's two fields
 * for its source say the same.
 */
import { persistentVolumeClaimDefaults, persistentVolumeDefaults } from "../../defaults/storage.ts";
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, objectAt, readObject, readText } from "../object-at.ts";
import type { Strategy } from "../strategy.ts";

export const PERSISTENT_VOLUME: Strategy = {
  setDefaults: persistentVolumeDefaults,
  prepareForCreate: (volume, { now }) => {
    volume["status"] = { phase: "Pending", lastPhaseTransitionTime: now };
  },
  subresources: {
    status: {
      prepareForUpdate: (volume, old, { now }) => {
        const status = objectAt(volume, "status");
        const before = readObject(old, "status");
        if (readText(status, "phase") === readText(before, "phase")) return;
        const time = status["lastPhaseTransitionTime"];
        if (time === undefined || time === before["lastPhaseTransitionTime"])
          status["lastPhaseTransitionTime"] = now;
      },
    },
  },
};

/** A source that is a claim or a snapshot stands in both fields; clients may name either. */
export function joinSources(spec: JsonObject): void {
  const source = findObject(spec, "dataSource");
  const reference = findObject(spec, "dataSourceRef");
  if (source !== undefined && reference === undefined) {
    if (isKnownSource(source)) spec["dataSourceRef"] = structuredClone(source);
    else delete spec["dataSource"];
  }
  if (source === undefined && reference !== undefined) {
    if (isKnownSource(reference) && readText(reference, "namespace") === "")
      spec["dataSource"] = structuredClone(reference);
  }
}

function isKnownSource(source: JsonObject): boolean {
  const kind = readText(source, "kind");
  const group = readText(source, "apiGroup");
  if (kind === "PersistentVolumeClaim") return group === "";
  return kind === "VolumeSnapshot" && group === "snapshot.storage.k8s.io";
}

export const PERSISTENT_VOLUME_CLAIM: Strategy = {
  setDefaults: persistentVolumeClaimDefaults,
  prepareForCreate: (claim) => {
    claim["status"] = { phase: "Pending" };
    joinSources(objectAt(claim, "spec"));
  },
  prepareForUpdate: (claim) => {
    joinSources(objectAt(claim, "spec"));
  },
};

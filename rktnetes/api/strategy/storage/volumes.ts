/**
 * What volumes and claims do beyond their data: phases begin with Pending, and a claim's two fields
 * for its source say the same.
 */
import { persistentVolumeClaimDefaults, persistentVolumeDefaults } from "../../defaults/storage.ts";
import type { JsonObject } from "../../schema/schema.ts";
import { claimErrors, claimUpdateErrors } from "../../validate/storage/claim.ts";
import {
  persistentVolumeErrors,
  persistentVolumeUpdateErrors,
} from "../../validate/storage/persistent-volume.ts";
import { findObject, objectAt, readObject, readText } from "../object-at.ts";
import type { Strategy } from "../strategy.ts";

const RECYCLES =
  "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the " +
  "recommended approach is to use dynamic provisioning.";

/** Sources that no node knows any more, or not for long. */
const GONE: Readonly<Record<string, string>> = {
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
};

function volumeWarnings(volume: JsonObject): readonly string[] {
  const spec = readObject(volume, "spec");
  const gone = Object.entries(GONE).filter(([source]) => spec[source] !== undefined);
  return [
    ...(readText(spec, "persistentVolumeReclaimPolicy") === "Recycle" ? [RECYCLES] : []),
    ...gone.map(([source, why]) => `spec.${source}: ${why}`),
  ];
}

export const PERSISTENT_VOLUME: Strategy = {
  setDefaults: persistentVolumeDefaults,
  validateCreate: persistentVolumeErrors,
  validateUpdate: persistentVolumeUpdateErrors,
  warnings: volumeWarnings,
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
  validateCreate: claimErrors,
  validateUpdate: claimUpdateErrors,
  prepareForCreate: (claim) => {
    claim["status"] = { phase: "Pending" };
    joinSources(objectAt(claim, "spec"));
  },
  prepareForUpdate: (claim) => {
    joinSources(objectAt(claim, "spec"));
  },
};

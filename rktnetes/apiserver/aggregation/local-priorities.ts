/**
 * The place of this server's own groups and versions among those of others, as the APIServices say
 * it that are made for them. Pure.
 */
import type { GroupVersion } from "@rktnetes/api/kind";

/** The higher, the earlier in discovery. */
export interface Priority {
  readonly groupPriority: number;
  readonly versionPriority: number;
}

const GROUPS: Readonly<Record<string, number>> = {
  "": 18_000,
  apps: 17_800,
  "events.k8s.io": 17_750,
  "authentication.k8s.io": 17_700,
  "authorization.k8s.io": 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  "certificates.k8s.io": 17_300,
  "networking.k8s.io": 17_200,
  policy: 17_100,
  "rbac.authorization.k8s.io": 17_000,
  "storage.k8s.io": 16_800,
  "admissionregistration.k8s.io": 16_700,
  "apiextensions.k8s.io": 16_700,
  "scheduling.k8s.io": 16_600,
  "coordination.k8s.io": 16_500,
  "node.k8s.io": 16_300,
  "discovery.k8s.io": 16_200,
  "resource.k8s.io": 16_200,
  "flowcontrol.apiserver.k8s.io": 16_100,
};

/** Where it is not 15. */
const VERSIONS: Readonly<Record<string, number>> = {
  "/v1": 1,
  "autoscaling/v2": 30,
  "flowcontrol.apiserver.k8s.io/v1": 21,
  "resource.k8s.io/v1": 21,
};

const CUSTOM: Priority = { groupPriority: 1000, versionPriority: 100 };
/** This server's own group for such objects stands in no list: it is before all but the core. */
const REGISTRATION: Priority = { groupPriority: 17_900, versionPriority: 18 };

export function priorityOf({ group, version }: GroupVersion): Priority {
  if (group === "apiregistration.k8s.io") return REGISTRATION;
  const groupPriority = GROUPS[group];
  if (groupPriority === undefined) return CUSTOM;
  return { groupPriority, versionPriority: VERSIONS[`${group}/${version}`] ?? 15 };
}

/** Whether a quota with scopes is about an object. Pure. */
import type {
  PersistentVolumeClaim,
  Pod,
  PodAffinityTerm,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
} from "../types/core-v1.ts";
import type { JsonObject } from "../schema/schema.ts";
import type { CountedResource } from "./usage.ts";

export function isInScope(
  spec: ResourceQuotaSpec,
  of: CountedResource,
  object: JsonObject,
): boolean {
  const requirements: ScopedResourceSelectorRequirement[] = [
    ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" })),
    ...(spec.scopeSelector?.matchExpressions ?? []),
  ];
  if (requirements.length === 0) return true;
  if (of.group !== "") return false;
  if (of.resource === "pods") {
    return requirements.every((each) => podMatches(object as unknown as Pod, each));
  }
  if (of.resource !== "persistentvolumeclaims") return false;
  const claim = object as unknown as PersistentVolumeClaim;
  return requirements.every(
    (each) =>
      each.scopeName === "VolumeAttributesClass" &&
      selects(each, claim.spec?.volumeAttributesClassName ?? ""),
  );
}

function podMatches({ spec }: Pod, requirement: ScopedResourceSelectorRequirement): boolean {
  switch (requirement.scopeName) {
    case "Terminating":
      return (spec?.activeDeadlineSeconds ?? -1) >= 0;
    case "NotTerminating":
      return (spec?.activeDeadlineSeconds ?? -1) < 0;
    case "BestEffort":
      return isBestEffort(spec);
    case "NotBestEffort":
      return !isBestEffort(spec);
    case "PriorityClass":
      return selects(requirement, spec?.priorityClassName ?? "");
    case "CrossNamespacePodAffinity":
      return crossesNamespaces(spec);
    default:
      return false;
  }
}

function selects({ operator, values }: ScopedResourceSelectorRequirement, value: string): boolean {
  const listed = (values ?? []).includes(value);
  switch (operator) {
    case "In":
      return listed;
    case "NotIn":
      return !listed;
    case "DoesNotExist":
      return value === "";
    default:
      return value !== "";
  }
}

/** No container asks for, or is limited in, processor time or memory. */
function isBestEffort(spec: Pod["spec"]): boolean {
  const all = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const names = [spec?.resources, ...all.map(({ resources }) => resources)].flatMap((resources) => [
    ...Object.keys(resources?.requests ?? {}),
    ...Object.keys(resources?.limits ?? {}),
  ]);
  return !names.some((name) => name === "cpu" || name === "memory");
}

function crossesNamespaces(spec: Pod["spec"]): boolean {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  const terms: (PodAffinityTerm | undefined)[] = [podAffinity, podAntiAffinity].flatMap((each) => [
    ...(each?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(each?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      ({ podAffinityTerm }) => podAffinityTerm,
    ),
  ]);
  return terms.some(
    (term) => (term?.namespaces ?? []).length > 0 || term?.namespaceSelector !== undefined,
  );
}

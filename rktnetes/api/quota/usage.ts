/**
 * What an object takes of a quota. In: a resource and a decoded object. Out: amounts by the names
 * that quotas use. Pure: admission and the quota controller count the same.
 */
import type { JsonObject } from "../schema/schema.ts";
import type { PersistentVolumeClaim, Pod, PodSpec, Service } from "../types/core-v1.ts";
import { parseQuantity, type Quantity } from "../values/quantity.ts";
import { type Amounts, ONE, podAmounts, readAmounts } from "./amounts.ts";
import { deviceAmounts, isOfDevices } from "./devices.ts";

export interface CountedResource {
  readonly group: string;
  readonly resource: string;
}

/** Counted by their bare names, too. */
const LEGACY: ReadonlySet<string> = new Set([
  "configmaps",
  "persistentvolumeclaims",
  "pods",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "services",
]);

const DEVICE_CLAIMS: CountedResource = { group: "resource.k8s.io", resource: "resourceclaims" };

/** `count/deployments.apps`, `count/pods` */
export function countName({ group, resource }: CountedResource): string {
  return `count/${resource}${group === "" ? "" : `.${group}`}`;
}

export function usageOf(of: CountedResource, object: JsonObject): Amounts {
  const counted = { [countName(of)]: ONE };
  if (isDeviceClaim(of)) return { ...counted, ...deviceAmounts(object) };
  if (of.group !== "") return counted;
  switch (of.resource) {
    case "pods":
      return podUsage(object as unknown as Pod, counted);
    case "services":
      return { ...counted, ...serviceUsage(object as unknown as Service) };
    case "persistentvolumeclaims":
      return { ...counted, ...claimUsage(object as unknown as PersistentVolumeClaim) };
    default:
      return LEGACY.has(of.resource) ? { ...counted, [of.resource]: ONE } : counted;
  }
}

function isDeviceClaim({ group, resource }: CountedResource): boolean {
  return group === DEVICE_CLAIMS.group && resource === DEVICE_CLAIMS.resource;
}

/** A pod that has ended is only counted as an object. */
function podUsage({ spec, status }: Pod, counted: Amounts): Amounts {
  const phase = status?.phase;
  if (spec === undefined || phase === "Failed" || phase === "Succeeded") return counted;
  const usage: Record<string, Quantity> = { ...counted, pods: ONE };
  for (const [name, amount] of Object.entries(podAmounts(spec, "requests"))) {
    usage[`requests.${name}`] = amount;
    if (isStandard(name)) usage[name] = amount;
  }
  for (const [name, amount] of Object.entries(podAmounts(spec, "limits"))) {
    if (isStandard(name)) usage[`limits.${name}`] = amount;
  }
  return usage;
}

function isStandard(name: string): boolean {
  return ["cpu", "memory", "ephemeral-storage"].includes(name) || name.startsWith("hugepages-");
}

function serviceUsage({ spec }: Service): Amounts {
  const ports = String((spec?.ports ?? []).length);
  const usage: Record<string, Quantity> = { services: ONE };
  if (spec?.type === "NodePort") usage["services.nodeports"] = parseQuantity(ports);
  if (spec?.type === "LoadBalancer") {
    usage["services.loadbalancers"] = ONE;
    if (spec.allocateLoadBalancerNodePorts !== false) {
      usage["services.nodeports"] = parseQuantity(ports);
    }
  }
  return usage;
}

const BETA_CLASS = "volume.beta.kubernetes.io/storage-class";

function claimUsage({ spec, status, metadata }: PersistentVolumeClaim): Amounts {
  const usage: Record<string, Quantity> = { persistentvolumeclaims: ONE };
  const name = metadata.annotations?.[BETA_CLASS] ?? spec?.storageClassName ?? "";
  const suffix = `${name}.storageclass.storage.k8s.io/`;
  if (name !== "") usage[`${suffix}persistentvolumeclaims`] = ONE;
  const asked = readAmounts(spec?.resources?.requests)["storage"];
  const given = readAmounts(status?.allocatedResources)["storage"];
  const size = asked ?? given;
  if (size === undefined) return usage;
  usage["requests.storage"] = size;
  if (name !== "") usage[`${suffix}requests.storage`] = size;
  return usage;
}

/** Resources that every container must name where a quota limits them, and who does not. */
export function missingIn(
  spec: PodSpec,
  limited: readonly string[],
): ReadonlyMap<string, string[]> {
  const missing = new Map<string, string[]>();
  const atPod = (which: "requests" | "limits", name: string): boolean =>
    spec.resources?.[which]?.[name] !== undefined;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    for (const quota of limited) {
      const [, which, name] =
        /^(?:(requests|limits)\.)?(cpu|memory|ephemeral-storage)$/.exec(quota) ?? [];
      if (name === undefined || name === "ephemeral-storage") continue;
      const where = which === "limits" ? "limits" : "requests";
      if (container.resources?.[where]?.[name] !== undefined || atPod(where, name)) continue;
      missing.set(quota, [...(missing.get(quota) ?? []), container.name]);
    }
  }
  return missing;
}

/** What the names of a quota are about: the resource whose objects take of them. */
export function isCountedBy(name: string, of: CountedResource): boolean {
  if (name === countName(of)) return true;
  if (isDeviceClaim(of)) return isOfDevices(name);
  if (of.group !== "") return false;
  switch (of.resource) {
    case "pods":
      return name === "pods" || isOfPods(name);
    case "services":
      return name === "services" || name.startsWith("services.");
    case "persistentvolumeclaims":
      return name === of.resource || name === "requests.storage" || isOfStorageClass(name);
    default:
      return LEGACY.has(of.resource) && name === of.resource;
  }
}

function isOfStorageClass(name: string): boolean {
  return name.includes(".storageclass.storage.k8s.io/");
}

/** Standard resources, huge pages, and what extended resources ask for. */
function isOfPods(name: string): boolean {
  const bare = name.replace(/^(requests|limits)\./, "");
  if (isStandard(bare)) return true;
  return name.startsWith("requests.") && bare.includes("/") && !isOfStorageClass(name);
}

/** The resources that names without `count/` are about. */
export function namedResources(): readonly CountedResource[] {
  return [...[...LEGACY].map((resource) => ({ group: "", resource })), DEVICE_CLAIMS];
}

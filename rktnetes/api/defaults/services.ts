/** Defaults of services and their endpoints. In: decoded objects, changed in place. */
import type { JsonObject } from "../schema/schema.ts";
import { findObject, objectAt, readList, readObject, readText } from "../strategy/object-at.ts";
import { fill } from "./fill.ts";

const AFFINITY_SECONDS = 10_800;

export function serviceDefaults(service: JsonObject): void {
  const spec = objectAt(service, "spec");
  fill(spec, "sessionAffinity", "None");
  fill(spec, "type", "ClusterIP");
  affinityDefaults(spec);
  for (const port of readList(spec, "ports")) portDefaults(port);
  const type = readText(spec, "type");
  if (type === "ExternalName") return addressDefaults(service);
  if (isReachable(spec)) fill(spec, "externalTrafficPolicy", "Cluster");
  if (["ClusterIP", "NodePort", "LoadBalancer"].includes(type))
    fill(spec, "internalTrafficPolicy", "Cluster");
  if (type === "LoadBalancer") fill(spec, "allocateLoadBalancerNodePorts", true);
  addressDefaults(service);
}

function affinityDefaults(spec: JsonObject): void {
  const affinity = readText(spec, "sessionAffinity");
  if (affinity === "None") delete spec["sessionAffinityConfig"];
  if (affinity !== "ClientIP") return;
  fill(
    objectAt(objectAt(spec, "sessionAffinityConfig"), "clientIP"),
    "timeoutSeconds",
    AFFINITY_SECONDS,
  );
}

function portDefaults(port: JsonObject): void {
  fill(port, "protocol", "TCP");
  const target = port["targetPort"];
  if (target === undefined || target === 0 || target === "") port["targetPort"] = port["port"] ?? 0;
}

/** Whether the service can be reached from outside the cluster. */
export function isReachable(spec: JsonObject): boolean {
  const type = readText(spec, "type");
  if (type === "NodePort" || type === "LoadBalancer") return true;
  return type === "ClusterIP" && readList(spec, "externalIPs").length > 0;
}

function addressDefaults(service: JsonObject): void {
  const balancer = readObject(readObject(service, "status"), "loadBalancer");
  for (const ingress of readList(balancer, "ingress")) {
    if (readText(ingress, "ip") !== "") fill(ingress, "ipMode", "VIP");
  }
}

export function endpointsDefaults(endpoints: JsonObject): void {
  for (const subset of readList(endpoints, "subsets")) {
    for (const port of readList(subset, "ports")) fill(port, "protocol", "TCP");
  }
}

export function endpointSliceDefaults(slice: JsonObject): void {
  for (const port of readList(slice, "ports")) {
    fill(port, "name", "");
    fill(port, "protocol", "TCP");
  }
}

export function networkPolicyDefaults(policy: JsonObject): void {
  const spec = objectAt(policy, "spec");
  for (const rule of [...readList(spec, "ingress"), ...readList(spec, "egress")]) {
    for (const port of readList(rule, "ports")) fill(port, "protocol", "TCP");
  }
  const hasEgress = readList(spec, "egress").length > 0;
  fill(spec, "policyTypes", hasEgress ? ["Ingress", "Egress"] : ["Ingress"]);
}

export function ingressClassDefaults(ingressClass: JsonObject): void {
  const parameters = findObject(readObject(ingressClass, "spec"), "parameters");
  if (parameters !== undefined) parameters["scope"] ??= "Cluster";
}

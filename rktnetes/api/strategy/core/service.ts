/**
 * What services do beyond their data: the first cluster address stands in two fields, what was
 * allocated stays when a client leaves it out, what a type does not have goes. Addresses and ports
 * are chosen by the registry, after validation.
 */
import { isReachable, serviceDefaults } from "../../defaults/services.ts";
import type { Json, JsonObject } from "../../schema/schema.ts";
import { labelName } from "../../validate/object-names.ts";
import { serviceErrors, serviceStatusErrors, serviceUpdateErrors } from "../../validate/service.ts";
import { serviceWarnings } from "../../validate/service-warnings.ts";
import { objectAt, readList, readNumber, readText, readTexts } from "../object-at.ts";
import type { Strategy } from "../strategy.ts";

/** Whether services of this type have addresses of their own. */
export function needsAddress(spec: JsonObject): boolean {
  return readText(spec, "type") !== "ExternalName";
}

/** Whether the service's ports are open on every node. */
export function needsNodePorts(spec: JsonObject): boolean {
  const type = readText(spec, "type");
  if (type === "NodePort") return true;
  return type === "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] !== false;
}

/** Whether a balancer asks nodes for the service's health. */
export function needsHealthPort(spec: JsonObject): boolean {
  const isLocal = readText(spec, "externalTrafficPolicy") === "Local";
  return readText(spec, "type") === "LoadBalancer" && isLocal;
}

function prepareForUpdate(service: JsonObject, old: JsonObject): void {
  const spec = objectAt(service, "spec");
  const before = objectAt(old, "spec");
  keepAllocated(spec, before);
  joinAddresses(spec, before);
  dropUnfit(spec, before);
}

/** What the server chose before is taken again where the client says nothing. */
function keepAllocated(spec: JsonObject, before: JsonObject): void {
  if (needsAddress(before) && needsAddress(spec)) {
    if (readText(spec, "clusterIP") === "") copy(spec, before, "clusterIP");
    if (spec["clusterIPs"] === undefined && spec["clusterIP"] === before["clusterIP"])
      copy(spec, before, "clusterIPs");
  }
  if (needsNodePorts(before) && needsNodePorts(spec)) keepNodePorts(spec, before);
  if (needsHealthPort(before) && needsHealthPort(spec)) {
    if (readNumber(spec, "healthCheckNodePort") === undefined)
      copy(spec, before, "healthCheckNodePort");
  }
}

function copy(spec: JsonObject, before: JsonObject, field: string): void {
  const value = before[field];
  if (value !== undefined) spec[field] = value;
}

/** Ports without a number get the one that the same port had before. */
function keepNodePorts(spec: JsonObject, before: JsonObject): void {
  const known = new Map<string, Json>();
  for (const port of readList(before, "ports")) {
    if (port["nodePort"] !== undefined) known.set(portKey(port), port["nodePort"]);
  }
  const used = new Set(readList(spec, "ports").map((port) => port["nodePort"]));
  for (const port of readList(spec, "ports")) {
    const number = known.get(portKey(port));
    if (port["nodePort"] !== undefined || number === undefined || used.has(number)) continue;
    port["nodePort"] = number;
    used.add(number);
  }
}

function portKey(port: JsonObject): string {
  return `${readText(port, "protocol")}/${readNumber(port, "port") ?? 0}`;
}

/** clusterIP and the first of clusterIPs are one value; clients that know only one change both. */
function joinAddresses(spec: JsonObject, before: JsonObject | undefined): void {
  const address = readText(spec, "clusterIP");
  const addresses = readTexts(spec, "clusterIPs");
  if (before === undefined) {
    if (address !== "" && addresses.length === 0) spec["clusterIPs"] = [address];
    return;
  }
  const beforeAddress = readText(before, "clusterIP");
  const isSame = sameTexts(addresses, readTexts(before, "clusterIPs"));
  if (address !== beforeAddress && address === "" && isSame) delete spec["clusterIPs"];
  if (address !== beforeAddress && address !== "" && isSame) spec["clusterIPs"] = [address];
}

function sameTexts(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((text, at) => text === right[at]);
}

/** Fields that belonged to the type that the service had, unchanged by the client. */
function dropUnfit(spec: JsonObject, before: JsonObject): void {
  if (needsAddress(before) && !needsAddress(spec)) {
    if (spec["clusterIP"] === before["clusterIP"]) {
      delete spec["clusterIP"];
      delete spec["clusterIPs"];
    }
    dropIfSame(spec, before, "ipFamilies");
    dropIfSame(spec, before, "ipFamilyPolicy");
  }
  if (needsNodePorts(before) && !needsNodePorts(spec)) dropNodePorts(spec, before);
  if (needsHealthPort(before) && !needsHealthPort(spec))
    dropIfSame(spec, before, "healthCheckNodePort");
  if (readText(before, "type") === "LoadBalancer" && readText(spec, "type") !== "LoadBalancer") {
    dropIfSame(spec, before, "allocateLoadBalancerNodePorts");
    dropIfSame(spec, before, "loadBalancerClass");
  }
  if (isReachable(before) && !isReachable(spec)) dropIfSame(spec, before, "externalTrafficPolicy");
}

function dropIfSame(spec: JsonObject, before: JsonObject, field: string): void {
  if (JSON.stringify(spec[field]) === JSON.stringify(before[field])) delete spec[field];
}

function dropNodePorts(spec: JsonObject, before: JsonObject): void {
  const known = new Set(readList(before, "ports").map((port) => port["nodePort"]));
  for (const port of readList(spec, "ports")) {
    if (known.has(port["nodePort"])) delete port["nodePort"];
  }
}

export const SERVICE: Strategy = {
  nameProblems: labelName,
  setDefaults: serviceDefaults,
  prepareForCreate: (service) => {
    service["status"] = { loadBalancer: {} };
    joinAddresses(objectAt(service, "spec"), undefined);
  },
  prepareForUpdate,
  validateCreate: serviceErrors,
  validateUpdate: serviceUpdateErrors,
  warnings: serviceWarnings,
  subresources: { status: { validateUpdate: serviceStatusErrors } },
};

/**
 * Defaults of pods and of the templates that pods are made from. In: decoded specs, changed in
 * place. Templates get less than pods: what the server may come to decide otherwise stays open.
 */
import type { JsonObject } from "../schema/schema.ts";
import { findObject, objectAt, readList, readObject, readText } from "../strategy/object-at.ts";
import { containerDefaults } from "./containers.ts";
import { fill } from "./fill.ts";
import { containerRequests, isPodLevelResource } from "./container-requests.ts";
import { formatQuantity } from "../values/quantity.ts";
import { roundAmounts } from "./resource-list.ts";
import { volumeDefaults } from "./volumes.ts";

const CONTAINERS = ["initContainers", "containers", "ephemeralContainers"] as const;

/** Of a pod and of a template. */
export function podSpecDefaults(spec: JsonObject): void {
  fill(spec, "restartPolicy", "Always");
  fill(spec, "dnsPolicy", "ClusterFirst");
  fill(spec, "securityContext", {});
  fill(spec, "terminationGracePeriodSeconds", 30);
  fill(spec, "schedulerName", "default-scheduler");
  for (const side of ["limits", "requests"]) roundAmounts(readObject(spec, "resources"), side);
  roundAmounts(spec, "overhead");
  accountDefaults(spec);
  for (const volume of readList(spec, "volumes")) volumeDefaults(volume);
  for (const field of CONTAINERS) {
    for (const container of readList(spec, field)) containerDefaults(container);
  }
}

/** The older name of the field stays readable. */
function accountDefaults(spec: JsonObject): void {
  const name = readText(spec, "serviceAccountName") || readText(spec, "serviceAccount");
  if (name === "") return;
  spec["serviceAccountName"] = name;
  spec["serviceAccount"] = name;
}

/** Of what makes pods: `spec.template`. */
export function templateDefaults(spec: JsonObject): void {
  const template = findObject(spec, "template");
  if (template !== undefined) podSpecDefaults(objectAt(template, "spec"));
}

export function podDefaults(pod: JsonObject): void {
  const spec = objectAt(pod, "spec");
  podSpecDefaults(spec);
  fill(spec, "enableServiceLinks", true);
  for (const container of [...readList(spec, "containers"), ...readList(spec, "initContainers")]) {
    requestsFromLimits(container);
    if (spec["hostNetwork"] === true) hostPorts(container);
  }
  podRequests(spec);
}

function requestsFromLimits(container: JsonObject): void {
  const resources = readObject(container, "resources");
  const limits = findObject(resources, "limits");
  if (limits === undefined) return;
  const requests = objectAt(resources, "requests");
  for (const [name, amount] of Object.entries(limits)) fill(requests, name, amount);
}

function hostPorts(container: JsonObject): void {
  for (const port of readList(container, "ports")) {
    const number = port["containerPort"];
    if (number !== undefined) fill(port, "hostPort", number);
  }
}

/** Requests of the pod as a whole: what its containers ask for, else its own limits. */
function podRequests(spec: JsonObject): void {
  const resources = findObject(spec, "resources");
  if (resources === undefined || Object.keys(resources).length === 0) return;
  const requests = objectAt(resources, "requests");
  for (const [name, amount] of containerRequests(spec)) {
    if (isPodLevelResource(name) && !name.startsWith("hugepages-"))
      fill(requests, name, formatQuantity(amount));
  }
  for (const [name, amount] of Object.entries(readObject(resources, "limits"))) {
    if (isPodLevelResource(name)) fill(requests, name, amount);
  }
  if (Object.keys(requests).length === 0) delete resources["requests"];
}

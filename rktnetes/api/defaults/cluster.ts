/**
 * Defaults of the kinds that run a cluster: roles, flows of requests, devices, further API servers.
 * In: decoded objects, changed in place.
 */
import type { JsonObject } from "../schema/schema.ts";
import { findObject, objectAt, readList, readObject, readText } from "../strategy/object-at.ts";
import { serviceReferenceDefaults } from "./admission-registration.ts";
import { fill, fillAll } from "./fill.ts";

const RBAC = "rbac.authorization.k8s.io";

export function roleBindingDefaults(binding: JsonObject): void {
  const role = objectAt(binding, "roleRef");
  if (readText(role, "apiGroup") === "") role["apiGroup"] = RBAC;
  for (const subject of readList(binding, "subjects")) {
    const kind = readText(subject, "kind");
    if (kind === "User" || kind === "Group") fill(subject, "apiGroup", RBAC);
  }
}

export function flowSchemaDefaults(schema: JsonObject): void {
  fillZeros(objectAt(schema, "spec"), { matchingPrecedence: 1000 });
}

const QUEUES = { queues: 64, handSize: 8, queueLengthLimit: 50 } as const;

export function priorityLevelDefaults(level: JsonObject): void {
  const spec = objectAt(level, "spec");
  const exempt = findObject(spec, "exempt");
  if (exempt !== undefined) fillAll(exempt, { nominalConcurrencyShares: 0, lendablePercent: 0 });
  const limited = findObject(spec, "limited");
  if (limited === undefined) return;
  fillAll(limited, { nominalConcurrencyShares: 30, lendablePercent: 0 });
  const queuing = findObject(readObject(limited, "limitResponse"), "queuing");
  if (queuing !== undefined) fillZeros(queuing, QUEUES);
}

/** Also where 0 is written: for these fields it is no choice. */
function fillZeros(object: JsonObject, values: Readonly<Record<string, number>>): void {
  for (const [field, value] of Object.entries(values)) {
    if (object[field] === undefined || object[field] === 0) object[field] = value;
  }
}

export function apiServiceDefaults(service: JsonObject): void {
  serviceReferenceDefaults(readObject(service, "spec"));
}

export function resourceClaimDefaults(claim: JsonObject): void {
  claimDefaults(readObject(claim, "spec"));
}

export function resourceClaimTemplateDefaults(template: JsonObject): void {
  claimDefaults(readObject(readObject(template, "spec"), "spec"));
}

function claimDefaults(spec: JsonObject): void {
  for (const request of readList(readObject(spec, "devices"), "requests")) {
    const exactly = findObject(request, "exactly");
    if (exactly !== undefined) deviceRequestDefaults(exactly);
    for (const choice of readList(request, "firstAvailable")) deviceRequestDefaults(choice);
  }
}

function deviceRequestDefaults(request: JsonObject): void {
  fill(request, "allocationMode", "ExactCount");
  if (request["allocationMode"] === "ExactCount") fillZeros(request, { count: 1 });
  for (const toleration of readList(request, "tolerations")) fill(toleration, "operator", "Equal");
}

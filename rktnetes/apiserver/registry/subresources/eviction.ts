/**
 * Asking politely for a pod's deletion: its disruption budget decides. In: an Eviction. Out: the
 * pod deleted, the budget one lower. @throws {StatusFault} 400, 404, 429, 500
 */
import { findKind } from "@rktnetes/api/kinds";
import { matchesLabels, parseLabelSelector } from "@rktnetes/api/label-selector";
import type { JsonObject } from "@rktnetes/api/schema";
import { selectorText } from "@rktnetes/api/selector-text";
import {
  badRequest,
  forbiddenFault,
  notFoundFault,
  plainFault,
  StatusFault,
} from "@rktnetes/api/status-fault";
import {
  findObject,
  objectAt,
  readList,
  readNumber,
  readObject,
  readText,
} from "@rktnetes/api/strategy/object-at";
import { assert } from "@shared/base";
import { timestamp } from "../../host.ts";
import { deleteObject, type DeleteRequest } from "../delete.ts";
import { scopePrefix } from "../keys.ts";
import { labelsOf, metadataOf, metaText } from "../metadata.ts";
import type { Registry } from "../registry.ts";
import type { Resource } from "../resource.ts";
import { changeStored } from "./change-stored.ts";

/** So many evictions may wait for the controller of budgets to see them. */
const DISRUPTED_MAX = 2000;
const STALE_SECONDS = 10;
const TWO_BUDGETS =
  "This pod has more than one PodDisruptionBudget, " +
  "which the eviction subresource does not support.";
const VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget.";

export async function evict(
  registry: Registry,
  pods: Resource,
  eviction: JsonObject,
  request: DeleteRequest,
): Promise<void> {
  const { namespace, name } = request;
  if (metaText(eviction, "name") !== name)
    throw badRequest("name in URL does not match name in Eviction object");
  const found = await registry.find(pods, namespace, name);
  if (found === undefined) throw notFoundFault(pods.named, name);
  if (!isFree(found.object)) await takeFromBudget(registry, found.object, request);
  const isDry = request.dryRun || request.options.dryRun;
  await markDisrupted(registry, pods, { ...request, dryRun: isDry });
  await deleteObject(registry, pods, { ...request, dryRun: isDry, isAdmitted: true });
}

/** Pods that serve nobody, or will not for long. */
function isFree(pod: JsonObject): boolean {
  const phase = readText(readObject(pod, "status"), "phase");
  if (["Succeeded", "Failed", "Pending"].includes(phase)) return true;
  return metaText(pod, "deletionTimestamp") !== "";
}

async function takeFromBudget(
  registry: Registry,
  pod: JsonObject,
  { namespace, name, dryRun, options }: DeleteRequest,
): Promise<void> {
  const kind = findKind("policy", "v1", "poddisruptionbudgets");
  assert(kind !== undefined, "budgets are a kind");
  const resource = await registry.resource(kind);
  const cache = await registry.fresh(resource);
  const budgets = cache
    .range(scopePrefix(resource.prefix, namespace))
    .filter(({ object }) => covers(object, pod));
  const [budget, second] = budgets;
  if (second !== undefined) throw plainFault(500, TWO_BUDGETS);
  if (budget === undefined || ignoresUnhealthy(budget.object, pod)) return;
  const target = {
    namespace,
    name: metaText(budget.object, "name"),
    dryRun: dryRun || options.dryRun,
  };
  const now = timestamp(registry.host.clock.now());
  await changeStored(registry, resource, target, (object) => lower(object, name, now));
}

function covers(budget: JsonObject, pod: JsonObject): boolean {
  const selector = findObject(readObject(budget, "spec"), "selector");
  if (selector === undefined) return false;
  return matchesLabels(parseLabelSelector(selectorText(selector)), labelsOf(pod));
}

/** A pod that is not ready adds nothing to what the budget protects. */
function ignoresUnhealthy(budget: JsonObject, pod: JsonObject): boolean {
  const conditions = readList(readObject(pod, "status"), "conditions");
  const isReady = conditions.some(({ type, status }) => type === "Ready" && status === "True");
  if (isReady) return false;
  const policy = readText(readObject(budget, "spec"), "unhealthyPodEvictionPolicy");
  if (policy === "AlwaysAllow") return true;
  const { healthy, wanted } = countsOf(budget);
  return wanted > 0 && healthy >= wanted;
}

function countsOf(budget: JsonObject): { healthy: number; wanted: number } {
  const status = readObject(budget, "status");
  const healthy = readNumber(status, "currentHealthy") ?? 0;
  return { healthy, wanted: readNumber(status, "desiredHealthy") ?? 0 };
}

function lower(budget: JsonObject, pod: string, now: string): void {
  const name = metaText(budget, "name");
  const status = objectAt(budget, "status");
  const seen = readNumber(status, "observedGeneration") ?? 0;
  if (seen < (readNumber(metadataOf(budget), "generation") ?? 0)) {
    const why = `The disruption budget ${name} is still being processed by the server.`;
    throw tooMany(why, STALE_SECONDS);
  }
  const allowed = readNumber(status, "disruptionsAllowed") ?? 0;
  const named = { group: "policy", name: "poddisruptionbudgets" };
  if (allowed < 0) throw forbiddenFault(named, name, "pdb disruptions allowed is negative");
  const disrupted = objectAt(status, "disruptedPods");
  if (Object.keys(disrupted).length > DISRUPTED_MAX) {
    const why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
    throw forbiddenFault(named, name, why);
  }
  if (allowed === 0) {
    const { healthy, wanted } = countsOf(budget);
    const counts = `needs ${wanted} healthy pods and has ${healthy} currently`;
    throw tooMany(`The disruption budget ${name} ${counts}`, undefined);
  }
  status["disruptionsAllowed"] = allowed - 1;
  disrupted[pod] = now;
}

function tooMany(why: string, retryAfterSeconds: number | undefined): StatusFault {
  const causes = [{ reason: "DisruptionBudget", message: why }];
  const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  const details = { causes, ...wait };
  return new StatusFault({ code: 429, reason: "TooManyRequests", message: VIOLATES, details });
}

/** Controllers count these pods apart from those that failed. */
async function markDisrupted(
  registry: Registry,
  pods: Resource,
  { namespace, name, dryRun }: DeleteRequest,
): Promise<void> {
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: timestamp(registry.host.clock.now()),
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
  };
  await changeStored(registry, pods, { namespace, name, dryRun }, (pod) => {
    const status = objectAt(pod, "status");
    const others = readList(status, "conditions").filter(({ type }) => type !== condition.type);
    status["conditions"] = [...others, condition];
  });
}

/** Defaults of webhooks and admission policies. In: decoded objects, changed in place. */
import type { JsonObject } from "../schema/schema.ts";
import { findObject, objectAt, readList, readObject } from "../strategy/object-at.ts";
import { fill, fillAll } from "./fill.ts";

const HTTPS = 443;

export function validatingWebhooksDefaults(configuration: JsonObject): void {
  for (const webhook of readList(configuration, "webhooks")) webhookDefaults(webhook);
}

export function mutatingWebhooksDefaults(configuration: JsonObject): void {
  for (const webhook of readList(configuration, "webhooks")) {
    webhookDefaults(webhook);
    fill(webhook, "reinvocationPolicy", "Never");
  }
}

function webhookDefaults(webhook: JsonObject): void {
  fillAll(webhook, { failurePolicy: "Fail", matchPolicy: "Equivalent", timeoutSeconds: 10 });
  selectorDefaults(webhook);
  for (const rule of readList(webhook, "rules")) fill(rule, "scope", "*");
  serviceReferenceDefaults(readObject(webhook, "clientConfig"));
}

/** Where a service is named that the API server calls. */
export function serviceReferenceDefaults(parent: JsonObject): void {
  const service = findObject(parent, "service");
  if (service !== undefined) fill(service, "port", HTTPS);
}

function selectorDefaults(parent: JsonObject): void {
  objectAt(parent, "namespaceSelector");
  objectAt(parent, "objectSelector");
}

export function policyDefaults(policy: JsonObject): void {
  const spec = objectAt(policy, "spec");
  fill(spec, "failurePolicy", "Fail");
  matchDefaults(findObject(spec, "matchConstraints"));
}

export function policyBindingDefaults(binding: JsonObject): void {
  matchDefaults(findObject(readObject(binding, "spec"), "matchResources"));
}

function matchDefaults(match: JsonObject | undefined): void {
  if (match === undefined) return;
  fill(match, "matchPolicy", "Equivalent");
  selectorDefaults(match);
  for (const field of ["resourceRules", "excludeResourceRules"]) {
    for (const rule of readList(match, field)) fill(rule, "scope", "*");
  }
}

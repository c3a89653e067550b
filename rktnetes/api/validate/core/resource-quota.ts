/** What is wrong with quotas. In: decoded objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readList, readObject, readText, readTexts } from "../../strategy/object-at.ts";
import { type Errors, immutableErrors } from "../checks.ts";
import { type FieldError, invalid, required } from "../field-error.ts";
import { amountErrors, resourceNameErrors } from "../pod/resources.ts";

const COMPUTE = ["cpu", "memory"].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]);
const OF_PODS: ReadonlySet<string> = new Set(["pods", ...COMPUTE]);

const STANDARD: ReadonlySet<string> = new Set([
  ...OF_PODS,
  "ephemeral-storage",
  "requests.ephemeral-storage",
  "limits.ephemeral-storage",
  "requests.storage",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "persistentvolumeclaims",
  "configmaps",
  "services.nodeports",
  "services.loadbalancers",
]);

const SCOPES: ReadonlySet<string> = new Set([
  "Terminating",
  "NotTerminating",
  "BestEffort",
  "NotBestEffort",
  "PriorityClass",
  "CrossNamespacePodAffinity",
  "VolumeAttributesClass",
]);

const OPPOSITES = [
  ["BestEffort", "NotBestEffort"],
  ["Terminating", "NotTerminating"],
] as const;

function isQuotaResource(name: string): boolean {
  return STANDARD.has(name) || /^(requests\.)?hugepages-/.test(name);
}

export function resourceQuotaErrors(quota: JsonObject): Errors {
  const spec = readObject(quota, "spec");
  const hard = readObject(spec, "hard");
  return [
    ...amountsErrors(hard, "spec.hard"),
    ...scopesErrors(readTexts(spec, "scopes"), Object.keys(hard)),
    ...selectorErrors(spec, Object.keys(hard)),
  ];
}

function amountsErrors(amounts: JsonObject, field: string): Errors {
  return Object.entries(amounts).flatMap(([name, amount]) => {
    const path = `${field}[${name}]`;
    const errors: FieldError[] = [...resourceNameErrors(path, name)];
    if (!name.includes("/") && !isQuotaResource(name))
      errors.push(invalid(path, name, "must be a standard resource for quota"));
    return [...errors, ...amountErrors(path, name, amount)];
  });
}

function scopesErrors(scopes: readonly string[], names: readonly string[]): Errors {
  const field = "spec.scopes";
  const errors: FieldError[] = [];
  const refuse = (why: string): void => {
    errors.push(invalid(field, [...scopes], why));
  };
  for (const scope of scopes) {
    if (!SCOPES.has(scope)) refuse("unsupported scope");
    for (const name of names) {
      if (isQuotaResource(name) && !applies(scope, name))
        refuse("unsupported scope applied to resource");
    }
  }
  for (const pair of OPPOSITES) {
    if (pair.every((scope) => scopes.includes(scope))) refuse("conflicting scopes");
  }
  return errors;
}

function applies(scope: string, name: string): boolean {
  if (scope === "BestEffort") return name === "pods";
  if (scope === "VolumeAttributesClass")
    return name === "persistentvolumeclaims" || name === "requests.storage";
  return !SCOPES.has(scope) || OF_PODS.has(name);
}

const ONLY_EXISTS: ReadonlySet<string> = new Set([
  "BestEffort",
  "NotBestEffort",
  "Terminating",
  "NotTerminating",
  "CrossNamespacePodAffinity",
]);

const MUST_EXIST =
  "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, " +
  "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, " +
  "ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";

function selectorErrors(spec: JsonObject, names: readonly string[]): Errors {
  const selector = findObject(spec, "scopeSelector");
  const field = "spec.scopeSelector.matchExpressions";
  if (selector === undefined) return [];
  return readList(selector, "matchExpressions").flatMap((requirement) => {
    const scope = readText(requirement, "scopeName");
    const operator = readText(requirement, "operator");
    const errors: FieldError[] = [];
    if (!SCOPES.has(scope)) errors.push(invalid(`${field}.scopeName`, scope, "unsupported scope"));
    for (const name of names) {
      if (isQuotaResource(name) && !applies(scope, name))
        errors.push(invalid(field, selector, "unsupported scope applied to resource"));
    }
    if (ONLY_EXISTS.has(scope) && operator !== "Exists")
      errors.push(invalid(`${field}.operator`, operator, MUST_EXIST));
    return [...errors, ...operatorErrors(requirement, field, operator)];
  });
}

function operatorErrors(requirement: JsonObject, field: string, operator: string): Errors {
  const values = readTexts(requirement, "values");
  if (operator === "In" || operator === "NotIn") {
    const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
    return values.length === 0 ? [required(`${field}.values`, why)] : [];
  }
  if (operator === "Exists" || operator === "DoesNotExist") {
    const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
    return values.length === 0 ? [] : [invalid(`${field}.values`, [...values], why)];
  }
  return [invalid(`${field}.operator`, operator, "not a valid selector operator")];
}

export function resourceQuotaUpdateErrors(quota: JsonObject, old: JsonObject): Errors {
  const scopes = readObject(quota, "spec")["scopes"];
  const before = readObject(old, "spec")["scopes"];
  return [...resourceQuotaErrors(quota), ...immutableErrors("spec.scopes", scopes, before)];
}

export function resourceQuotaStatusErrors(quota: JsonObject): Errors {
  const status = readObject(quota, "status");
  return [
    ...amountsErrors(readObject(status, "hard"), "status.hard"),
    ...amountsErrors(readObject(status, "used"), "status.used"),
  ];
}

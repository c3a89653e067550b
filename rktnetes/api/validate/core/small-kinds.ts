/**
 * What is wrong with objects of kinds that have a rule or two. In: decoded objects. Out: field
 * errors. Pure.
 */
import type { JsonObject } from "../../schema/schema.ts";
import { labelKeyProblems } from "../../selectors/label-syntax.ts";
import {
  findObject,
  readList,
  readNumber,
  readObject,
  readText,
  readTexts,
} from "../../strategy/object-at.ts";
import {
  choiceErrors,
  type Errors,
  immutableErrors,
  labelErrors,
  labelSelectorErrors,
  nonNegativeErrors,
  problemErrors,
  requiredChoice,
} from "../checks.ts";
import { type FieldError, forbidden, invalid, required } from "../field-error.ts";
import { internalForm } from "../internal-form.ts";
import { labelsErrors, standardFinalizerProblems } from "../object-meta.ts";
import { tolerationErrors } from "../pod/affinity.ts";
import { containerResourceErrors, requirementsErrors } from "../pod/resources.ts";
import { intOrPercentErrors, notOverAllErrors } from "../workloads/int-or-percent.ts";

export function namespaceErrors(namespace: JsonObject): Errors {
  const field = "spec.finalizers";
  return readTexts(readObject(namespace, "spec"), "finalizers").flatMap((finalizer) => [
    ...problemErrors(field, finalizer, labelKeyProblems(finalizer)),
    ...problemErrors(field, finalizer, standardFinalizerProblems(finalizer)),
  ]);
}

export function controllerRevisionErrors(revision: JsonObject): Errors {
  const { data } = revision;
  const errors: FieldError[] = [];
  if (data === undefined || data === null) errors.push(required("data", "data is mandatory"));
  else if (typeof data !== "object" || Array.isArray(data))
    errors.push(required("data", "data must be a valid JSON object"));
  return [...errors, ...nonNegativeErrors("revision", revision["revision"])];
}

export function controllerRevisionUpdateErrors(revision: JsonObject, old: JsonObject): Errors {
  return [
    ...controllerRevisionErrors(revision),
    ...immutableErrors("data", revision["data"], old["data"]),
  ];
}

const SYSTEM_PRIORITIES: Readonly<Record<string, number>> = {
  "system-node-critical": 2_000_001_000,
  "system-cluster-critical": 2_000_000_000,
};
const USER_PRIORITY_MAX = 1_000_000_000;
const PREEMPTION = ["PreemptLowerPriority", "Never"] as const;

export function priorityClassErrors(priority: JsonObject): Errors {
  const name = readText(readObject(priority, "metadata"), "name");
  const value = readNumber(priority, "value") ?? 0;
  const errors: FieldError[] = [];
  if (name.startsWith("system-")) {
    const problem = systemProblem(name, value, priority["globalDefault"] === true);
    const why = "priority class names with 'system-' prefix are reserved for system use only";
    if (problem !== undefined) errors.push(forbidden("metadata.name", `${why}. error: ${problem}`));
  } else if (value > USER_PRIORITY_MAX) {
    const why = `maximum allowed value of a user defined priority is ${USER_PRIORITY_MAX}`;
    errors.push(forbidden("value", why));
  }
  const policy = priority["preemptionPolicy"];
  return [...errors, ...requiredChoice("preemptionPolicy", policy, PREEMPTION)];
}

function systemProblem(name: string, value: number, isDefault: boolean): string | undefined {
  const known = Object.hasOwn(SYSTEM_PRIORITIES, name) ? SYSTEM_PRIORITIES[name] : undefined;
  if (known === undefined) return `${name} is not a known system priority class`;
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`;
  return isDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

export function priorityClassUpdateErrors(priority: JsonObject, old: JsonObject): Errors {
  const errors: FieldError[] = [];
  if ((readNumber(priority, "value") ?? 0) !== (readNumber(old, "value") ?? 0))
    errors.push(forbidden("value", "may not be changed in an update."));
  const field = "preemptionPolicy";
  return [...errors, ...immutableErrors(field, priority[field], old[field])];
}

export function runtimeClassErrors(runtime: JsonObject): Errors {
  const handler = readText(runtime, "handler");
  const errors: FieldError[] = [];
  if (handler === "") errors.push(required("handler"));
  else errors.push(...labelErrors("handler", handler));
  const fixed = readObject(readObject(runtime, "overhead"), "podFixed");
  const rules = { nameErrors: containerResourceErrors, claims: [] };
  const scheduling = readObject(runtime, "scheduling");
  return [
    ...errors,
    ...requirementsErrors({ limits: fixed }, "overhead", rules),
    ...labelsErrors(readObject(scheduling, "nodeSelector"), "scheduling.nodeSelector"),
    ...tolerationErrors(readList(scheduling, "tolerations"), "scheduling.tolerations"),
  ];
}

export function runtimeClassUpdateErrors(runtime: JsonObject, old: JsonObject): Errors {
  return [
    ...immutableErrors("handler", runtime["handler"], old["handler"]),
    ...runtimeClassErrors(runtime),
  ];
}

export function disruptionBudgetErrors(budget: JsonObject): Errors {
  const spec = readObject(budget, "spec");
  const errors: FieldError[] = [];
  const least = spec["minAvailable"];
  const most = spec["maxUnavailable"];
  if (least !== undefined && most !== undefined) {
    const shown = internalForm("io.k8s.api.policy.v1.PodDisruptionBudgetSpec", spec);
    errors.push(invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set"));
  }
  for (const name of ["minAvailable", "maxUnavailable"]) {
    errors.push(...intOrPercentErrors(`spec.${name}`, spec[name]));
    errors.push(...notOverAllErrors(`spec.${name}`, spec[name]));
  }
  const selector = findObject(spec, "selector");
  if (selector !== undefined) errors.push(...labelSelectorErrors(selector, "spec.selector"));
  const policy = spec["unhealthyPodEvictionPolicy"];
  const choices = ["AlwaysAllow", "IfHealthyBudget"];
  return [...errors, ...choiceErrors("spec.unhealthyPodEvictionPolicy", policy, choices)];
}

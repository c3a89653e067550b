/** What is wrong with daemon sets. In: decoded objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readObject, readText } from "../../strategy/object-at.ts";
import { type Errors, hasSelector, labelSelectorErrors, nonNegativeFields } from "../checks.ts";
import { type FieldError, invalid, notSupported, required } from "../field-error.ts";
import { internalForm } from "../internal-form.ts";
import { sameSelectorErrors } from "./deployment.ts";
import { amountOf, intOrPercentErrors, notOverAllErrors } from "./int-or-percent.ts";
import { labelsMatchErrors, runningTemplateErrors } from "./template.ts";

export function daemonSetErrors(set: JsonObject): Errors {
  const spec = readObject(set, "spec");
  const selector = findObject(spec, "selector");
  const template = readObject(spec, "template");
  const errors: FieldError[] = [];
  const faults = selector === undefined ? [] : labelSelectorErrors(selector, "spec.selector");
  errors.push(...faults);
  if (faults.length === 0) errors.push(...labelsMatchErrors(selector, template, "spec.template"));
  if (selector !== undefined && !hasSelector(selector))
    errors.push(invalid("spec.selector", selector, "empty selector is invalid for daemonset"));
  return [
    ...errors,
    ...runningTemplateErrors(template, "spec.template", "DaemonSet"),
    ...nonNegativeFields(spec, "spec", ["minReadySeconds"]),
    ...strategyErrors(readObject(spec, "updateStrategy")),
    ...nonNegativeFields(spec, "spec", ["revisionHistoryLimit"]),
  ];
}

function strategyErrors(strategy: JsonObject): Errors {
  const field = "spec.updateStrategy";
  const type = readText(strategy, "type");
  if (type === "OnDelete") return [];
  if (type !== "RollingUpdate") {
    const shown = internalForm("io.k8s.api.apps.v1.DaemonSetUpdateStrategy", strategy);
    return [notSupported(field, shown, ["RollingUpdate", "OnDelete"])];
  }
  const rolling = findObject(strategy, "rollingUpdate");
  if (rolling === undefined) return [required(`${field}.rollingUpdate`)];
  return rollingErrors(rolling, `${field}.rollingUpdate`);
}

function rollingErrors(rolling: JsonObject, field: string): Errors {
  const unavailable = rolling["maxUnavailable"];
  const surge = rolling["maxSurge"];
  const surgeField = `${field}.maxSurge`;
  const errors: FieldError[] = [
    ...intOrPercentErrors(`${field}.maxUnavailable`, unavailable),
    ...intOrPercentErrors(surgeField, surge),
  ];
  const hasUnavailable = amountOf(unavailable) !== 0;
  const hasSurge = amountOf(surge) !== 0;
  if (hasUnavailable && hasSurge)
    errors.push(invalid(surgeField, surge, "may not be set when maxUnavailable is non-zero"));
  if (!hasUnavailable && !hasSurge)
    errors.push(required(`${field}.maxUnavailable`, "cannot be 0 when maxSurge is 0"));
  return [
    ...errors,
    ...notOverAllErrors(`${field}.maxUnavailable`, unavailable),
    ...notOverAllErrors(surgeField, surge),
  ];
}

export function daemonSetUpdateErrors(set: JsonObject, old: JsonObject): Errors {
  return [...sameSelectorErrors(set, old), ...daemonSetErrors(set)];
}

const COUNTS = [
  "currentNumberScheduled",
  "numberMisscheduled",
  "desiredNumberScheduled",
  "numberReady",
  "observedGeneration",
  "updatedNumberScheduled",
  "numberAvailable",
  "numberUnavailable",
  "collisionCount",
] as const;

export function daemonSetStatusErrors(set: JsonObject): Errors {
  return nonNegativeFields(readObject(set, "status"), "status", COUNTS);
}

/** What is wrong with autoscalers. In: decoded objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readList, readNumber, readObject } from "../../strategy/object-at.ts";
import { choiceErrors, type Errors, requiredChoice } from "../checks.ts";
import { type FieldError, forbidden, invalid, required } from "../field-error.ts";
import { metricErrors } from "./metrics.ts";
import { targetErrors } from "./target-reference.ts";

const WINDOW_MAX = 3600;
const PERIOD_MAX = 1800;

export function autoscalerErrors(autoscaler: JsonObject): Errors {
  const spec = readObject(autoscaler, "spec");
  const least = readNumber(spec, "minReplicas");
  const most = readNumber(spec, "maxReplicas") ?? 0;
  const errors: FieldError[] = [];
  if (least !== undefined && least < 1)
    errors.push(invalid("spec.minReplicas", least, "must be greater than or equal to 1"));
  if (most < 1) errors.push(required("spec.maxReplicas", "must be set and greater than 0"));
  if (least !== undefined && most < least) {
    const why = "must be greater than or equal to `minReplicas`";
    errors.push(invalid("spec.maxReplicas", most, why));
  }
  return [
    ...errors,
    ...targetErrors(readObject(spec, "scaleTargetRef"), "spec.scaleTargetRef"),
    ...metricsErrors(spec, least),
    ...behaviorErrors(spec),
  ];
}

function metricsErrors(spec: JsonObject, least: number | undefined): Errors {
  const metrics = readList(spec, "metrics");
  const errors: FieldError[] = metrics.flatMap((metric, at) =>
    metricErrors(metric, `spec.metrics[${at}]`),
  );
  const canSleep = metrics.some(({ type }) => type === "Object" || type === "External");
  if (least === 0 && !canSleep) {
    const why =
      "must specify at least one Object or External metric to support scaling to zero replicas";
    errors.push(forbidden("spec.metrics", why));
  }
  return errors;
}

function behaviorErrors(spec: JsonObject): Errors {
  const behavior = readObject(spec, "behavior");
  return ["scaleUp", "scaleDown"].flatMap((side) => {
    const rules = findObject(behavior, side);
    return rules === undefined ? [] : rulesErrors(rules, `spec.behavior.${side}`);
  });
}

function rulesErrors(rules: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  const window = readNumber(rules, "stabilizationWindowSeconds");
  const path = `${field}.stabilizationWindowSeconds`;
  if (window !== undefined && window < 0)
    errors.push(invalid(path, window, "must be greater than or equal to zero"));
  if (window !== undefined && window > WINDOW_MAX)
    errors.push(invalid(path, window, `must be less than or equal to ${WINDOW_MAX}`));
  const choices = ["Disabled", "Max", "Min"];
  errors.push(...choiceErrors(`${field}.selectPolicy`, rules["selectPolicy"], choices));
  const policies = readList(rules, "policies");
  if (policies.length === 0)
    errors.push(required(`${field}.policies`, "must specify at least one Policy"));
  for (const [at, policy] of policies.entries())
    errors.push(...policyErrors(policy, `${field}.policies[${at}]`));
  const tolerance = rules["tolerance"];
  if (typeof tolerance === "string" && tolerance.startsWith("-"))
    errors.push(invalid(`${field}.tolerance`, tolerance, "must be greater than or equal to 0"));
  return errors;
}

function policyErrors(policy: JsonObject, field: string): Errors {
  const errors: FieldError[] = [
    ...requiredChoice(`${field}.type`, policy["type"], ["Percent", "Pods"]),
  ];
  for (const name of ["value", "periodSeconds"]) {
    const number = readNumber(policy, name) ?? 0;
    if (number <= 0) errors.push(invalid(`${field}.${name}`, number, "must be greater than zero"));
  }
  const period = readNumber(policy, "periodSeconds") ?? 0;
  if (period > PERIOD_MAX) {
    const why = `must be less than or equal to ${PERIOD_MAX}`;
    errors.push(invalid(`${field}.periodSeconds`, period, why));
  }
  return errors;
}

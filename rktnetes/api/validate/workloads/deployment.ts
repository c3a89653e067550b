/**
 * What is wrong with deployments and replica sets. In: decoded objects. Out: field errors. Pure.
 */
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readNumber, readObject, readText } from "../../strategy/object-at.ts";
import { type Errors, immutableErrors, nonNegativeErrors, nonNegativeFields } from "../checks.ts";
import { type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";
import { internalForm } from "../internal-form.ts";
import { amountOf, intOrPercentErrors, notOverAllErrors } from "./int-or-percent.ts";
import { selectedTemplateErrors, selectorErrors } from "./template.ts";

const RULES = {
  name: "deployment",
  kind: "ReplicaSet",
  wrongSelector: "invalid label selector",
} as const;

export function deploymentErrors(deployment: JsonObject): Errors {
  const spec = readObject(deployment, "spec");
  return [
    ...nonNegativeErrors("spec.replicas", spec["replicas"]),
    ...selectorErrors(spec, RULES),
    ...selectedTemplateErrors(spec, RULES),
    ...strategyErrors(readObject(spec, "strategy")),
    ...nonNegativeFields(spec, "spec", ["minReadySeconds", "revisionHistoryLimit"]),
    ...progressErrors(spec),
  ];
}

function progressErrors(spec: JsonObject): Errors {
  const field = "spec.progressDeadlineSeconds";
  const deadline = readNumber(spec, "progressDeadlineSeconds");
  if (deadline === undefined) return [];
  const errors = [...nonNegativeErrors(field, deadline)];
  if (deadline <= (readNumber(spec, "minReadySeconds") ?? 0))
    errors.push(invalid(field, deadline, "must be greater than minReadySeconds"));
  return errors;
}

function strategyErrors(strategy: JsonObject): Errors {
  const field = "spec.strategy";
  const rolling = findObject(strategy, "rollingUpdate");
  const type = readText(strategy, "type");
  if (type === "Recreate") {
    const why = "may not be specified when strategy `type` is 'Recreate'";
    return rolling === undefined ? [] : [forbidden(`${field}.rollingUpdate`, why)];
  }
  if (type === "RollingUpdate") {
    const why = "this should be defaulted and never be nil";
    if (rolling === undefined) return [required(`${field}.rollingUpdate`, why)];
    return rollingErrors(rolling, `${field}.rollingUpdate`);
  }
  const shown = internalForm("io.k8s.api.apps.v1.DeploymentStrategy", strategy);
  return [notSupported(field, shown, ["Recreate", "RollingUpdate"])];
}

function rollingErrors(rolling: JsonObject, field: string): Errors {
  const unavailable = rolling["maxUnavailable"];
  const surge = rolling["maxSurge"];
  const path = `${field}.maxUnavailable`;
  const errors: FieldError[] = [
    ...intOrPercentErrors(path, unavailable),
    ...intOrPercentErrors(`${field}.maxSurge`, surge),
  ];
  if (amountOf(unavailable) === 0 && amountOf(surge) === 0)
    errors.push(invalid(path, unavailable, "may not be 0 when `maxSurge` is 0"));
  return [...errors, ...notOverAllErrors(path, unavailable)];
}

export function deploymentUpdateErrors(deployment: JsonObject, old: JsonObject): Errors {
  return [...deploymentErrors(deployment), ...sameSelectorErrors(deployment, old)];
}

/** Which objects a controller owns never changes. */
export function sameSelectorErrors(object: JsonObject, old: JsonObject): Errors {
  const before = readObject(old, "spec")["selector"];
  return immutableErrors("spec.selector", readObject(object, "spec")["selector"], before);
}

export function deploymentStatusErrors(deployment: JsonObject, old: JsonObject): Errors {
  const status = readObject(deployment, "status");
  const errors: FieldError[] = [
    ...nonNegativeFields(status, "status", ["observedGeneration", "replicas", "updatedReplicas"]),
    ...nonNegativeFields(status, "status", ["readyReplicas", "availableReplicas"]),
    ...nonNegativeFields(status, "status", ["unavailableReplicas", "collisionCount"]),
  ];
  const total = readNumber(status, "replicas") ?? 0;
  for (const name of ["updatedReplicas", "readyReplicas", "availableReplicas"] as const)
    errors.push(...notMoreErrors(status, name, [total, "replicas"]));
  const ready = readNumber(status, "readyReplicas") ?? 0;
  errors.push(...notMoreErrors(status, "availableReplicas", [ready, "readyReplicas"]));
  const collisions = readNumber(status, "collisionCount");
  const before = readNumber(readObject(old, "status"), "collisionCount");
  if (before !== undefined && (collisions ?? -1) < before)
    errors.push(invalid("status.collisionCount", collisions ?? 0, "cannot be decremented"));
  return errors;
}

/** One count of a status is a part of another. */
export function notMoreErrors(
  status: JsonObject,
  name: string,
  [most, mostName]: readonly [number, string],
): Errors {
  const count = readNumber(status, name) ?? 0;
  if (count <= most) return [];
  return [invalid(`status.${name}`, count, `cannot be greater than ${wordsOf(mostName)}`)];
}

function wordsOf(name: string): string {
  return name === "replicas" ? "status.replicas" : name;
}

export function replicaSetErrors(set: JsonObject): Errors {
  const spec = readObject(set, "spec");
  return [
    ...nonNegativeFields(spec, "spec", ["replicas", "minReadySeconds"]),
    ...selectorErrors(spec, RULES),
    ...selectedTemplateErrors(spec, RULES),
  ];
}

export function replicaSetUpdateErrors(set: JsonObject, old: JsonObject): Errors {
  return [...replicaSetErrors(set), ...sameSelectorErrors(set, old)];
}

/** Of replica sets and replication controllers. */
export function replicaStatusErrors(set: JsonObject): Errors {
  const status = readObject(set, "status");
  const names = ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas"];
  const total = readNumber(status, "replicas") ?? 0;
  const ready = readNumber(status, "readyReplicas") ?? 0;
  return [
    ...nonNegativeFields(status, "status", [...names, "observedGeneration"]),
    ...notMoreErrors(status, "fullyLabeledReplicas", [total, "replicas"]),
    ...notMoreErrors(status, "readyReplicas", [total, "replicas"]),
    ...notMoreErrors(status, "availableReplicas", [total, "replicas"]),
    ...notMoreErrors(status, "availableReplicas", [ready, "readyReplicas"]),
  ];
}

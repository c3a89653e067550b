/** What is wrong with stateful sets. In: decoded objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import {
  findObject,
  readList,
  readNumber,
  readObject,
  readText,
} from "../../strategy/object-at.ts";
import { isSameJson } from "../../values/same-json.ts";
import {
  choiceErrors,
  type Errors,
  labelErrors,
  nonNegativeErrors,
  nonNegativeFields,
} from "../checks.ts";
import { type FieldError, forbidden, invalid, required } from "../field-error.ts";
import { internalForm } from "../internal-form.ts";
import { annotationsErrors, labelsErrors } from "../object-meta.ts";
import { claimSpecErrors } from "../persistent-volume-claim.ts";
import { notMoreErrors } from "./deployment.ts";
import { intOrPercentErrors, notOverAllErrors } from "./int-or-percent.ts";
import { selectedTemplateErrors, selectorErrors } from "./template.ts";

const RULES = { name: "statefulset", kind: "StatefulSet", wrongSelector: "" } as const;

export function statefulSetErrors(set: JsonObject): Errors {
  const spec = readObject(set, "spec");
  const service = readText(spec, "serviceName");
  const ordinals = readObject(spec, "ordinals");
  return [
    ...managementErrors(spec),
    ...strategyErrors(readObject(spec, "updateStrategy")),
    ...retentionErrors(readObject(spec, "persistentVolumeClaimRetentionPolicy")),
    ...nonNegativeFields(spec, "spec", ["replicas", "minReadySeconds"]),
    ...nonNegativeErrors("spec.ordinals.start", ordinals["start"]),
    ...selectorErrors(spec, RULES),
    ...selectedTemplateErrors(spec, RULES),
    ...templateLabelsErrors(readObject(spec, "template")),
    ...(service === "" ? [] : labelErrors("spec.serviceName", service)),
    ...readList(spec, "volumeClaimTemplates").flatMap((claim, at) =>
      claimSpecErrors(readObject(claim, "spec"), `spec.volumeClaimTemplates[${at}].spec`),
    ),
  ];
}

/** Told of twice, as clients know it. */
function templateLabelsErrors(template: JsonObject): Errors {
  const metadata = readObject(template, "metadata");
  return [
    ...labelsErrors(readObject(metadata, "labels"), "spec.template.labels"),
    ...annotationsErrors(readObject(metadata, "annotations"), "spec.template.annotations"),
  ];
}

function managementErrors(spec: JsonObject): Errors {
  const policy = readText(spec, "podManagementPolicy");
  const field = "spec.podManagementPolicy";
  if (policy === "") return [required(field)];
  if (policy === "OrderedReady" || policy === "Parallel") return [];
  return [invalid(field, policy, "must be 'OrderedReady' or 'Parallel'")];
}

function strategyErrors(strategy: JsonObject): Errors {
  const field = "spec.updateStrategy";
  const type = readText(strategy, "type");
  const rolling = findObject(strategy, "rollingUpdate");
  if (type === "") return [required(field)];
  if (type === "OnDelete") {
    if (rolling === undefined) return [];
    const shown = internalForm("io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy", rolling);
    const why = "only allowed for updateStrategy 'RollingUpdate'";
    return [invalid(`${field}.rollingUpdate`, shown, why)];
  }
  if (type === "RollingUpdate")
    return rolling === undefined ? [] : rollingErrors(rolling, `${field}.rollingUpdate`);
  const shown = internalForm("io.k8s.api.apps.v1.StatefulSetUpdateStrategy", strategy);
  return [invalid(field, shown, "must be 'RollingUpdate' or 'OnDelete'")];
}

function rollingErrors(rolling: JsonObject, field: string): Errors {
  const most = rolling["maxUnavailable"];
  const errors: FieldError[] = [
    ...nonNegativeErrors(`${field}.partition`, rolling["partition"]),
    ...intOrPercentErrors(`${field}.maxUnavailable`, most),
    ...notOverAllErrors(`${field}.maxUnavailable`, most),
  ];
  if (most === 0) errors.push(invalid(`${field}.maxUnavailable`, most, "cannot be 0"));
  return errors;
}

function retentionErrors(policy: JsonObject): Errors {
  const field = "spec.persistentVolumeClaimRetentionPolicy";
  return ["whenDeleted", "whenScaled"].flatMap((name) =>
    choiceErrors(`${field}.${name}`, policy[name], ["Retain", "Delete"]),
  );
}

const CHANGEABLE = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
] as const;

const FIXED =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', " +
  "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and " +
  "'minReadySeconds' are forbidden";

export function statefulSetUpdateErrors(set: JsonObject, old: JsonObject): Errors {
  const after = { ...readObject(set, "spec") };
  const before = { ...readObject(old, "spec") };
  for (const name of CHANGEABLE) {
    delete after[name];
    delete before[name];
  }
  const errors = statefulSetErrors(set);
  return isSameJson(after, before) ? errors : [...errors, forbidden("spec", FIXED)];
}

const COUNTS = [
  "replicas",
  "readyReplicas",
  "currentReplicas",
  "updatedReplicas",
  "availableReplicas",
  "observedGeneration",
  "collisionCount",
] as const;

export function statefulSetStatusErrors(set: JsonObject): Errors {
  const status = readObject(set, "status");
  const total = readNumber(status, "replicas") ?? 0;
  const ready = readNumber(status, "readyReplicas") ?? 0;
  const parts = ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"];
  return [
    ...nonNegativeFields(status, "status", COUNTS),
    ...parts.flatMap((name) => notMoreErrors(status, name, [total, "replicas"])),
    ...notMoreErrors(status, "availableReplicas", [ready, "readyReplicas"]),
  ];
}

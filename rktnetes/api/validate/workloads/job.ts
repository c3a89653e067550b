/** What is wrong with jobs. In: decoded objects. Out: field errors in Kubernetes' order. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readNumber, readObject, readText } from "../../strategy/object-at.ts";
import { dnsLabelProblems } from "../../values/names.ts";
import { isSameJson } from "../../values/same-json.ts";
import {
  choiceErrors,
  type Errors,
  immutableErrors,
  labelSelectorErrors,
  nonNegativeFields,
  shownSelector,
} from "../checks.ts";
import { type FieldError, invalid, required } from "../field-error.ts";
import { internalForm, internalTemplate } from "../internal-form.ts";
import { failurePolicyErrors, managedByErrors, successPolicyErrors } from "./job-policies.ts";
import { labelsMatchErrors, templateErrors } from "./template.ts";

const PARALLEL_MAX = 100_000;
const BATCH = "batch.kubernetes.io/";

export function jobErrors(job: JsonObject): Errors {
  const spec = readObject(job, "spec");
  return [...ownSelectorErrors(job), ...selectedSpecErrors(spec), ...hostnameErrors(job, spec)];
}

function selectedSpecErrors(spec: JsonObject): Errors {
  const selector = findObject(spec, "selector");
  const errors: FieldError[] = [...jobSpecErrors(spec, "spec")];
  const faults = selector === undefined ? [] : labelSelectorErrors(selector, "spec.selector");
  if (selector === undefined) errors.push(required("spec.selector"));
  errors.push(...faults);
  if (faults.length > 0) return errors;
  const template = readObject(spec, "template");
  return [...errors, ...labelsMatchErrors(selector, template, "spec.template")];
}

/** The server made the selector: nobody may have put in a word. */
function ownSelectorErrors(job: JsonObject): Errors {
  const spec = readObject(job, "spec");
  const selector = findObject(spec, "selector");
  if (spec["manualSelector"] === true || selector === undefined) return [];
  const metadata = readObject(job, "metadata");
  const uid = readText(metadata, "uid");
  const errors: FieldError[] = [];
  if (uid === "") errors.push(required("metadata.uid"));
  const labels = readObject(readObject(readObject(spec, "template"), "metadata"), "labels");
  for (const prefix of ["", BATCH]) {
    errors.push(...hasLabelErrors(labels, `${prefix}controller-uid`, uid));
    errors.push(...hasLabelErrors(labels, `${prefix}job-name`, readText(metadata, "name")));
  }
  const selected = [`${BATCH}controller-uid`, "controller-uid"].some((key) =>
    isSameJson(selector, { matchLabels: { [key]: uid } }),
  );
  if (!selected)
    errors.push(invalid("spec.selector", shownSelector(selector), "`selector` not auto-generated"));
  return errors;
}

function hasLabelErrors(labels: JsonObject, key: string, expected: string): Errors {
  const field = `spec.template.metadata.labels[${key}]`;
  const why = `must be '${expected}'`;
  if (labels[key] === undefined) return [required(field, why)];
  return readText(labels, key) === expected ? [] : [invalid(field, labels, why)];
}

function hostnameErrors(job: JsonObject, spec: JsonObject): Errors {
  const count = readNumber(spec, "completions") ?? 0;
  if (spec["completionMode"] !== "Indexed" || count <= 0) return [];
  const name = readText(readObject(job, "metadata"), "name");
  const longest = `${name}-${count - 1}`;
  const why = `will not able to create pod with invalid DNS label: ${longest}`;
  return dnsLabelProblems(longest).map(() => invalid("metadata.name", name, why));
}

const COUNTS = [
  "parallelism",
  "completions",
  "activeDeadlineSeconds",
  "backoffLimit",
  "ttlSecondsAfterFinished",
  "backoffLimitPerIndex",
  "maxFailedIndexes",
] as const;

/** Of a job or of what a cron job makes jobs from. */
export function jobSpecErrors(spec: JsonObject, field: string): Errors {
  const template = readObject(spec, "template");
  return [
    ...nonNegativeFields(spec, field, COUNTS),
    ...indexErrors(spec, field),
    ...managedByErrors(spec, `${field}.managedBy`),
    ...choiceErrors(`${field}.completionMode`, spec["completionMode"], ["NonIndexed", "Indexed"]),
    ...(spec["completionMode"] === "Indexed"
      ? indexedErrors(spec, field)
      : plainErrors(spec, field)),
    ...failurePolicyErrors(spec, `${field}.podFailurePolicy`),
    ...successPolicyErrors(spec, `${field}.successPolicy`),
    ...replacementErrors(spec, `${field}.podReplacementPolicy`),
    ...templateErrors(template, `${field}.template`),
    ...restartErrors(spec, `${field}.template.spec.restartPolicy`),
  ];
}

function indexErrors(spec: JsonObject, field: string): Errors {
  if (spec["maxFailedIndexes"] === undefined || spec["backoffLimitPerIndex"] !== undefined)
    return [];
  return [required(`${field}.backoffLimitPerIndex`, "when maxFailedIndexes is specified")];
}

function indexedErrors(spec: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  const mode = "when completion mode is Indexed";
  const parallel = readNumber(spec, "parallelism") ?? 0;
  if (spec["completions"] === undefined) errors.push(required(`${field}.completions`, mode));
  if (parallel > PARALLEL_MAX) {
    const why = `must be less than or equal to ${PARALLEL_MAX} ${mode}`;
    errors.push(invalid(`${field}.parallelism`, parallel, why));
  }
  const failed = readNumber(spec, "maxFailedIndexes");
  const completions = readNumber(spec, "completions");
  if (failed !== undefined && completions !== undefined && failed > completions) {
    const why = "must be less than or equal to completions";
    errors.push(invalid(`${field}.maxFailedIndexes`, failed, why));
  }
  return errors;
}

function plainErrors(spec: JsonObject, field: string): Errors {
  if (spec["completionMode"] !== "NonIndexed") return [];
  return ["backoffLimitPerIndex", "maxFailedIndexes"].flatMap((name) => {
    const value = spec[name];
    if (value === undefined) return [];
    return [invalid(`${field}.${name}`, value, "requires indexed completion mode")];
  });
}

function replacementErrors(spec: JsonObject, field: string): Errors {
  const isJudging = findObject(spec, "podFailurePolicy") !== undefined;
  const choices = isJudging ? ["Failed"] : ["Failed", "TerminatingOrFailed"];
  return choiceErrors(field, spec["podReplacementPolicy"], choices);
}

function restartErrors(spec: JsonObject, field: string): Errors {
  const policy = readText(readObject(readObject(spec, "template"), "spec"), "restartPolicy");
  if (policy !== "OnFailure" && policy !== "Never")
    return [required(field, 'valid values: "OnFailure", "Never"')];
  if (spec["podFailurePolicy"] === undefined || policy === "Never") return [];
  return [invalid(field, policy, 'only "Never" is supported when podFailurePolicy is specified')];
}

export function jobUpdateErrors(job: JsonObject, old: JsonObject): Errors {
  const spec = readObject(job, "spec");
  const before = readObject(old, "spec");
  const same = (name: string): Errors => immutableErrors(`spec.${name}`, spec[name], before[name]);
  return [
    ...jobErrors(job),
    ...selectedSpecErrors(spec),
    ...completionsErrors(spec, before),
    ...same("selector"),
    ...sameTemplateErrors(spec, before, old),
    ...same("completionMode"),
    ...samePolicyErrors(spec, before, ["podFailurePolicy", "PodFailurePolicy"]),
    ...same("backoffLimitPerIndex"),
    ...same("managedBy"),
    ...samePolicyErrors(spec, before, ["successPolicy", "SuccessPolicy"]),
  ];
}

/** An indexed job may grow and shrink as a whole. */
function completionsErrors(spec: JsonObject, before: JsonObject): Errors {
  const errors = immutableErrors("spec.completions", spec["completions"], before["completions"]);
  if (errors.length === 0 || spec["completionMode"] !== "Indexed") return errors;
  if (spec["completions"] === spec["parallelism"]) return [];
  const why = "can only be modified in tandem with spec.parallelism";
  return [invalid("spec.completions", spec["completions"], why)];
}

function samePolicyErrors(
  spec: JsonObject,
  before: JsonObject,
  [name, type]: readonly [string, string],
): Errors {
  const policy = findObject(spec, name);
  if (isSameJson(policy, before[name])) return [];
  const full = `io.k8s.api.batch.v1.${type}`;
  const shown = policy === undefined ? null : { Rules: [], ...withoutNulls(full, policy) };
  return [invalid(`spec.${name}`, shown, "field is immutable")];
}

function withoutNulls(type: string, policy: JsonObject): JsonObject {
  const shown = internalForm(type, policy);
  return Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== null));
}

const SCHEDULING = ["nodeSelector", "tolerations", "affinity", "schedulingGates"] as const;

/** Where pods of a job run may be decided until the job first begins. */
function sameTemplateErrors(spec: JsonObject, before: JsonObject, old: JsonObject): Errors {
  const template = readObject(spec, "template");
  const wanted = structuredClone(template);
  const isSuspended = before["suspend"] === true;
  if (isSuspended && readObject(old, "status")["startTime"] === undefined) {
    const kept = readObject(readObject(before, "template"), "spec");
    const own = readObject(wanted, "spec");
    for (const name of SCHEDULING) {
      if (kept[name] === undefined) delete own[name];
      else own[name] = kept[name];
    }
    const metadata = readObject(readObject(before, "template"), "metadata");
    wanted["metadata"] = { ...readObject(wanted, "metadata"), ...pick(metadata) };
  }
  if (isSameJson(wanted, before["template"])) return [];
  return [invalid("spec.template", internalTemplate(template), "field is immutable")];
}

function pick(metadata: JsonObject): JsonObject {
  const names = ["labels", "annotations"].filter((name) => metadata[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, metadata[name] ?? {}]));
}

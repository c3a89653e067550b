/** What jobs say about pods that fail and about success. In: a job's spec. Out: field errors. */
import type { Json, JsonObject } from "../../schema/schema.ts";
import { labelKeyProblems } from "../../selectors/label-syntax.ts";
import {
  findObject,
  readList,
  readNumber,
  readObject,
  readText,
} from "../../strategy/object-at.ts";
import { dnsSubdomainProblems } from "../../values/names.ts";
import { choiceErrors, type Errors, problemErrors } from "../checks.ts";
import {
  duplicate,
  type FieldError,
  invalid,
  invalidWhole,
  notSupported,
  required,
  tooLong,
  tooMany,
} from "../field-error.ts";
import { internalForm } from "../internal-form.ts";

const ACTIONS = ["Count", "FailIndex", "FailJob", "Ignore"] as const;
const RULES_MAX = 20;
const CODES_MAX = 255;
const MANAGER_MAX = 63;

export function failurePolicyErrors(spec: JsonObject, field: string): Errors {
  const rules = readList(readObject(spec, "podFailurePolicy"), "rules");
  const path = `${field}.rules`;
  const errors: FieldError[] = [];
  if (rules.length > RULES_MAX) errors.push(tooMany(path, rules.length, RULES_MAX));
  return [...errors, ...rules.flatMap((rule, at) => ruleErrors(rule, `${path}[${at}]`, spec))];
}

function ruleErrors(rule: JsonObject, field: string, spec: JsonObject): Errors {
  const errors: FieldError[] = [...actionErrors(rule, `${field}.action`, spec)];
  const codes = findObject(rule, "onExitCodes");
  const conditions = readList(rule, "onPodConditions");
  if (codes !== undefined) errors.push(...codesErrors(codes, `${field}.onExitCodes`, spec));
  if (conditions.length > RULES_MAX)
    errors.push(tooMany(`${field}.onPodConditions`, conditions.length, RULES_MAX));
  for (const [at, pattern] of conditions.entries())
    errors.push(...conditionErrors(pattern, `${field}.onPodConditions[${at}]`));
  if (codes !== undefined && conditions.length > 0)
    errors.push(invalidWhole(field, `specifying both ${BOTH} is not supported`));
  if (codes === undefined && conditions.length === 0)
    errors.push(invalidWhole(field, `specifying one of ${BOTH} is required`));
  return errors;
}

const BOTH = "OnExitCodes and OnPodConditions";

function actionErrors(rule: JsonObject, field: string, spec: JsonObject): Errors {
  const action = readText(rule, "action");
  if (action === "") return [required(field, `valid values: ${quoted(ACTIONS)}`)];
  if (action === "FailIndex" && spec["backoffLimitPerIndex"] === undefined)
    return [invalid(field, action, "requires the backoffLimitPerIndex to be set")];
  return choiceErrors(field, action, ACTIONS);
}

function quoted(choices: readonly string[]): string {
  return choices.map((choice) => `"${choice}"`).join(", ");
}

function codesErrors(codes: JsonObject, field: string, spec: JsonObject): Errors {
  const operator = readText(codes, "operator");
  const errors: FieldError[] = [];
  if (operator === "")
    errors.push(required(`${field}.operator`, `valid values: ${quoted(["In", "NotIn"])}`));
  else errors.push(...choiceErrors(`${field}.operator`, operator, ["In", "NotIn"]));
  const container = codes["containerName"];
  if (container !== undefined && !containerNames(spec).includes(container)) {
    const why = "must be one of the container or initContainer names in the pod template";
    errors.push(invalid(`${field}.containerName`, container, why));
  }
  const values = Array.isArray(codes["values"]) ? codes["values"] : [];
  return [...errors, ...valuesErrors(values, `${field}.values`, operator)];
}

function containerNames(spec: JsonObject): readonly Json[] {
  const pod = readObject(readObject(spec, "template"), "spec");
  return [...readList(pod, "containers"), ...readList(pod, "initContainers")].map(
    (container) => container["name"] ?? null,
  );
}

function valuesErrors(values: readonly Json[], field: string, operator: string): Errors {
  const errors: FieldError[] = [];
  if (values.length === 0)
    errors.push(invalid(field, [...values], "at least one value is required"));
  else if (values.length > CODES_MAX) errors.push(tooMany(field, values.length, CODES_MAX));
  const seen = new Set<Json>();
  let isOrdered = true;
  for (const [at, value] of values.entries()) {
    if (operator === "In" && value === 0)
      errors.push(invalid(`${field}[${at}]`, value, "must not be 0 for the In operator"));
    if (seen.has(value)) errors.push(duplicate(`${field}[${at}]`, value));
    seen.add(value);
    if (at > 0 && Number(values[at - 1]) > Number(value)) isOrdered = false;
  }
  if (!isOrdered) errors.push(invalid(field, [...values], "must be ordered"));
  return errors;
}

function conditionErrors(pattern: JsonObject, field: string): Errors {
  const type = readText(pattern, "type");
  const errors = [...problemErrors(`${field}.type`, type, labelKeyProblems(type))];
  const choices = ["False", "True", "Unknown"];
  const status = readText(pattern, "status");
  if (status === "") errors.push(required(`${field}.status`, `valid values: ${quoted(choices)}`));
  else if (!choices.includes(status)) errors.push(notSupported(`${field}.status`, status, choices));
  return errors;
}

export function successPolicyErrors(spec: JsonObject, field: string): Errors {
  const policy = findObject(spec, "successPolicy");
  if (policy === undefined) return [];
  if (spec["completionMode"] !== "Indexed") {
    const shown = internalForm("io.k8s.api.batch.v1.SuccessPolicy", policy);
    return [
      invalid(field, { ...shown, Rules: shown["Rules"] ?? [] }, "requires indexed completion mode"),
    ];
  }
  const rules = readList(policy, "rules");
  const path = `${field}.rules`;
  if (rules.length === 0)
    return [
      required(path, "at least one rules must be specified when the successPolicy is specified"),
    ];
  const errors: FieldError[] = [];
  if (rules.length > RULES_MAX) errors.push(tooMany(path, rules.length, RULES_MAX));
  const completions = readNumber(spec, "completions") ?? 0;
  for (const [at, rule] of rules.entries())
    errors.push(...successRuleErrors(rule, `${path}[${at}]`, completions));
  return errors;
}

function successRuleErrors(rule: JsonObject, field: string, completions: number): Errors {
  const count = readNumber(rule, "succeededCount");
  const indexes = rule["succeededIndexes"];
  if (count === undefined && indexes === undefined)
    return [
      required(field, "at least one of succeededCount or succeededIndexes must be specified"),
    ];
  if (count === undefined) return [];
  const path = `${field}.succeededCount`;
  if (count < 1) return [invalid(path, count, "must be greater than or equal to 0")];
  if (count <= completions) return [];
  const why = `must be less than or equal to ${completions} (the number of specified completions)`;
  return [invalid(path, count, why)];
}

/** Who else looks after the job: `example.com/controller`. */
export function managedByErrors(spec: JsonObject, field: string): Errors {
  const manager = spec["managedBy"];
  if (typeof manager !== "string") return [];
  const errors: FieldError[] = [];
  const cut = manager.indexOf("/");
  const path = manager.slice(cut + 1);
  if (manager === "") errors.push(required(field));
  else if (cut <= 0 || path === "") {
    const why = 'must be a domain-prefixed path (such as "acme.io/foo")';
    errors.push(invalid(field, manager, why));
  } else {
    errors.push(
      ...problemErrors(field, manager.slice(0, cut), dnsSubdomainProblems(manager.slice(0, cut))),
    );
  }
  if (manager.length > MANAGER_MAX) errors.push(tooLong(field, MANAGER_MAX));
  return errors;
}

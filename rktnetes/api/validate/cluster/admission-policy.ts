/**
 * What is wrong with admission policies and their bindings. In: decoded objects. Out: field errors
 * in Kubernetes' order. Pure.
 */
import { policyExpressionErrors } from "../../cel/policy.ts";
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readList, readObject, readText, readTexts } from "../../strategy/object-at.ts";
import { pathSegmentProblems } from "../../values/names.ts";
import {
  choiceErrors,
  type Errors,
  labelSelectorErrors,
  problemErrors,
  qualifiedNameErrors,
  requiredText,
} from "../checks.ts";
import { duplicate, type FieldError, forbidden, invalid, required } from "../field-error.ts";
import { operationRuleErrors } from "./operation-rules.ts";
import { conditionErrors, neededChoice } from "./webhooks.ts";

const FAILURES = ["Fail", "Ignore"];
const MATCHES = ["Equivalent", "Exact"];
const REASONS = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
const ACTIONS = ["Audit", "Deny", "Warn"];
const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/;

export function validatingPolicyErrors(policy: JsonObject): Errors {
  const spec = readObject(policy, "spec");
  const name = readText(readObject(policy, "metadata"), "name");
  return [...commonErrors(spec), ...contentErrors(spec, name), ...policyExpressionErrors(spec)];
}

export function mutatingPolicyErrors(policy: JsonObject): Errors {
  const spec = readObject(policy, "spec");
  const mutations = readList(spec, "mutations");
  return [
    ...commonErrors(spec),
    ...(mutations.length === 0
      ? [required("spec.mutations", "must contain at least one item")]
      : []),
    ...neededChoice("spec.reinvocationPolicy", readText(spec, "reinvocationPolicy"), [
      "IfNeeded",
      "Never",
    ]),
    ...policyExpressionErrors(spec),
  ];
}

function commonErrors(spec: JsonObject): Errors {
  const errors: FieldError[] = [
    ...choiceErrors("spec.failurePolicy", spec["failurePolicy"], FAILURES),
  ];
  const kind = findObject(spec, "paramKind");
  if (kind !== undefined) errors.push(...paramKindErrors(kind, "spec.paramKind"));
  const match = findObject(spec, "matchConstraints");
  if (match === undefined) errors.push(required("spec.matchConstraints"));
  else errors.push(...constraintErrors(match, "spec.matchConstraints"));
  errors.push(...conditionErrors(readList(spec, "matchConditions"), "spec.matchConditions"));
  for (const [at, variable] of readList(spec, "variables").entries())
    errors.push(...variableErrors(variable, `spec.variables[${at}]`));
  return errors;
}

function paramKindErrors(kind: JsonObject, field: string): Errors {
  const version = readText(kind, "apiVersion");
  const errors: FieldError[] = [];
  if (version === "") errors.push(required(`${field}.apiVersion`));
  else if (version.split("/").length > 2)
    errors.push(
      invalid(`${field}.apiVersion`, version, `unexpected GroupVersion string: ${version}`),
    );
  return [...errors, ...requiredText(kind, field, "kind")];
}

/** `resourceRules` must be there in a policy, not in a binding. */
function constraintErrors(match: JsonObject, field: string): Errors {
  const errors = [...matchErrors(match, field)];
  if (readList(match, "resourceRules").length === 0)
    errors.push(required(`${field}.resourceRules`));
  return errors;
}

function matchErrors(match: JsonObject, field: string): Errors {
  const policy = match["matchPolicy"];
  const errors: FieldError[] = [...choiceErrors(`${field}.matchPolicy`, policy, MATCHES)];
  for (const name of ["namespaceSelector", "objectSelector"])
    errors.push(...labelSelectorErrors(readObject(match, name), `${field}.${name}`));
  for (const list of ["resourceRules", "excludeResourceRules"]) {
    for (const [at, rule] of readList(match, list).entries())
      errors.push(...operationRuleErrors(rule, `${field}.${list}[${at}]`));
  }
  return errors;
}

function variableErrors(variable: JsonObject, field: string): Errors {
  const name = readText(variable, "name");
  const errors: FieldError[] = [];
  if (name === "") errors.push(required(`${field}.name`, "name is not specified"));
  else if (!IDENTIFIER.test(name))
    errors.push(invalid(`${field}.name`, name, "must be a valid CEL identifier"));
  if (readText(variable, "expression").trim() === "")
    errors.push(required(`${field}.expression`, "expression is not specified"));
  return errors;
}

const EMPTY = "validations or auditAnnotations must contain at least one item";

function contentErrors(spec: JsonObject, policy: string): Errors {
  const validations = readList(spec, "validations");
  const annotations = readList(spec, "auditAnnotations");
  if (validations.length === 0 && annotations.length === 0)
    return [required("spec.validations", EMPTY), required("spec.auditAnnotations", EMPTY)];
  const keys = new Set<string>();
  return [
    ...validations.flatMap((each, at) => validationErrors(each, `spec.validations[${at}]`)),
    ...annotations.flatMap((each, at) => {
      const field = `spec.auditAnnotations[${at}]`;
      const key = readText(each, "key");
      const repeated = keys.has(key) ? [duplicate(`${field}.key`, key)] : [];
      keys.add(key);
      return [...annotationErrors(each, field, policy), ...repeated];
    }),
  ];
}

function validationErrors(validation: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  if (readText(validation, "expression").trim() === "")
    errors.push(required(`${field}.expression`, "expression is not specified"));
  const message = readText(validation, "message");
  if (message !== "" && message.trim() === "")
    errors.push(invalid(`${field}.message`, message, "message must be non-empty if specified"));
  else if (message.trim().includes("\n"))
    errors.push(invalid(`${field}.message`, message, "must not contain line breaks"));
  errors.push(...choiceErrors(`${field}.reason`, validation["reason"], REASONS));
  return errors;
}

function annotationErrors(annotation: JsonObject, field: string, policy: string): Errors {
  const key = readText(annotation, "key");
  const errors: FieldError[] = [];
  if (key === "") errors.push(required(`${field}.key`));
  else errors.push(...qualifiedNameErrors(`${field}.key`, `${policy}/${key}`));
  if (readText(annotation, "valueExpression").trim() === "")
    errors.push(required(`${field}.valueExpression`, "valueExpression is not specified"));
  return errors;
}

export function validatingBindingErrors(binding: JsonObject): Errors {
  const spec = readObject(binding, "spec");
  return [...bindingErrors(spec), ...actionErrors(readTexts(spec, "validationActions"))];
}

export function mutatingBindingErrors(binding: JsonObject): Errors {
  return bindingErrors(readObject(binding, "spec"));
}

function bindingErrors(spec: JsonObject): Errors {
  const name = readText(spec, "policyName");
  const errors: FieldError[] = [];
  if (name === "") errors.push(required("spec.policyName"));
  else errors.push(...problemErrors("spec.policyName", name, pathSegmentProblems(name)));
  const reference = findObject(spec, "paramRef");
  if (reference !== undefined) errors.push(...paramRefErrors(reference, "spec.paramRef"));
  const match = findObject(spec, "matchResources");
  if (match !== undefined) errors.push(...matchErrors(match, "spec.matchResources"));
  return errors;
}

function paramRefErrors(reference: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  const name = readText(reference, "name");
  const selector = findObject(reference, "selector");
  const why = "name and selector are mutually exclusive";
  if (name !== "" && selector !== undefined)
    errors.push(forbidden(`${field}.name`, why), forbidden(`${field}.selector`, why));
  if (name === "" && selector === undefined)
    errors.push(required(field, "one of name or selector must be specified"));
  if (selector !== undefined) errors.push(...labelSelectorErrors(selector, `${field}.selector`));
  const action = readText(reference, "parameterNotFoundAction");
  errors.push(...neededChoice(`${field}.parameterNotFoundAction`, action, ["Deny", "Allow"]));
  return errors;
}

function actionErrors(actions: readonly string[]): Errors {
  const field = "spec.validationActions";
  if (actions.length === 0) return [required(field, "at least one validation action is required")];
  const errors: FieldError[] = actions.flatMap((action, at) => [
    ...choiceErrors(`${field}[${at}]`, action, ACTIONS),
    ...(actions.indexOf(action) < at ? [duplicate(`${field}[${at}]`, action)] : []),
  ]);
  if (actions.includes("Deny") && actions.includes("Warn")) {
    const why =
      "must not contain both Deny and Warn (repeating the same validation failure information " +
      "in the API response and headers serves no purpose)";
    errors.push(invalid(field, [...actions], why));
  }
  return errors;
}

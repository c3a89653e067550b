/**
 * What is wrong with webhooks: where they are, what they are asked about. In: decoded objects. Out:
 * field errors in Kubernetes' order. Pure.
 */
import { conditionTypes, expressionErrors } from "../../cel/policy.ts";
import type { JsonObject } from "../../schema/schema.ts";
import { readList, readNumber, readObject, readText, readTexts } from "../../strategy/object-at.ts";
import { dnsSubdomainProblems } from "../../values/names.ts";
import { choiceErrors, type Errors, labelSelectorErrors, qualifiedNameErrors } from "../checks.ts";
import { duplicate, type FieldError, invalid, notSupported, required } from "../field-error.ts";
import { operationRuleErrors } from "./operation-rules.ts";
import { webhookClientErrors } from "./webhook-client.ts";

const VERSIONS = ["v1", "v1beta1"];
const SIDE_EFFECTS = ["None", "NoneOnDryRun"];
const CONDITIONS_MAX = 64;
const FAILURES = ["Fail", "Ignore"];
const MATCHES = ["Equivalent", "Exact"];
const SECONDS_MAX = 30;

export function webhooksErrors(configuration: JsonObject): Errors {
  const names = new Set<string>();
  return readList(configuration, "webhooks").flatMap((webhook, at) => {
    const field = `webhooks[${at}]`;
    const name = readText(webhook, "name");
    const repeated = names.has(name) ? [duplicate(`${field}.name`, name)] : [];
    names.add(name);
    return [...webhookErrors(webhook, field), ...repeated];
  });
}

function webhookErrors(webhook: JsonObject, field: string): Errors {
  const errors: FieldError[] = [...nameErrors(readText(webhook, "name"), `${field}.name`)];
  errors.push(
    ...readList(webhook, "rules").flatMap((rule, at) =>
      operationRuleErrors(rule, `${field}.rules[${at}]`),
    ),
  );
  errors.push(...choiceErrors(`${field}.failurePolicy`, webhook["failurePolicy"], FAILURES));
  errors.push(...choiceErrors(`${field}.matchPolicy`, webhook["matchPolicy"], MATCHES));
  errors.push(...sideEffectErrors(webhook, field));
  const seconds = readNumber(webhook, "timeoutSeconds");
  if (seconds !== undefined && (seconds < 1 || seconds > SECONDS_MAX)) {
    const why = `the timeout value must be between 1 and ${SECONDS_MAX} seconds`;
    errors.push(invalid(`${field}.timeoutSeconds`, seconds, why));
  }
  for (const name of ["namespaceSelector", "objectSelector"])
    errors.push(...labelSelectorErrors(readObject(webhook, name), `${field}.${name}`));
  const client = readObject(webhook, "clientConfig");
  errors.push(...webhookClientErrors(client, `${field}.clientConfig`));
  const policy = webhook["reinvocationPolicy"];
  errors.push(...choiceErrors(`${field}.reinvocationPolicy`, policy, ["IfNeeded", "Never"]));
  const conditions = readList(webhook, "matchConditions");
  const compiles = (where: string, text: string): Errors =>
    expressionErrors(where, text, conditionTypes(), ["bool"]);
  errors.push(...conditionErrors(conditions, `${field}.matchConditions`, compiles));
  return [...versionErrors(readTexts(webhook, "admissionReviewVersions"), field), ...errors];
}

function nameErrors(name: string, field: string): Errors {
  if (name === "") return [required(field)];
  const problems = dnsSubdomainProblems(name);
  if (problems.length > 0) return problems.map((why) => invalid(field, name, why));
  if (name.split(".").length >= 3) return [];
  const why = "should be a domain with at least three segments separated by dots";
  return [invalid(field, name, why)];
}

function sideEffectErrors(webhook: JsonObject, field: string): Errors {
  const value = webhook["sideEffects"] ?? undefined;
  const where = `${field}.sideEffects`;
  if (value === undefined)
    return [required(where, `must specify one of ${SIDE_EFFECTS.join(", ")}`)];
  return choiceErrors(where, value, SIDE_EFFECTS);
}

function versionErrors(versions: readonly string[], parent: string): Errors {
  const field = `${parent}.admissionReviewVersions`;
  if (versions.length === 0) return [required(field, `must specify one of ${VERSIONS.join(", ")}`)];
  const errors: FieldError[] = versions.flatMap((version, at) =>
    versions.indexOf(version) < at
      ? [invalid(`${field}[${at}]`, version, "duplicate version")]
      : [],
  );
  if (!versions.some((version) => VERSIONS.includes(version))) {
    const why = `must include at least one of ${VERSIONS.join(", ")}`;
    errors.push(invalid(field, [...versions], why));
  }
  return errors;
}

/** Also of admission policies. */
export function conditionErrors(
  conditions: readonly JsonObject[],
  field: string,
  compiles: (where: string, text: string) => Errors = () => [],
): Errors {
  if (conditions.length > CONDITIONS_MAX) {
    const message = `Too many: ${conditions.length}: must have at most ${CONDITIONS_MAX} items`;
    return [{ type: "FieldValueTooMany", field, message }];
  }
  const names = new Set<string>();
  return conditions.flatMap((condition, at) => {
    const where = `${field}[${at}]`;
    const name = readText(condition, "name");
    const errors: FieldError[] = [];
    const text = readText(condition, "expression");
    if (text.trim() === "") errors.push(required(`${where}.expression`));
    else errors.push(...compiles(`${where}.expression`, text));
    if (name === "") return [...errors, required(`${where}.name`)];
    errors.push(...qualifiedNameErrors(`${where}.name`, name));
    if (names.has(name)) errors.push(duplicate(`${where}.name`, name));
    names.add(name);
    return errors;
  });
}

/** One of a few words that must be there. */
export function neededChoice(field: string, text: string, choices: readonly string[]): Errors {
  if (text === "") return [required(field)];
  return choices.includes(text) ? [] : [notSupported(field, text, choices)];
}

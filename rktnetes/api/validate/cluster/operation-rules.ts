/**
 * What is wrong with rules about operations on resources. In: one rule. Out: field errors. Pure.
 */
import type { JsonObject } from "../../schema/schema.ts";
import { readText, readTexts } from "../../strategy/object-at.ts";
import { choiceErrors, type Errors } from "../checks.ts";
import { type FieldError, invalid, required } from "../field-error.ts";

const OPERATIONS = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const SCOPES = ["*", "Cluster", "Namespaced"];

/** Of webhooks and of admission policies. */
export function operationRuleErrors(rule: JsonObject, field: string): Errors {
  const operations = readTexts(rule, "operations");
  const errors: FieldError[] = [...starErrors(operations, `${field}.operations`, "operations")];
  for (const [at, operation] of operations.entries())
    errors.push(...choiceErrors(`${field}.operations[${at}]`, operation, OPERATIONS));
  const groups = readTexts(rule, "apiGroups");
  errors.push(...starErrors(groups, `${field}.apiGroups`, "API groups"));
  const versions = readTexts(rule, "apiVersions");
  errors.push(...starErrors(versions, `${field}.apiVersions`, "API versions"));
  for (const [at, version] of versions.entries())
    if (version === "") errors.push(required(`${field}.apiVersions[${at}]`));
  errors.push(...resourceErrors(readTexts(rule, "resources"), `${field}.resources`));
  const scope = rule["scope"];
  if (scope !== undefined && !SCOPES.includes(readText(rule, "scope")))
    errors.push(...choiceErrors(`${field}.scope`, scope, SCOPES));
  return errors;
}

function starErrors(values: readonly string[], field: string, what: string): Errors {
  if (values.length === 0) return [required(field)];
  if (values.length === 1 || !values.includes("*")) return [];
  return [invalid(field, [...values], `if '*' is present, must not specify other ${what}`)];
}

function resourceErrors(resources: readonly string[], field: string): Errors {
  if (resources.length === 0) return [required(field)];
  const errors: FieldError[] = [];
  const whole = new Set<string>();
  const ofAll = new Set<string>();
  for (const [at, text] of resources.entries()) {
    const where = `${field}[${at}]`;
    if (text === "") {
      errors.push(required(where));
      continue;
    }
    const [resource = "", sub = ""] = text.split("/");
    if (ofAll.has(sub) && text.includes("/")) {
      const why = `if '*/${sub}' is present, must not specify ${text}`;
      errors.push(invalid(where, text, why));
    }
    if (whole.has(resource) && text.includes("/")) {
      const why = `if '${resource}/*' is present, must not specify ${text}`;
      errors.push(invalid(where, text, why));
    }
    if (sub === "*") whole.add(resource);
    if (resource === "*") ofAll.add(sub);
  }
  if (resources.includes("*/*") && resources.length > 1)
    errors.push(
      invalid(field, [...resources], "if '*/*' is present, must not specify other resources"),
    );
  const others = resources.some((text) => text !== "*" && !text.includes("/"));
  if (resources.includes("*") && others) {
    const why = "if '*' is present, must not specify other resources without subresources";
    errors.push(invalid(field, [...resources], why));
  }
  return errors;
}

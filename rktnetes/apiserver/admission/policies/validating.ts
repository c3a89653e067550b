/**
 * ValidatingAdmissionPolicies. In: a request. Out: a refusal, warnings, or nothing.
 * @throws {StatusFault} 401, 403, 413, 422
 */
import type { Scope } from "@rktnetes/api/cel/evaluate";
import { compilePolicy, type CompiledPolicy, type Validation } from "@rktnetes/api/cel/policy";
import { CelError } from "@rktnetes/api/cel/values";
import { readObject, readText, readTexts } from "@rktnetes/api/strategy/object-at";
import { forbiddenFault, StatusFault } from "@rktnetes/api/status-fault";
import type { StatusReason } from "@rktnetes/api/status";
import { Fault } from "@shared/base";
import type { Authorizer } from "../../auth/authorizer.ts";
import { metaText } from "../../registry/metadata.ts";
import type { AdmissionRequest } from "../admission.ts";
import type { Lookup } from "../lookup.ts";
import { nameOf } from "../subject.ts";
import { isExempt } from "../webhooks/webhook-rules.ts";
import { type Bound, boundPolicies, type PolicyParts } from "./bindings.ts";
import { allHold } from "./conditions.ts";
import { withScope } from "./environment.ts";

export async function validate(
  parts: PolicyParts,
  authorizer: Authorizer,
  request: AdmissionRequest,
): Promise<void> {
  if (isExempt(request)) return;
  let refusal: StatusFault | undefined;
  for (const bound of await boundPolicies(parts, "validating", request)) {
    for (const problem of await problemsOf(parts.lookup, authorizer, bound, request)) {
      const denied = act(bound, problem, request);
      refusal ??= denied;
    }
  }
  if (refusal !== undefined) throw refusal;
}

interface Problem {
  readonly message: string;
  readonly reason: string;
}

async function problemsOf(
  lookup: Lookup,
  authorizer: Authorizer,
  { policy, params }: Bound,
  request: AdmissionRequest,
): Promise<readonly Problem[]> {
  const isLoose = readText(readObject(policy, "spec"), "failurePolicy") === "Ignore";
  if (params instanceof Fault) return isLoose ? [] : [{ message: params.message, reason: "" }];
  const compiled = compilePolicy(policy);
  const namespaceObject =
    request.namespace === "" ? undefined : await lookup.find("/namespaces", "", request.namespace);
  const problems: Problem[] = [];
  for (const each of params) {
    const { variables } = compiled;
    const facts = { request, namespaceObject, params: each, variables };
    problems.push(
      ...(await withScope(authorizer, facts, (scope) => judge(compiled, scope, isLoose))),
    );
  }
  return problems;
}

function judge(
  { conditions, validations }: CompiledPolicy,
  scope: Scope,
  isLoose: boolean,
): readonly Problem[] {
  try {
    if (!allHold(conditions, scope)) return [];
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return isLoose ? [] : [{ message: error.message, reason: "" }];
  }
  return validations.flatMap((validation) => problemOf(validation, scope, isLoose) ?? []);
}

function problemOf(validation: Validation, scope: Scope, isLoose: boolean): Problem | undefined {
  const { text, compilation, reason } = validation;
  try {
    if (!compilation.ok) throw new CelError(compilation.error);
    if (compilation.compiled.run(scope) === true) return undefined;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const message = `expression '${text}' resulted in error: ${error.message}`;
    return isLoose ? undefined : { message, reason: "" };
  }
  return { message: messageOf(validation, scope), reason };
}

function messageOf({ text, message, messageExpression }: Validation, scope: Scope): string {
  const plain = message === "" ? `failed expression: ${text.trim()}` : message.trim();
  if (messageExpression === undefined) return plain;
  try {
    const made = messageExpression.run(scope);
    const isUsable = typeof made === "string" && made.trim() !== "" && !made.includes("\n");
    return isUsable ? made.trim() : plain;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return plain;
  }
}

const CODES: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

/** A fault where the binding denies; warnings where it warns. */
function act(
  { policy, binding }: Bound,
  { message, reason }: Problem,
  request: AdmissionRequest,
): StatusFault | undefined {
  const names = `'${metaText(policy, "name")}' with binding '${metaText(binding, "name")}'`;
  const actions = readTexts(readObject(binding, "spec"), "validationActions");
  if (actions.includes("Warn")) {
    request.warn(`Validation failed for ValidatingAdmissionPolicy ${names}: ${message}`);
  }
  if (!actions.includes("Deny")) return undefined;
  const why = `ValidatingAdmissionPolicy ${names} denied request: ${message}`;
  const { failure } = forbiddenFault(request.resource.named, nameOf(request), why);
  const said = reason in CODES ? reason : "Invalid";
  return new StatusFault({
    ...failure,
    code: CODES[said] ?? 422,
    reason: said as StatusReason,
    details: { ...failure.details, causes: [{ message: why }] },
  });
}

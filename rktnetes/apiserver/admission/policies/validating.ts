/**
 * ValidatingAdmissionPolicies. In: a request. Out: a refusal, warnings, or nothing.
 * @throws {StatusFault} 401, 403, 413, 422
 */
import type { Scope } from "@rktnetes/api/cel/evaluate";
import {
  compilePolicy,
  type CompiledPolicy,
  type Named,
  type Validation,
} from "@rktnetes/api/cel/policy";
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
  const collected = new Map<string, Set<string>>();
  for (const bound of await boundPolicies(parts, "validating", request)) {
    const { problems, notes } = await judgementOf(parts.lookup, authorizer, bound);
    for (const problem of problems) {
      const denied = act(bound, problem, request);
      refusal ??= denied;
    }
    for (const note of notes)
      collect(collected, `${metaText(bound.policy, "name")}/${note.key}`, note);
  }
  for (const [key, values] of collected) request.annotate?.(key, [...values].join(", "));
  if (refusal !== undefined) throw refusal;
}

function collect(all: Map<string, Set<string>>, key: string, { value }: Note): void {
  all.set(key, (all.get(key) ?? new Set()).add(value));
}

interface Problem {
  readonly message: string;
  readonly reason: string;
  /** Which of the validations it was. */
  readonly index: number;
}

/** For the audit log. */
interface Note {
  readonly key: string;
  readonly value: string;
}

interface Judgement {
  readonly problems: readonly Problem[];
  readonly notes: readonly Note[];
}

async function judgementOf(
  lookup: Lookup,
  authorizer: Authorizer,
  { policy, params, seen }: Bound,
): Promise<Judgement> {
  const { request } = seen;
  const isLoose = readText(readObject(policy, "spec"), "failurePolicy") === "Ignore";
  if (params instanceof Fault) {
    const problem = { message: params.message, reason: "", index: 0 };
    return { problems: isLoose ? [] : [problem], notes: [] };
  }
  const compiled = compilePolicy(policy);
  const namespaceObject =
    request.namespace === "" ? undefined : await lookup.find("/namespaces", "", request.namespace);
  const all: Judgement[] = [];
  for (const each of params) {
    const { variables } = compiled;
    const facts = { seen, namespaceObject, params: each, variables };
    all.push(await withScope(authorizer, facts, (scope) => judge(compiled, scope, isLoose)));
  }
  return {
    problems: all.flatMap(({ problems }) => problems),
    notes: all.flatMap(({ notes }) => notes),
  };
}

function judge(
  { conditions, validations, annotations }: CompiledPolicy,
  scope: Scope,
  isLoose: boolean,
): Judgement {
  try {
    if (!allHold(conditions, scope)) return { problems: [], notes: [] };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const problem = { message: error.message, reason: "", index: 0 };
    return { problems: isLoose ? [] : [problem], notes: [] };
  }
  const problems = validations.flatMap(
    (validation, index) => problemOf(validation, { scope, isLoose, index }) ?? [],
  );
  const noted = annotations.map((annotation) => noteOf(annotation, scope));
  const wrong = noted.flatMap((note) => (typeof note === "string" && !isLoose ? [note] : []));
  return {
    problems: [...problems, ...wrong.map((message) => ({ message, reason: "", index: 0 }))],
    notes: noted.filter((note) => typeof note === "object"),
  };
}

/** A longer note is cut off. */
const NOTE_MAX = 10 * 1024;

/** Undefined for nothing to note; a text for what went wrong. */
function noteOf({ name: key, text, compilation }: Named, scope: Scope): Note | string | undefined {
  try {
    if (!compilation.ok) throw new CelError(compilation.error);
    const value = compilation.compiled.run(scope);
    if (typeof value !== "string" || value.trim() === "") return undefined;
    return { key, value: value.trim().slice(0, NOTE_MAX) };
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return `valueExpression '${text}' resulted in error: ${error.message}`;
  }
}

interface Judging {
  readonly scope: Scope;
  readonly isLoose: boolean;
  readonly index: number;
}

function problemOf(
  validation: Validation,
  { scope, isLoose, index }: Judging,
): Problem | undefined {
  const { text, compilation, reason } = validation;
  try {
    if (!compilation.ok) throw new CelError(compilation.error);
    if (compilation.compiled.run(scope) === true) return undefined;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const message = `expression '${text}' resulted in error: ${error.message}`;
    return isLoose ? undefined : { message, reason: "", index };
  }
  return { message: messageOf(validation, scope), reason, index };
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

const FAILURE = "validation.policy.admission.k8s.io/validation_failure";

/** A fault where the binding denies; warnings where it warns. */
function act(
  { policy, binding }: Bound,
  { message, reason, index }: Problem,
  request: AdmissionRequest,
): StatusFault | undefined {
  const names = `'${metaText(policy, "name")}' with binding '${metaText(binding, "name")}'`;
  const actions = readTexts(readObject(binding, "spec"), "validationActions");
  if (actions.includes("Warn")) {
    request.warn(`Validation failed for ValidatingAdmissionPolicy ${names}: ${message}`);
  }
  if (actions.includes("Audit")) {
    const failure = {
      message,
      policy: metaText(policy, "name"),
      binding: metaText(binding, "name"),
      expressionIndex: index,
      validationActions: actions,
    };
    request.annotate?.(FAILURE, JSON.stringify([failure]));
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

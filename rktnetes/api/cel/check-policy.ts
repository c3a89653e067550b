/**
 * Expressions of a policy, checked against the kinds that it is about. In: the specification of a
 * ValidatingAdmissionPolicy and the types of those kinds. Out: warnings, as its status has them.
 * Pure. @see admissionregistration.k8s.io/v1 TypeChecking
 */
import type { GroupVersionKind } from "../kinds/kind.ts";
import type { JsonObject } from "../schema/schema.ts";
import { readList, readText } from "../strategy/object-at.ts";
import { compile } from "./compile.ts";
import { policyTypes } from "./policy.ts";
import { type CelType, DYN } from "./types.ts";

/** A kind that a policy is about, or that its parameters have. */
export interface CheckedKind extends GroupVersionKind {
  readonly type: CelType;
}

/** One entry of `status.typeChecking.expressionWarnings`. */
export interface ExpressionWarning {
  readonly fieldRef: string;
  readonly warning: string;
}

/** No `params`: the policy has none, or nobody knows their kind. */
export function policyWarnings(
  spec: JsonObject,
  kinds: readonly CheckedKind[],
  params: CelType | undefined,
): readonly ExpressionWarning[] {
  const warnings: ExpressionWarning[] = [];
  for (const [at, validation] of readList(spec, "validations").entries()) {
    for (const field of ["expression", "messageExpression"]) {
      const text = readText(validation, field);
      if (text === "") continue;
      const lines = kinds.flatMap((kind) => problemOf(text, kind, { spec, params }) ?? []);
      if (lines.length === 0) continue;
      const fieldRef = `spec.validations[${at}].${field}`;
      warnings.push({ fieldRef, warning: lines.join("\n") });
    }
  }
  return warnings;
}

interface Around {
  readonly spec: JsonObject;
  readonly params: CelType | undefined;
}

function problemOf(
  text: string,
  { group, version, kind, type }: CheckedKind,
  { spec, params }: Around,
): string | undefined {
  const hasParams = params !== undefined;
  const scope = { hasParams, hasAuthorizer: true, object: type, ...(hasParams ? { params } : {}) };
  const variables = new Map<string, CelType>();
  for (const variable of readList(spec, "variables")) {
    const types = policyTypes({ ...scope, variables: new Map(variables) });
    const made = compile(readText(variable, "expression"), types);
    variables.set(readText(variable, "name"), made.ok ? made.compiled.type : DYN);
  }
  const compilation = compile(text, policyTypes({ ...scope, variables }));
  if (compilation.ok) return undefined;
  const why = compilation.error.replace(/^compilation failed: /, "");
  return `${group}/${version}, Kind=${kind}: ${why}\n`;
}

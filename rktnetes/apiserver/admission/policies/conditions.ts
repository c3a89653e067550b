/**
 * `matchConditions`, of policies and of webhooks. In: conditions and a request. Out: whether all
 * hold. @throws {Fault} when one cannot be told and none is false
 */
import { compile } from "@rktnetes/api/cel/compile";
import type { Scope } from "@rktnetes/api/cel/evaluate";
import { conditionTypes, type Named } from "@rktnetes/api/cel/policy";
import { CelError } from "@rktnetes/api/cel/values";
import type { MatchCondition } from "@rktnetes/api/types/admissionregistration-v1";
import { Fault } from "@shared/base";
import type { Authorizer } from "../../auth/authorizer.ts";
import type { Seen } from "../equivalent.ts";
import { withScope } from "./environment.ts";

const compiled = new WeakMap<object, Named>();

/** For webhooks: conditions as their configuration has them. */
export async function conditionsHold(
  authorizer: Authorizer,
  conditions: readonly MatchCondition[],
  seen: Seen,
): Promise<boolean> {
  const named = conditions.map(compiledCondition);
  const facts = { seen, namespaceObject: undefined, params: undefined, variables: [] };
  return await withScope(authorizer, facts, (scope) => allHold(named, scope));
}

function compiledCondition(condition: MatchCondition): Named {
  const known = compiled.get(condition);
  if (known !== undefined) return known;
  const { name, expression: text } = condition;
  const made = { name, text, compilation: compile(text, conditionTypes(), ["bool"]) };
  compiled.set(condition, made);
  return made;
}

/** A condition that is false decides, whatever the others come to. */
export function allHold(conditions: readonly Named[], scope: Scope): boolean {
  let problem: Fault | undefined;
  for (const { name, text, compilation } of conditions) {
    try {
      if (!compilation.ok) throw new CelError(compilation.error);
      if (compilation.compiled.run(scope) === false) return false;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      const why = `expression '${text}' resulted in error: ${error.message}`;
      problem ??= new Fault("invalid", `matchCondition ${JSON.stringify(name)}: ${why}`);
    }
  }
  if (problem !== undefined) throw problem;
  return true;
}

/**
 * One resource as the registry sees it: its kind, its rules and strategy, where its objects lie,
 * and how an object becomes bytes. Made once per kind, when the kind is first used.
 */
import type { Kind } from "@rktnetes/api/kind";
import type { MetaRules } from "@rktnetes/api/object-meta";
import { type KindRules, rulesOf } from "@rktnetes/api/rules";
import type { Qualified } from "@rktnetes/api/status";
import type { Strategy } from "@rktnetes/api/strategy";
import { loadStrategy } from "@rktnetes/api/strategy/load";
import { resourcePrefix } from "./keys.ts";

export interface Resource {
  readonly kind: Kind;
  readonly rules: KindRules;
  readonly strategy: Strategy;
  readonly prefix: string;
  /** `deployments` of `apps`: the resource in messages. */
  readonly named: Qualified;
  /** `Deployment` of `apps`: the kind in messages. */
  readonly kindNamed: Qualified;
  readonly apiVersion: string;
  readonly hasStatus: boolean;
  readonly metaRules: MetaRules;
}

/** Resources that messages call otherwise than paths do. */
const IN_MESSAGES: Readonly<Record<string, string>> = { componentstatuses: "componentstatus" };

function nameInMessages(plural: string): string {
  return (Object.hasOwn(IN_MESSAGES, plural) ? IN_MESSAGES[plural] : undefined) ?? plural;
}

export async function openResource(kind: Kind, custom: boolean): Promise<Resource> {
  const strategy = await loadStrategy(kind);
  return {
    kind,
    rules: rulesOf(kind, custom),
    strategy,
    prefix: resourcePrefix(kind),
    named: { group: kind.group, name: nameInMessages(kind.resource) },
    kindNamed: { group: kind.group, name: kind.kind },
    apiVersion: apiVersionOf(kind),
    hasStatus: kind.subresources.some(({ name }) => name === "status"),
    metaRules: {
      namespaced: kind.namespaced,
      nameProblems: strategy.nameProblems,
      custom: custom || kind.group === "apiextensions.k8s.io",
    },
  };
}

export function apiVersionOf({ group, version }: Pick<Kind, "group" | "version">): string {
  return group === "" ? version : `${group}/${version}`;
}

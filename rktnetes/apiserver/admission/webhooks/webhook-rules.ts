/** Which requests a webhook wants to see. In: its rules and a request. Out: yes or no. Pure. */
import type { Kind } from "@rktnetes/api/kind";
import type { RuleWithOperations } from "@rktnetes/api/types/admissionregistration-v1";
import type { AdmissionRequest } from "../admission.ts";

/**
 * The version in which the rules are about the request: undefined in `kind` for its own. Undefined
 * when they are about something else.
 */
export function matchingVersion(
  rules: readonly RuleWithOperations[],
  request: AdmissionRequest,
  others: () => readonly Kind[],
): { readonly kind: Kind | undefined } | undefined {
  if (matchesRules(rules, request)) return { kind: undefined };
  for (const kind of others()) {
    const { operation, subresource } = request;
    if (matchesRules(rules, { operation, subresource, resource: { kind } })) return { kind };
  }
  return undefined;
}

type RuleSubject = Pick<AdmissionRequest, "operation" | "subresource"> & {
  readonly resource: Pick<AdmissionRequest["resource"], "kind">;
};

function matchesRules(rules: readonly RuleWithOperations[], request: RuleSubject): boolean {
  return rules.some((rule) => matchesRule(rule, request));
}

function matchesRule(
  { operations, apiGroups, apiVersions, resources, scope = "*" }: RuleWithOperations,
  { operation, resource, subresource }: RuleSubject,
): boolean {
  const { group, version, resource: plural, namespaced } = resource.kind;
  const isNamespaced = namespaced && !(group === "" && plural === "namespaces");
  if (scope !== "*" && (scope === "Namespaced") !== isNamespaced) return false;
  return (
    holds(operations, operation) &&
    holds(apiGroups, group) &&
    holds(apiVersions, version) &&
    (resources ?? []).some((pattern) => matchesResource(pattern, plural, subresource))
  );
}

function holds(list: readonly string[] | null | undefined, wanted: string): boolean {
  return (list ?? []).some((each) => each === "*" || each === wanted);
}

/** `pods`, `pods/status`, `pods/*`, `*`, `*` with a sub-resource behind it. */
function matchesResource(pattern: string, plural: string, subresource: string): boolean {
  const slash = pattern.indexOf("/");
  const name = slash < 0 ? pattern : pattern.slice(0, slash);
  const below = slash < 0 ? "" : pattern.slice(slash + 1);
  if (name !== "*" && name !== plural) return false;
  return below === "*" || below === subresource;
}

/** What decides about requests is changed without asking those who would be asked. */
export function isExempt({ resource }: Pick<AdmissionRequest, "resource">): boolean {
  if (resource.kind.group !== "admissionregistration.k8s.io") return false;
  return resource.kind.resource.endsWith("configurations") || isPolicy(resource.kind.resource);
}

function isPolicy(plural: string): boolean {
  return plural.endsWith("admissionpolicies") || plural.endsWith("admissionpolicybindings");
}

/**
 * Rules of roles: what they match, and which rules cover which. In: rules as objects hold them.
 * Out: yes or no, and what is not covered. Pure. @see rbac.authorization.k8s.io/v1 PolicyRule
 */
import type { PolicyRule } from "@rktnetes/api/types/rbac-v1";
import type { Attributes } from "../user.ts";

export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!holds(rule.verbs, attributes.verb)) return false;
  if (!attributes.isResource) return urlAllowed(rule.nonResourceURLs ?? [], attributes.path);
  const { group, resource, subresource, name } = attributes;
  const names = rule.resourceNames ?? [];
  return (
    holds(rule.apiGroups ?? [], group) &&
    resourceAllowed(rule.resources ?? [], resource, subresource) &&
    (names.length === 0 || names.includes(name))
  );
}

type List = readonly string[] | null;

function holds(list: List, wanted: string): boolean {
  return list !== null && (list.includes("*") || list.includes(wanted));
}

function resourceAllowed(list: readonly string[], resource: string, subresource: string): boolean {
  if (list.includes("*")) return true;
  if (subresource === "") return list.includes(resource);
  return list.includes(`${resource}/${subresource}`) || list.includes(`*/${subresource}`);
}

function urlAllowed(list: readonly string[], path: string): boolean {
  return list.some(
    (url) =>
      url === "*" ||
      url === path ||
      (url.endsWith("*") && path.startsWith(url.replace(/\*+$/, ""))),
  );
}

/** The parts of `wanted` that `owned` does not cover; one for each group, resource, verb, name. */
export function uncovered(
  owned: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): readonly PolicyRule[] {
  return wanted.flatMap(singles).filter((single) => !owned.some((rule) => covers(rule, single)));
}

function singles(rule: PolicyRule): PolicyRule[] {
  const verbs = rule.verbs ?? [];
  const out: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      const single = (verb: string): PolicyRule => ({
        apiGroups: [group],
        resources: [resource],
        verbs: [verb],
      });
      const names = rule.resourceNames ?? [];
      for (const verb of verbs) {
        if (names.length === 0) out.push(single(verb));
        for (const name of names) out.push({ ...single(verb), resourceNames: [name] });
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of verbs) out.push({ nonResourceURLs: [url], verbs: [verb] });
  }
  return out;
}

function covers(owner: PolicyRule, single: PolicyRule): boolean {
  if (!coversAll(owner.verbs, single.verbs)) return false;
  const urls = single.nonResourceURLs ?? [];
  if (urls.length > 0) return urls.every((url) => urlAllowed(owner.nonResourceURLs ?? [], url));
  const names = owner.resourceNames ?? [];
  const wanted = single.resourceNames ?? [];
  return (
    coversAll(owner.apiGroups ?? [], single.apiGroups ?? []) &&
    (single.resources ?? []).every((resource) => coversResource(owner.resources ?? [], resource)) &&
    (names.length === 0 || (wanted.length > 0 && wanted.every((name) => names.includes(name))))
  );
}

function coversAll(owner: List, wanted: List): boolean {
  return (wanted ?? []).every((each) => holds(owner, each));
}

function coversResource(owner: readonly string[], resource: string): boolean {
  if (owner.includes("*") || owner.includes(resource)) return true;
  const slash = resource.indexOf("/");
  return slash >= 0 && owner.includes(`*${resource.slice(slash)}`);
}

/** Rules in the words of messages, sorted, verbs of one thing together. */
export function describeRules(rules: readonly PolicyRule[]): readonly string[] {
  const merged = new Map<string, PolicyRule>();
  const others: PolicyRule[] = [];
  for (const rule of rules) {
    if ((rule.nonResourceURLs ?? []).length > 0) {
      others.push(rule);
      continue;
    }
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames]);
    const known = merged.get(key);
    if (known === undefined) merged.set(key, { ...rule, verbs: [...(rule.verbs ?? [])] });
    else known.verbs?.push(...(rule.verbs ?? []).filter((verb) => !known.verbs?.includes(verb)));
  }
  return [...new Set([...merged.values(), ...others].map(describeRule))].sort();
}

function describeRule(rule: PolicyRule): string {
  const parts: string[] = [];
  const add = (name: string, list: readonly string[] | null | undefined): void => {
    if ((list ?? []).length > 0) parts.push(`${name}:${goList(list ?? [])}`);
  };
  add("APIGroups", rule.apiGroups);
  add("Resources", rule.resources);
  add("ResourceNames", rule.resourceNames);
  add("NonResourceURLs", rule.nonResourceURLs);
  add("Verbs", rule.verbs);
  return `{${parts.join(", ")}}`;
}

/** As Go's `%q` writes a list of strings. */
export function goList(list: readonly string[]): string {
  return `[${list.map((each) => JSON.stringify(each)).join(" ")}]`;
}

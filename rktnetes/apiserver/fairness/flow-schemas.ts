/**
 * Which flow a request belongs to. In: flow schemas in the order of their precedence, a user, what
 * is asked for. Out: the first schema that matches. Pure.
 * @see flowcontrol.apiserver.k8s.io/v1 FlowSchema
 */
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from "@rktnetes/api/types/flowcontrol-v1";
import { type Attributes, serviceAccountUser, type User } from "../auth/user.ts";

export function byPrecedence(schemas: readonly FlowSchema[]): readonly FlowSchema[] {
  return schemas.toSorted((left, right) => {
    const difference = left.spec.matchingPrecedence - right.spec.matchingPrecedence;
    if (difference !== 0) return difference;
    return (left.metadata.name ?? "") < (right.metadata.name ?? "") ? -1 : 1;
  });
}

export function matchesSchema({ spec }: FlowSchema, user: User, attributes: Attributes): boolean {
  return (spec.rules ?? []).some((rule) => matchesRule(rule, user, attributes));
}

function matchesRule(
  { subjects, resourceRules, nonResourceRules }: PolicyRulesWithSubjects,
  user: User,
  attributes: Attributes,
): boolean {
  if (!(subjects ?? []).some((subject) => isSubject(subject, user))) return false;
  if (attributes.isResource) {
    return (resourceRules ?? []).some((rule) => matchesResource(rule, attributes));
  }
  return (nonResourceRules ?? []).some((rule) => matchesPath(rule, attributes));
}

function isSubject(subject: Subject, { name, groups }: User): boolean {
  if (subject.kind === "User") return isNamed(subject.user?.name, name);
  if (subject.kind === "Group") {
    const wanted = subject.group?.name;
    return wanted === "*" || (wanted !== undefined && groups.includes(wanted));
  }
  const account = subject.serviceAccount;
  if (account === undefined) return false;
  if (account.name !== "*") return serviceAccountUser(account) === name;
  return name.startsWith(serviceAccountUser({ namespace: account.namespace, name: "" }));
}

function isNamed(wanted: string | undefined, name: string): boolean {
  return wanted === "*" || wanted === name;
}

function holds(list: readonly string[] | null, wanted: string): boolean {
  return (list ?? []).some((each) => each === "*" || each === wanted);
}

function matchesResource(rule: ResourcePolicyRule, attributes: Attributes): boolean {
  const { verb, group, resource, subresource, namespace } = attributes;
  const path = subresource === "" ? resource : `${resource}/${subresource}`;
  if (!holds(rule.verbs, verb) || !holds(rule.apiGroups, group)) return false;
  if (!holds(rule.resources, path)) return false;
  return namespace === "" ? rule.clusterScope === true : holds(rule.namespaces, namespace);
}

function matchesPath(rule: NonResourcePolicyRule, { verb, path }: Attributes): boolean {
  if (!holds(rule.verbs, verb)) return false;
  return (rule.nonResourceURLs ?? []).some(
    (url) =>
      url === "*" || url === path || (url.endsWith("/*") && path.startsWith(url.slice(0, -1))),
  );
}

/**
 * How much of a request is written down. In: the text of a policy file. Out: a level and the stages
 * to leave out, for a user and what is asked for. @see audit.k8s.io/v1 Policy
 */
import { parseYaml } from "@rktnetes/api/codec/yaml";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { Fault, quote } from "@shared/base";
import type { Attributes, User } from "../auth/user.ts";

/** How much is written down; each level has all that the one before has. */
export type AuditLevel = "None" | "Metadata" | "Request" | "RequestResponse";
/** Where a request is on its way. */
export type AuditStage = "RequestReceived" | "ResponseStarted" | "ResponseComplete" | "Panic";

/** What is done for one request. */
export interface Auditing {
  readonly level: AuditLevel;
  readonly omitStages: readonly string[];
  readonly omitManagedFields: boolean;
}

interface GroupResources {
  readonly group: string;
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

interface AuditRule extends Auditing {
  readonly users: readonly string[];
  readonly userGroups: readonly string[];
  readonly verbs: readonly string[];
  readonly resources: readonly GroupResources[];
  readonly namespaces: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** Rules; the first that is about a request counts. */
export type AuditPolicy = readonly AuditRule[];

const LEVELS: readonly string[] = ["None", "Metadata", "Request", "RequestResponse"];
const NOTHING: Auditing = { level: "None", omitStages: [], omitManagedFields: false };

/** @throws {Fault} "invalid" */
export async function readAuditPolicy(text: string): Promise<AuditPolicy> {
  const { tree } = await parseYaml(text);
  const policy = objectOf(tree);
  if (policy["kind"] !== "Policy" || policy["apiVersion"] !== "audit.k8s.io/v1") {
    const hint = "begin it with: apiVersion: audit.k8s.io/v1, kind: Policy";
    throw new Fault("invalid", "read the audit policy: it is of another kind", { hint });
  }
  const omitStages = textsOf(policy["omitStages"]);
  const omitManagedFields = policy["omitManagedFields"] === true;
  const rules = Array.isArray(policy["rules"]) ? policy["rules"] : [];
  if (rules.length === 0) throw new Fault("invalid", "read the audit policy: it has no rules");
  return rules.map((rule, at) => readRule(objectOf(rule), at, { omitStages, omitManagedFields }));
}

function readRule(
  rule: JsonObject,
  at: number,
  { omitStages, omitManagedFields }: Omit<Auditing, "level">,
): AuditRule {
  const level = rule["level"];
  if (typeof level !== "string" || !LEVELS.includes(level)) {
    const shown = quote(typeof level === "string" ? level : "");
    throw new Fault("invalid", `read the audit policy: rule ${at + 1} has the level ${shown}`);
  }
  const resources = Array.isArray(rule["resources"]) ? rule["resources"].map(objectOf) : [];
  const own = rule["omitManagedFields"];
  return {
    level: level as AuditLevel,
    omitStages: [...omitStages, ...textsOf(rule["omitStages"])],
    omitManagedFields: typeof own === "boolean" ? own : omitManagedFields,
    users: textsOf(rule["users"]),
    userGroups: textsOf(rule["userGroups"]),
    verbs: textsOf(rule["verbs"]),
    resources: resources.map((each) => ({
      group: typeof each["group"] === "string" ? each["group"] : "",
      resources: textsOf(each["resources"]),
      resourceNames: textsOf(each["resourceNames"]),
    })),
    namespaces: textsOf(rule["namespaces"]),
    nonResourceURLs: textsOf(rule["nonResourceURLs"]),
  };
}

/** What the first rule says that is about the request; nothing is written where none is. */
export function auditingOf(policy: AuditPolicy, user: User, attributes: Attributes): Auditing {
  return policy.find((rule) => matches(rule, user, attributes)) ?? NOTHING;
}

function matches(rule: AuditRule, { name, groups }: User, attributes: Attributes): boolean {
  if (rule.users.length > 0 && !rule.users.includes(name)) return false;
  if (rule.userGroups.length > 0 && !rule.userGroups.some((each) => groups.includes(each))) {
    return false;
  }
  if (rule.verbs.length > 0 && !holds(rule.verbs, attributes.verb)) return false;
  if (rule.resources.length === 0 && rule.namespaces.length === 0) {
    if (rule.nonResourceURLs.length === 0) return true;
    return !attributes.isResource && rule.nonResourceURLs.some((url) => isUrl(url, attributes));
  }
  if (!attributes.isResource) return false;
  if (rule.namespaces.length > 0 && !rule.namespaces.includes(attributes.namespace)) return false;
  return rule.resources.length === 0 || rule.resources.some((each) => isResource(each, attributes));
}

function isUrl(url: string, { path }: Attributes): boolean {
  return url === "*" || url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1)));
}

function isResource(rule: GroupResources, attributes: Attributes): boolean {
  const { group, resource, subresource, name } = attributes;
  if (rule.group !== group) return false;
  if (rule.resources.length === 0) return true;
  const path = subresource === "" ? resource : `${resource}/${subresource}`;
  const isNamed = rule.resources.some(
    (each) =>
      each === "*" ||
      each === path ||
      (each === `*/${subresource}` && subresource !== "") ||
      each === `${resource}/*`,
  );
  return isNamed && (rule.resourceNames.length === 0 || rule.resourceNames.includes(name));
}

function holds(list: readonly string[], wanted: string): boolean {
  return list.some((each) => each === "*" || each === wanted);
}

function objectOf(value: Json | undefined): JsonObject {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? value : {};
}

function textsOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

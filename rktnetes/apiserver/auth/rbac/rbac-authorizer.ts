/**
 * What roles and bindings let a user do. In: the roles and bindings of the cluster, as the caches
 * have them. Out: decisions. An index by subject is made when bindings or roles change, and what a
 * user may do is looked up once.
 */
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from "@rktnetes/api/types/rbac-v1";
import type { Lookup } from "../../admission/lookup.ts";
import type { Authorizer, Decision, UserRules } from "../authorizer.ts";
import { type Attributes, serviceAccountUser, type User } from "../user.ts";
import { ruleAllows } from "./policy-rules.ts";

const GROUP = "rbac.authorization.k8s.io";

/** A binding as far as it concerns one subject. */
interface Grant {
  readonly rules: readonly PolicyRule[];
  /** Empty where it holds everywhere. */
  readonly namespace: string;
  readonly reason: string;
  /** Why there are no rules; empty otherwise. */
  readonly error: string;
}

interface Index {
  readonly version: string;
  readonly byUser: ReadonlyMap<string, readonly Grant[]>;
  readonly byGroup: ReadonlyMap<string, readonly Grant[]>;
  readonly grants: Map<string, readonly Grant[]>;
}

const USERS_MAX = 4096;
const NO_OPINION: Decision = { allowed: false, reason: "" };

/** Answers from an index that is as new as the caches. */
export class RbacAuthorizer implements Authorizer {
  readonly #lookup: Lookup;
  #index: Index | undefined;

  constructor(lookup: Lookup) {
    this.#lookup = lookup;
  }

  async authorize(user: User, attributes: Attributes): Promise<Decision> {
    const errors: string[] = [];
    for (const grant of await this.#grantsOf(user)) {
      if (grant.namespace !== "" && grant.namespace !== attributes.namespace) continue;
      if (grant.error !== "") errors.push(grant.error);
      if (grant.rules.some((rule) => ruleAllows(rule, attributes))) {
        return { allowed: true, reason: grant.reason };
      }
    }
    if (errors.length === 0) return NO_OPINION;
    return { allowed: false, reason: `RBAC: ${joined(errors)}` };
  }

  /** Everything that a user may do in a namespace, or in the whole cluster for "". */
  async policyRulesOf(user: User, namespace: string): Promise<readonly PolicyRule[]> {
    const grants = await this.#grantsOf(user);
    return grants
      .filter((grant) => grant.namespace === "" || grant.namespace === namespace)
      .flatMap(({ rules }) => rules);
  }

  async rulesFor(user: User, namespace: string): Promise<UserRules> {
    const grants = await this.#grantsOf(user);
    const here = grants.filter((grant) => grant.namespace === "" || grant.namespace === namespace);
    const rules = here.flatMap((grant) => grant.rules);
    const errors = here.map(({ error }) => error).filter((error) => error !== "");
    return {
      resourceRules: rules.filter(({ resources = [] }) => resources.length > 0).map(resourceRule),
      nonResourceRules: rules
        .filter(({ nonResourceURLs = [] }) => nonResourceURLs.length > 0)
        .map(({ verbs, nonResourceURLs = [] }) => ({ verbs: verbs ?? [], nonResourceURLs })),
      incomplete: errors.length > 0,
      error: errors.length === 0 ? "" : joined(errors),
    };
  }

  /** Rules of a role that a binding names; undefined when there is none. */
  async rulesOf(roleRef: RoleRef, namespace: string): Promise<readonly PolicyRule[] | undefined> {
    const isCluster = roleRef.kind === "ClusterRole";
    const role = isCluster
      ? await this.#lookup.find<ClusterRole>(`${GROUP}/clusterroles`, "", roleRef.name)
      : await this.#lookup.find<Role>(`${GROUP}/roles`, namespace, roleRef.name);
    return role === undefined ? undefined : (role.rules ?? []);
  }

  async #grantsOf(user: User): Promise<readonly Grant[]> {
    const index = await this.#fresh();
    const key = `${user.name}\n${user.groups.join("\n")}`;
    const known = index.grants.get(key);
    if (known !== undefined) return known;
    const found = [
      ...(index.byUser.get(user.name) ?? []),
      ...user.groups.flatMap((group) => index.byGroup.get(group) ?? []),
    ];
    const grants = [
      ...found.filter(({ namespace }) => namespace === ""),
      ...found.filter(({ namespace }) => namespace !== ""),
    ];
    if (index.grants.size >= USERS_MAX) index.grants.clear();
    index.grants.set(key, grants);
    return grants;
  }

  async #fresh(): Promise<Index> {
    const version = await this.#lookup.versionOf([
      `${GROUP}/clusterroles`,
      `${GROUP}/clusterrolebindings`,
      `${GROUP}/roles`,
      `${GROUP}/rolebindings`,
    ]);
    if (this.#index?.version === version) return this.#index;
    this.#index = await this.#build(version);
    return this.#index;
  }

  async #build(version: string): Promise<Index> {
    const [clusterRoles, roles] = await Promise.all([
      this.#lookup.list<ClusterRole>(`${GROUP}/clusterroles`),
      this.#lookup.list<Role>(`${GROUP}/roles`),
    ]);
    const rulesOf = new Map<string, readonly PolicyRule[]>();
    for (const { metadata, rules } of [...clusterRoles, ...roles]) {
      rulesOf.set(`${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`, rules ?? []);
    }
    const index = { version, byUser: new Map(), byGroup: new Map(), grants: new Map() };
    const bindings = [
      ...(await this.#lookup.list<ClusterRoleBinding>(`${GROUP}/clusterrolebindings`)),
      ...(await this.#lookup.list<RoleBinding>(`${GROUP}/rolebindings`)),
    ];
    for (const binding of bindings) addBinding(index, rulesOf, binding);
    return index;
  }
}

function addBinding(
  { byUser, byGroup }: { byUser: Map<string, Grant[]>; byGroup: Map<string, Grant[]> },
  rulesOf: ReadonlyMap<string, readonly PolicyRule[]>,
  { metadata, subjects, roleRef }: ClusterRoleBinding | RoleBinding,
): void {
  const { namespace = "", name = "" } = metadata ?? {};
  const isCluster = roleRef.kind === "ClusterRole";
  const rules = rulesOf.get(`${isCluster ? "" : namespace}/${roleRef.name}`);
  const what = isCluster ? "clusterrole" : "role";
  const error = rules === undefined ? `${what}.${GROUP} ${quoted(roleRef.name)} not found` : "";
  const binding =
    namespace === ""
      ? `ClusterRoleBinding ${quoted(name)}`
      : `RoleBinding ${quoted(`${name}/${namespace}`)}`;
  const by = `RBAC: allowed by ${binding} of ${roleRef.kind} ${quoted(roleRef.name)}`;
  for (const subject of subjects ?? []) {
    const { table, key, shown } = subjectKey(subject, namespace);
    const grant: Grant = { rules: rules ?? [], namespace, error, reason: `${by} to ${shown}` };
    const into = table === "group" ? byGroup : byUser;
    const known = into.get(key);
    if (known === undefined) into.set(key, [grant]);
    else known.push(grant);
  }
}

interface SubjectKey {
  readonly table: "user" | "group";
  readonly key: string;
  readonly shown: string;
}

function subjectKey({ kind, name, namespace: own }: Subject, namespace: string): SubjectKey {
  if (kind === "Group") return { table: "group", key: name, shown: `Group ${quoted(name)}` };
  if (kind !== "ServiceAccount") return { table: "user", key: name, shown: `User ${quoted(name)}` };
  const home = own === undefined || own === "" ? namespace : own;
  const shown = `ServiceAccount ${quoted(`${name}/${home}`)}`;
  return { table: "user", key: serviceAccountUser({ namespace: home, name }), shown };
}

function resourceRule(rule: PolicyRule): UserRules["resourceRules"][number] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [] } = rule;
  return { verbs: verbs ?? [], apiGroups, resources, resourceNames };
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

/** As Go shows several errors at once. */
function joined(errors: readonly string[]): string {
  const distinct = [...new Set(errors)];
  return distinct.length === 1 ? (distinct[0] ?? "") : `[${distinct.join(", ")}]`;
}

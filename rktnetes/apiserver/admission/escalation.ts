/**
 * Nobody gives rights that they do not have: not in a role, not by binding one. Who may `escalate`
 * a role or `bind` it is free to. In: roles and bindings. Out: refusals that name what is missing.
 */
import type {
  AggregationRule,
  ClusterRole,
  PolicyRule,
  RoleBinding,
} from "@rktnetes/api/types/rbac-v1";
import { notFoundFault } from "@rktnetes/api/status-fault";
import type { Authorizer } from "../auth/authorizer.ts";
import { describeRules, goList, uncovered } from "../auth/rbac/policy-rules.ts";
import type { RbacAuthorizer } from "../auth/rbac/rbac-authorizer.ts";
import { MASTERS } from "../auth/user.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { refused, typed } from "./subject.ts";

const GROUP = "rbac.authorization.k8s.io";
const ALL: readonly PolicyRule[] = [
  { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
  { nonResourceURLs: ["*"], verbs: ["*"] },
];

export interface EscalationParts {
  readonly authorizer: Authorizer;
  readonly rbac: RbacAuthorizer;
}

export function rbacEscalation(parts: EscalationParts): AdmissionPlugin {
  return {
    name: "RBACEscalation",
    mutate: async (request) => {
      const { resource, operation, subresource, context } = request;
      if (resource.kind.group !== GROUP || subresource !== "") return;
      if (operation !== "CREATE" && operation !== "UPDATE") return;
      if (context.user.groups.includes(MASTERS)) return;
      if (resource.kind.resource.endsWith("bindings")) await checkBinding(parts, request);
      else await checkRole(parts, request);
    },
  };
}

async function checkRole(parts: EscalationParts, request: AdmissionRequest): Promise<void> {
  const role = typed<ClusterRole>(request.object);
  const before = request.old === undefined ? undefined : typed<ClusterRole>(request.old);
  const isSame = (left: unknown, right: unknown): boolean =>
    JSON.stringify(left ?? null) === JSON.stringify(right ?? null);
  const rulesAre = isSame(before?.rules, role.rules);
  const aggregationIs = isSame(before?.aggregationRule, role.aggregationRule);
  if (before !== undefined && rulesAre && aggregationIs) return;
  if (await may(parts, request, "escalate", roleName(request))) return;
  if (aggregates(role.aggregationRule) || aggregates(before?.aggregationRule)) {
    if ((await missing(parts, request, ALL)).length > 0) {
      throw refused(request, "must have cluster-admin privileges to use the aggregationRule");
    }
  }
  await confirm(parts, request, role.rules ?? []);
}

function aggregates(rule: AggregationRule | undefined): boolean {
  return rule !== undefined;
}

function roleName({ resource, object }: AdmissionRequest): Target {
  return { resource: resource.kind.resource, name: typed<ClusterRole>(object).metadata.name ?? "" };
}

async function checkBinding(parts: EscalationParts, request: AdmissionRequest): Promise<void> {
  const { roleRef, subjects } = typed<RoleBinding>(request.object);
  if (request.old !== undefined) {
    const before = typed<RoleBinding>(request.old);
    const isSame =
      JSON.stringify([before.roleRef, before.subjects ?? []]) ===
      JSON.stringify([roleRef, subjects ?? []]);
    if (isSame) return;
  }
  const resource = roleRef.kind === "ClusterRole" ? "clusterroles" : "roles";
  if (await may(parts, request, "bind", { resource, name: roleRef.name })) return;
  const rules = await parts.rbac.rulesOf(roleRef, request.namespace);
  if (rules === undefined) throw notFoundFault(request.resource.named, roleRef.name);
  await confirm(parts, request, rules);
}

interface Target {
  readonly resource: string;
  readonly name: string;
}

async function may(
  { authorizer }: EscalationParts,
  { context, namespace }: AdmissionRequest,
  verb: string,
  { resource, name }: Target,
): Promise<boolean> {
  const { allowed } = await authorizer.authorize(context.user, {
    verb,
    isResource: true,
    path: "",
    group: GROUP,
    version: "*",
    namespace,
    resource,
    subresource: "",
    name,
  });
  return allowed;
}

async function missing(
  { rbac }: EscalationParts,
  { context, namespace }: AdmissionRequest,
  wanted: readonly PolicyRule[],
): Promise<readonly PolicyRule[]> {
  return uncovered(await rbac.policyRulesOf(context.user, namespace), wanted);
}

async function confirm(
  parts: EscalationParts,
  request: AdmissionRequest,
  wanted: readonly PolicyRule[],
): Promise<void> {
  const found = await missing(parts, request, wanted);
  if (found.length === 0) return;
  const { name, groups } = request.context.user;
  const who = `user ${JSON.stringify(name)} (groups=${goList(groups)})`;
  const what = "is attempting to grant RBAC permissions not currently held";
  throw refused(request, `${who} ${what}:\n${describeRules(found).join("\n")}`);
}

/** All plug-ins, in the order in which they have their say. */
import { Admission, type AdmissionPlugin, type AdmissionRequest } from "./admission.ts";
import {
  CERTIFICATE_SUBJECT_RESTRICTION,
  certificateApproval,
  certificateSigning,
} from "./certificates.ts";
import { defaultIngressClass } from "./default-ingress-class.ts";
import { defaultStorageClass } from "./default-storage-class.ts";
import { DEFAULT_TOLERATION_SECONDS } from "./default-toleration-seconds.ts";
import { rbacEscalation } from "./escalation.ts";
import { limitRanger } from "./limit-ranger.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { nodeDeclaredFeatureValidator } from "./node-declared-features.ts";
import { nodeRestriction } from "./node-restriction.ts";
import { persistentVolumeClaimResize } from "./persistent-volume-claim-resize.ts";
import { matchConditionsBy, mutatingPolicies, validatingPolicies } from "./policies/policies.ts";
import { podSecurity } from "./pod-security.ts";
import type { PluginParts } from "./plugin-parts.ts";
import { OPTIONAL_PLUGINS, PLUGIN_ORDER } from "./plugin-names.ts";
import { podTopologyLabels } from "./pod-topology-labels.ts";
import { priority } from "./priority.ts";
import { resourceQuota } from "./resource-quota.ts";
import { runtimeClass } from "./runtime-class.ts";
import { serviceAccount } from "./service-account.ts";
import { STORAGE_OBJECT_IN_USE_PROTECTION } from "./storage-object-in-use-protection.ts";
import { mutatingWebhooks, validatingWebhooks } from "./webhooks/webhooks.ts";
import { TAINT_NODES_BY_CONDITION } from "./taint-nodes.ts";

/** Those that are on, in their order; `on` is what `choosePlugins` made of the flags. */
export async function admissionPlugins(
  parts: PluginParts,
  on: ReadonlySet<string>,
): Promise<readonly AdmissionPlugin[]> {
  const { lookup, host, auth, kinds, registry } = parts;
  const { authorizer } = auth;
  const equivalents = { lookup, kinds, host };
  const webhooks = { ...equivalents, matchConditions: matchConditionsBy(authorizer) };
  const policies = { ...equivalents, registry };
  const isOptional = [...OPTIONAL_PLUGINS].some((name) => on.has(name));
  const optional = isOptional
    ? (await import("./optional/optional.ts")).optionalPlugins(parts)
    : [];
  const all = [...usualPlugins(parts), ...optional];
  const before = [...inOrder(all, on), rbacEscalation(auth)];
  const mutating = mutatingPolicies(policies, authorizer);
  const again = async (request: AdmissionRequest): Promise<void> => {
    await new Admission(before).mutate(request);
    if (on.has(mutating.name)) await mutating.again(request);
  };
  const last = [
    mutating,
    mutatingWebhooks(webhooks, again),
    validatingPolicies(policies, authorizer),
    validatingWebhooks(webhooks),
    resourceQuota(lookup, registry),
  ];
  const deny = before.filter(({ name }) => name === "AlwaysDeny");
  const first = before.filter((each) => !deny.includes(each));
  return [...first, ...inOrder(last, on), ...deny];
}

function inOrder(
  all: readonly AdmissionPlugin[],
  on: ReadonlySet<string>,
): readonly AdmissionPlugin[] {
  return PLUGIN_ORDER.flatMap((name) =>
    on.has(name) ? (all.find((plugin) => plugin.name === name) ?? []) : [],
  );
}

function usualPlugins({ lookup, host, auth }: PluginParts): readonly AdmissionPlugin[] {
  const { authorizer } = auth;
  return [
    namespaceLifecycle(lookup),
    limitRanger(lookup),
    serviceAccount(lookup, host),
    nodeRestriction(lookup, authorizer),
    TAINT_NODES_BY_CONDITION,
    podSecurity(lookup),
    priority(lookup),
    DEFAULT_TOLERATION_SECONDS,
    defaultStorageClass(lookup),
    STORAGE_OBJECT_IN_USE_PROTECTION,
    persistentVolumeClaimResize(lookup),
    runtimeClass(lookup),
    certificateApproval(authorizer),
    certificateSigning(authorizer),
    CERTIFICATE_SUBJECT_RESTRICTION,
    defaultIngressClass(lookup),
    podTopologyLabels(lookup),
    nodeDeclaredFeatureValidator(lookup),
  ];
}

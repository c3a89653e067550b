/** All plug-ins, in the order in which they have their say. */
import type { ServerHost } from "../host.ts";
import type { Registry } from "../registry/registry.ts";
import type { Auth } from "../auth/auth.ts";
import type { ServedKinds } from "../served-kinds.ts";
import { Admission, type AdmissionPlugin } from "./admission.ts";
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
import type { Lookup } from "./lookup.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { nodeDeclaredFeatureValidator } from "./node-declared-features.ts";
import { nodeRestriction } from "./node-restriction.ts";
import { persistentVolumeClaimResize } from "./persistent-volume-claim-resize.ts";
import { matchConditionsBy, mutatingPolicies, validatingPolicies } from "./policies/policies.ts";
import { podSecurity } from "./pod-security.ts";
import { podTopologyLabels } from "./pod-topology-labels.ts";
import { priority } from "./priority.ts";
import { resourceQuota } from "./resource-quota.ts";
import { runtimeClass } from "./runtime-class.ts";
import { serviceAccount } from "./service-account.ts";
import { STORAGE_OBJECT_IN_USE_PROTECTION } from "./storage-object-in-use-protection.ts";
import { mutatingWebhooks, validatingWebhooks } from "./webhooks/webhooks.ts";
import { TAINT_NODES_BY_CONDITION } from "./taint-nodes.ts";

export interface PluginParts {
  readonly registry: () => Registry;
  readonly lookup: Lookup;
  readonly host: ServerHost;
  readonly auth: Auth;
  readonly kinds: () => ServedKinds;
}

export function admissionPlugins({
  registry,
  lookup,
  host,
  auth,
  kinds,
}: PluginParts): readonly AdmissionPlugin[] {
  const { authorizer } = auth;
  const webhooks = { lookup, host, matchConditions: matchConditionsBy(authorizer) };
  const policies = { lookup, registry, kinds };
  const before: readonly AdmissionPlugin[] = [
    namespaceLifecycle(lookup),
    limitRanger(lookup),
    serviceAccount(lookup, host),
    nodeRestriction(lookup),
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
    rbacEscalation(auth),
  ];
  return [
    ...before,
    mutatingPolicies(policies, authorizer),
    mutatingWebhooks(webhooks, (request) => new Admission(before).mutate(request)),
    validatingPolicies(policies, authorizer),
    validatingWebhooks(webhooks),
    resourceQuota(lookup, registry),
  ];
}

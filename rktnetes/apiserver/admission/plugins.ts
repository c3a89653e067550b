/** All plug-ins, in the order in which they have their say. */
import type { ServerHost } from "../host.ts";
import type { Registry } from "../registry/registry.ts";
import type { AdmissionPlugin } from "./admission.ts";
import { defaultIngressClass } from "./default-ingress-class.ts";
import { defaultStorageClass } from "./default-storage-class.ts";
import { DEFAULT_TOLERATION_SECONDS } from "./default-toleration-seconds.ts";
import { Lookup } from "./lookup.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { nodeDeclaredFeatureValidator } from "./node-declared-features.ts";
import { persistentVolumeClaimResize } from "./persistent-volume-claim-resize.ts";
import { podTopologyLabels } from "./pod-topology-labels.ts";
import { priority } from "./priority.ts";
import { runtimeClass } from "./runtime-class.ts";
import { serviceAccount } from "./service-account.ts";
import { STORAGE_OBJECT_IN_USE_PROTECTION } from "./storage-object-in-use-protection.ts";
import { TAINT_NODES_BY_CONDITION } from "./taint-nodes.ts";

export function admissionPlugins(
  registry: () => Registry,
  host: ServerHost,
): readonly AdmissionPlugin[] {
  const lookup = new Lookup(registry);
  return [
    namespaceLifecycle(lookup),
    serviceAccount(lookup, host),
    TAINT_NODES_BY_CONDITION,
    priority(lookup),
    DEFAULT_TOLERATION_SECONDS,
    defaultStorageClass(lookup),
    STORAGE_OBJECT_IN_USE_PROTECTION,
    persistentVolumeClaimResize(lookup),
    runtimeClass(lookup),
    defaultIngressClass(lookup),
    podTopologyLabels(lookup),
    nodeDeclaredFeatureValidator(lookup),
  ];
}

/**
 * The strategy of each kind, loaded when the kind is first used. A new one is a row here, named
 * `<group>/<plural>`, `/pods` for the core group. Kinds without a row do what the registry does.
 */
import type { Kind } from "../kinds/kind.ts";
import type { Strategy } from "./strategy.ts";

const LOADERS: Readonly<Record<string, (kind: Kind) => Promise<Strategy>>> = {
  "apiextensions.k8s.io/customresourcedefinitions": async () =>
    (await import("./apiextensions/custom-resource-definition.ts")).CUSTOM_RESOURCE_DEFINITION,
  "/namespaces": async () => (await import("./core/namespace.ts")).NAMESPACE,
  "/pods": async () => (await import("./core/pod.ts")).POD,
  "/configmaps": async () => (await import("./core/config-map.ts")).CONFIG_MAP,
  "/events": async ({ group }) => (await import("./core/event.ts")).eventStrategy(group),
  "apps/controllerrevisions": async () =>
    (await import("./apps/controller-revision.ts")).CONTROLLER_REVISION,
  "events.k8s.io/events": async ({ group }) =>
    (await import("./core/event.ts")).eventStrategy(group),
  "node.k8s.io/runtimeclasses": async () => (await import("./node/runtime-class.ts")).RUNTIME_CLASS,
  "policy/poddisruptionbudgets": async () =>
    (await import("./policy/pod-disruption-budget.ts")).DISRUPTION_BUDGET,
  "/limitranges": async () => (await import("./core/limit-range.ts")).LIMIT_RANGE,
  "/nodes": async () => (await import("./core/node.ts")).NODE,
  "/podtemplates": async () => (await import("./core/pod-template.ts")).POD_TEMPLATE,
  "/replicationcontrollers": async () =>
    (await import("./core/replication-controller.ts")).REPLICATION_CONTROLLER,
  "/resourcequotas": async () => (await import("./core/resource-quota.ts")).RESOURCE_QUOTA,
  "/secrets": async () => (await import("./core/secret.ts")).SECRET,
  "/serviceaccounts": async () => (await import("./core/service-account.ts")).SERVICE_ACCOUNT,
  "apps/daemonsets": async () => (await import("./apps/daemon-set.ts")).DAEMON_SET,
  "apps/deployments": async () => (await import("./apps/deployment.ts")).DEPLOYMENT,
  "apps/replicasets": async () => (await import("./apps/replica-set.ts")).REPLICA_SET,
  "apps/statefulsets": async () => (await import("./apps/stateful-set.ts")).STATEFUL_SET,
  "batch/cronjobs": async () => (await import("./batch/cron-job.ts")).CRON_JOB,
  "batch/jobs": async () => (await import("./batch/job.ts")).JOB,
  "scheduling.k8s.io/priorityclasses": async () =>
    (await import("./scheduling/priority-class.ts")).PRIORITY_CLASS,
  "autoscaling/horizontalpodautoscalers": async ({ version }) =>
    (await import("./autoscaling/horizontal-pod-autoscaler.ts")).autoscalerStrategy(version),
  "/endpoints": async () => (await import("./core/endpoints.ts")).ENDPOINTS,
  "/services": async () => (await import("./core/service.ts")).SERVICE,
  "/persistentvolumes": async () => (await import("./storage/volumes.ts")).PERSISTENT_VOLUME,
  "/persistentvolumeclaims": async () =>
    (await import("./storage/volumes.ts")).PERSISTENT_VOLUME_CLAIM,
  "admissionregistration.k8s.io/mutatingadmissionpolicies": async () =>
    (await import("./admissionregistration/admission-registration.ts")).MUTATING_POLICY,
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings": async () =>
    (await import("./admissionregistration/admission-registration.ts")).MUTATING_BINDING,
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": async () =>
    (await import("./admissionregistration/admission-registration.ts")).MUTATING_WEBHOOKS,
  "admissionregistration.k8s.io/validatingadmissionpolicies": async () =>
    (await import("./admissionregistration/admission-registration.ts")).VALIDATING_POLICY,
  "admissionregistration.k8s.io/validatingadmissionpolicybindings": async () =>
    (await import("./admissionregistration/admission-registration.ts")).VALIDATING_BINDING,
  "admissionregistration.k8s.io/validatingwebhookconfigurations": async () =>
    (await import("./admissionregistration/admission-registration.ts")).VALIDATING_WEBHOOKS,
  "apiregistration.k8s.io/apiservices": async () =>
    (await import("./apiregistration/api-service.ts")).API_SERVICE,
  "certificates.k8s.io/certificatesigningrequests": async () =>
    (await import("./certificates/certificate-signing-request.ts")).CERTIFICATE_SIGNING_REQUEST,
  "discovery.k8s.io/endpointslices": async () =>
    (await import("./discovery/endpoint-slice.ts")).ENDPOINT_SLICE,
  "flowcontrol.apiserver.k8s.io/flowschemas": async () =>
    (await import("./flowcontrol/flow-control.ts")).FLOW_SCHEMA,
  "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations": async () =>
    (await import("./flowcontrol/flow-control.ts")).PRIORITY_LEVEL,
  "networking.k8s.io/ingressclasses": async () =>
    (await import("./networking/networking.ts")).INGRESS_CLASS,
  "networking.k8s.io/ipaddresses": async () =>
    (await import("./networking/networking.ts")).IP_ADDRESS,
  "networking.k8s.io/servicecidrs": async () =>
    (await import("./networking/networking.ts")).SERVICE_CIDR,
  "networking.k8s.io/ingresses": async () => (await import("./networking/networking.ts")).INGRESS,
  "networking.k8s.io/networkpolicies": async () =>
    (await import("./networking/networking.ts")).NETWORK_POLICY,
  "rbac.authorization.k8s.io/clusterrolebindings": async () =>
    (await import("./rbac/rbac.ts")).CLUSTER_ROLE_BINDING,
  "rbac.authorization.k8s.io/clusterroles": async () =>
    (await import("./rbac/rbac.ts")).CLUSTER_ROLE,
  "rbac.authorization.k8s.io/rolebindings": async () =>
    (await import("./rbac/rbac.ts")).ROLE_BINDING,
  "rbac.authorization.k8s.io/roles": async () => (await import("./rbac/rbac.ts")).ROLE,
  "resource.k8s.io/deviceclasses": async () =>
    (await import("./resource/resource.ts")).DEVICE_CLASS,
  "resource.k8s.io/resourceslices": async () =>
    (await import("./resource/resource.ts")).RESOURCE_SLICE,
  "resource.k8s.io/resourceclaims": async () =>
    (await import("./resource/resource.ts")).RESOURCE_CLAIM,
  "resource.k8s.io/resourceclaimtemplates": async () =>
    (await import("./resource/resource.ts")).RESOURCE_CLAIM_TEMPLATE,
  "storage.k8s.io/csidrivers": async () => (await import("./storage/storage.ts")).CSI_DRIVER,
  "storage.k8s.io/csinodes": async () => (await import("./storage/storage.ts")).CSI_NODE,
  "storage.k8s.io/csistoragecapacities": async () =>
    (await import("./storage/storage.ts")).CSI_STORAGE_CAPACITY,
  "storage.k8s.io/storageclasses": async () => (await import("./storage/storage.ts")).STORAGE_CLASS,
  "storage.k8s.io/volumeattributesclasses": async () =>
    (await import("./storage/storage.ts")).VOLUME_ATTRIBUTES_CLASS,
  "coordination.k8s.io/leases": async () => (await import("./coordination/lease.ts")).LEASE,
  "storage.k8s.io/volumeattachments": async () =>
    (await import("./storage/storage.ts")).VOLUME_ATTACHMENT,
};

const NONE: Strategy = {};

/** The strategy of a kind, the same one each time. */
export async function loadStrategy(kind: Kind): Promise<Strategy> {
  if (kind.schema.structural !== undefined) {
    return (await import("./custom/custom-resource.ts")).customStrategy(kind);
  }
  return (await LOADERS[`${kind.group}/${kind.resource}`]?.(kind)) ?? NONE;
}

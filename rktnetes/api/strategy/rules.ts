/**
 * Yes-and-no rules that set kinds apart in what the registry does. Data only; resources by
 * `<group>/<plural>`, `/pods` for the core group.
 */
import type { Kind } from "../kinds/kind.ts";

/** `metadata.generation` is counted. */
const COUNTS_GENERATION: ReadonlySet<string> = new Set([
  "/pods",
  "/podtemplates",
  "/replicationcontrollers",
  "admissionregistration.k8s.io/mutatingadmissionpolicies",
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings",
  "admissionregistration.k8s.io/mutatingwebhookconfigurations",
  "admissionregistration.k8s.io/validatingadmissionpolicies",
  "admissionregistration.k8s.io/validatingadmissionpolicybindings",
  "admissionregistration.k8s.io/validatingwebhookconfigurations",
  "apiextensions.k8s.io/customresourcedefinitions",
  "apps/daemonsets",
  "apps/deployments",
  "apps/replicasets",
  "apps/statefulsets",
  "batch/cronjobs",
  "batch/jobs",
  "discovery.k8s.io/endpointslices",
  "flowcontrol.apiserver.k8s.io/flowschemas",
  "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations",
  "networking.k8s.io/ingressclasses",
  "networking.k8s.io/ingresses",
  "networking.k8s.io/networkpolicies",
  "policy/poddisruptionbudgets",
  "resource.k8s.io/deviceclasses",
  "resource.k8s.io/resourceslices",
]);

/** Other annotations make another generation. */
const COUNTS_ANNOTATIONS: ReadonlySet<string> = new Set(["apps/deployments"]);

/** A deletion answers with the object, not with a Status. */
const RETURNS_DELETED: ReadonlySet<string> = new Set([
  "/namespaces",
  "/persistentvolumeclaims",
  "/persistentvolumes",
  "/pods",
  "/podtemplates",
  "/resourcequotas",
  "/serviceaccounts",
  "/services",
  "resource.k8s.io/deviceclasses",
  "resource.k8s.io/resourceclaims",
  "resource.k8s.io/resourceclaimtemplates",
  "resource.k8s.io/resourceslices",
  "storage.k8s.io/csidrivers",
  "storage.k8s.io/csinodes",
  "storage.k8s.io/csistoragecapacities",
  "storage.k8s.io/storageclasses",
  "storage.k8s.io/volumeattachments",
  "storage.k8s.io/volumeattributesclasses",
]);

/** A PUT must say which version it replaces. */
const NEEDS_RESOURCE_VERSION: ReadonlySet<string> = new Set([
  "admissionregistration.k8s.io/mutatingadmissionpolicies",
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings",
  "admissionregistration.k8s.io/mutatingwebhookconfigurations",
  "admissionregistration.k8s.io/validatingadmissionpolicies",
  "admissionregistration.k8s.io/validatingadmissionpolicybindings",
  "admissionregistration.k8s.io/validatingwebhookconfigurations",
  "apiextensions.k8s.io/customresourcedefinitions",
  "apiregistration.k8s.io/apiservices",
  "coordination.k8s.io/leases",
  "node.k8s.io/runtimeclasses",
  "policy/poddisruptionbudgets",
  "storage.k8s.io/csidrivers",
  "storage.k8s.io/csinodes",
  "storage.k8s.io/csistoragecapacities",
]);

/** A PUT to a name that is not there makes the object. */
const CREATES_ON_UPDATE: ReadonlySet<string> = new Set([
  "/endpoints",
  "/events",
  "/limitranges",
  "/services",
  "coordination.k8s.io/leases",
  "events.k8s.io/events",
  "node.k8s.io/runtimeclasses",
  "rbac.authorization.k8s.io/clusterrolebindings",
  "rbac.authorization.k8s.io/clusterroles",
  "rbac.authorization.k8s.io/rolebindings",
  "rbac.authorization.k8s.io/roles",
]);

/** New objects may come with a status: a node tells its own. */
const KEEPS_STATUS: ReadonlySet<string> = new Set(["/nodes"]);

/** Every answer about these says so. */
const DEPRECATED: Readonly<Record<string, string>> = {
  "/componentstatuses": "v1 ComponentStatus is deprecated in v1.19+",
  "/endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
};

/** A deletion leaves dependents alone unless the client says otherwise. */
const ORPHANS_BY_DEFAULT: ReadonlySet<string> = new Set(["/replicationcontrollers", "batch/jobs"]);

const ORPHAN_WARNING =
  "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background " +
  "to remove them or set propagationPolicy=Orphan to suppress this warning";

/** Too many and too short-lived for the garbage collector to wait for. */
const NEVER_WAITS: ReadonlySet<string> = new Set(["/events", "events.k8s.io/events"]);

/** The rules of one kind. */
export interface KindRules {
  readonly orphansByDefault: boolean;
  /** Warns a client that did not say what is to become of dependents; empty for none. */
  readonly orphanWarning: string;
  /** What the client wants done with dependents does not hold the object up. */
  readonly neverWaits: boolean;
  /** A warning on every answer; empty for none. */
  readonly deprecation: string;
  readonly countsGeneration: boolean;
  /** Other annotations make another generation. */
  readonly countsAnnotations: boolean;
  readonly returnsDeleted: boolean;
  readonly needsResourceVersion: boolean;
  readonly keepsStatus: boolean;
  readonly createsOnUpdate: boolean;
}

/** `custom` says that the kind is not one of the built-in ones. */
export function rulesOf(kind: Kind, custom: boolean): KindRules {
  const name = `${kind.group}/${kind.resource}`;
  return {
    orphansByDefault: ORPHANS_BY_DEFAULT.has(name),
    orphanWarning: name === "batch/jobs" ? ORPHAN_WARNING : "",
    neverWaits: NEVER_WAITS.has(name),
    deprecation: custom ? (kind.deprecation ?? "") : (DEPRECATED[name] ?? ""),
    countsGeneration: custom || COUNTS_GENERATION.has(name),
    countsAnnotations: COUNTS_ANNOTATIONS.has(name),
    returnsDeleted: RETURNS_DELETED.has(name),
    needsResourceVersion: custom || NEEDS_RESOURCE_VERSION.has(name),
    keepsStatus: KEEPS_STATUS.has(name),
    createsOnUpdate: CREATES_ON_UPDATE.has(name),
  };
}

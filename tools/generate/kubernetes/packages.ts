/**
 * The Go packages that the tables come from: which API they hold, where they lie in the published
 * modules, and how the OpenAPI documents and the protobuf definitions call them.
 */

export interface ApiPackage {
  /** Names the table's file and stands before names from other files: `core_v1`. */
  readonly id: string;
  /** Empty for the core group; undefined where the package is no group of its own. */
  readonly group: string;
  readonly version: string;
  /** Below the directory that holds the modules. */
  readonly directory: string;
  readonly importPath: string;
  readonly openapiPrefix: string;
  readonly protobufPackage: string;
  /** Listed in discovery; the others are only spoken. */
  readonly served: boolean;
}

function api(name: string, version: string, group: string, served = true): ApiPackage {
  return {
    id: `${name}_${version}`,
    group,
    version,
    directory: `api/${name}/${version}`,
    importPath: `k8s.io/api/${name}/${version}`,
    openapiPrefix: `io.k8s.api.${name}.${version}`,
    protobufPackage: `k8s.io.api.${name}.${version}`,
    served,
  };
}

/** In the order of discovery. */
export const PACKAGES: readonly ApiPackage[] = [
  {
    id: "meta_v1",
    group: "meta.k8s.io",
    version: "v1",
    directory: "apimachinery/pkg/apis/meta/v1",
    importPath: "k8s.io/apimachinery/pkg/apis/meta/v1",
    openapiPrefix: "io.k8s.apimachinery.pkg.apis.meta.v1",
    protobufPackage: "k8s.io.apimachinery.pkg.apis.meta.v1",
    served: false,
  },
  api("core", "v1", ""),
  {
    id: "apiregistration_v1",
    group: "apiregistration.k8s.io",
    version: "v1",
    directory: "kube-aggregator/pkg/apis/apiregistration/v1",
    importPath: "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1",
    openapiPrefix: "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1",
    protobufPackage: "k8s.io.kube_aggregator.pkg.apis.apiregistration.v1",
    served: true,
  },
  api("apps", "v1", "apps"),
  api("events", "v1", "events.k8s.io"),
  api("authentication", "v1", "authentication.k8s.io"),
  api("authorization", "v1", "authorization.k8s.io"),
  api("autoscaling", "v2", "autoscaling"),
  api("autoscaling", "v1", "autoscaling"),
  api("batch", "v1", "batch"),
  api("certificates", "v1", "certificates.k8s.io"),
  api("networking", "v1", "networking.k8s.io"),
  api("policy", "v1", "policy"),
  api("rbac", "v1", "rbac.authorization.k8s.io"),
  api("storage", "v1", "storage.k8s.io"),
  api("admissionregistration", "v1", "admissionregistration.k8s.io"),
  {
    id: "apiextensions_v1",
    group: "apiextensions.k8s.io",
    version: "v1",
    directory: "apiextensions-apiserver/pkg/apis/apiextensions/v1",
    importPath: "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1",
    openapiPrefix: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1",
    protobufPackage: "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1",
    served: true,
  },
  api("scheduling", "v1", "scheduling.k8s.io"),
  api("coordination", "v1", "coordination.k8s.io"),
  api("node", "v1", "node.k8s.io"),
  api("discovery", "v1", "discovery.k8s.io"),
  api("resource", "v1", "resource.k8s.io"),
  api("flowcontrol", "v1", "flowcontrol.apiserver.k8s.io"),
  api("admission", "v1", "admission.k8s.io", false),
  api("apidiscovery", "v2", "apidiscovery.k8s.io", false),
];

/** Types that are one JSON value, by import path and name. */
export const SCALAR_TYPES: Readonly<Record<string, string>> = {
  "k8s.io/apimachinery/pkg/apis/meta/v1.Time": "time",
  "k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime": "micro-time",
  "k8s.io/apimachinery/pkg/apis/meta/v1.Duration": "duration",
  "k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1": "any",
  "k8s.io/apimachinery/pkg/api/resource.Quantity": "quantity",
  "k8s.io/apimachinery/pkg/util/intstr.IntOrString": "int-or-string",
  "k8s.io/apimachinery/pkg/runtime.RawExtension": "any",
  "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSON": "any",
  "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrBool":
    "json-schema-or-bool",
  "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrArray":
    "json-schema-or-array",
  "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1.JSONSchemaPropsOrStringArray":
    "json-schema-or-strings",
  "k8s.io/apimachinery/pkg/types.UID": "string",
  "k8s.io/apimachinery/pkg/types.NodeName": "string",
};

/** Fields that a field selector may name, beyond name and namespace, by resource and API. */
export const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  "pods/v1": [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
  ],
  "nodes/v1": ["spec.unschedulable"],
  "namespaces/v1": ["status.phase"],
  "secrets/v1": ["type"],
  "services/v1": ["spec.clusterIP", "spec.type"],
  "events/v1": [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
  ],
  "events.events.k8s.io/v1": [
    "regarding.kind",
    "regarding.namespace",
    "regarding.name",
    "regarding.uid",
    "regarding.apiVersion",
    "regarding.resourceVersion",
    "regarding.fieldPath",
    "reason",
    "reportingController",
    "type",
  ],
  "replicationcontrollers/v1": ["status.replicas"],
  "jobs.batch/v1": ["status.successful"],
  "certificatesigningrequests.certificates.k8s.io/v1": ["spec.signerName"],
  "resourceslices.resource.k8s.io/v1": ["spec.nodeName", "spec.driver"],
};

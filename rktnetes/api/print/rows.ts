/**
 * The row of each kind whose columns say more than name and time of creation. A new one is a line
 * here, named `<group>/<plural>`, `/pods` for the core group.
 */
import type { Kind } from "../kinds/kind.ts";
import type { Row } from "./cells.ts";
import {
  admissionPolicyRow,
  apiServiceRow,
  certificateRequestRow,
  flowSchemaRow,
  leaseRow,
  policyBindingRow,
  priorityClassRow,
  priorityLevelRow,
  resourceClaimRow,
  resourceSliceRow,
  roleBindingRow,
  runtimeClassRow,
  webhookConfigurationRow,
} from "./control.ts";
import {
  componentStatusRow,
  configMapRow,
  eventRow,
  nameAndAgeRow,
  namespaceRow,
  nodeRow,
  quotaRow,
  secretRow,
} from "./core.ts";
import {
  endpointSliceRow,
  endpointsRow,
  ingressClassRow,
  ingressRow,
  ipAddressRow,
  networkPolicyRow,
  serviceCidrRow,
  serviceRow,
} from "./network.ts";
import { podRow, podTemplateRow } from "./pod.ts";
import {
  attributesClassRow,
  claimRow,
  csiDriverRow,
  csiNodeRow,
  storageClassRow,
  volumeAttachmentRow,
  volumeRow,
} from "./storage.ts";
import {
  autoscalerRow,
  autoscalerV1Row,
  controllerRevisionRow,
  cronJobRow,
  daemonSetRow,
  deploymentRow,
  disruptionBudgetRow,
  jobRow,
  replicaSetRow,
  replicationControllerRow,
  statefulSetRow,
} from "./workloads.ts";

const ROWS: Readonly<Record<string, Row>> = {
  "/componentstatuses": componentStatusRow,
  "/configmaps": configMapRow,
  "/endpoints": endpointsRow,
  "/events": eventRow,
  "/namespaces": namespaceRow,
  "/nodes": nodeRow,
  "/persistentvolumeclaims": claimRow,
  "/persistentvolumes": volumeRow,
  "/pods": podRow,
  "/podtemplates": podTemplateRow,
  "/replicationcontrollers": replicationControllerRow,
  "/resourcequotas": quotaRow,
  "/secrets": secretRow,
  "/serviceaccounts": nameAndAgeRow,
  "/services": serviceRow,
  "admissionregistration.k8s.io/mutatingadmissionpolicies": admissionPolicyRow("mutations"),
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings": policyBindingRow,
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": webhookConfigurationRow,
  "admissionregistration.k8s.io/validatingadmissionpolicies": admissionPolicyRow("validations"),
  "admissionregistration.k8s.io/validatingadmissionpolicybindings": policyBindingRow,
  "admissionregistration.k8s.io/validatingwebhookconfigurations": webhookConfigurationRow,
  "apiregistration.k8s.io/apiservices": apiServiceRow,
  "apps/controllerrevisions": controllerRevisionRow,
  "apps/daemonsets": daemonSetRow,
  "apps/deployments": deploymentRow,
  "apps/replicasets": replicaSetRow,
  "apps/statefulsets": statefulSetRow,
  "batch/cronjobs": cronJobRow,
  "batch/jobs": jobRow,
  "certificates.k8s.io/certificatesigningrequests": certificateRequestRow,
  "coordination.k8s.io/leases": leaseRow,
  "discovery.k8s.io/endpointslices": endpointSliceRow,
  "events.k8s.io/events": eventRow,
  "flowcontrol.apiserver.k8s.io/flowschemas": flowSchemaRow,
  "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations": priorityLevelRow,
  "networking.k8s.io/ingressclasses": ingressClassRow,
  "networking.k8s.io/ingresses": ingressRow,
  "networking.k8s.io/ipaddresses": ipAddressRow,
  "networking.k8s.io/networkpolicies": networkPolicyRow,
  "networking.k8s.io/servicecidrs": serviceCidrRow,
  "node.k8s.io/runtimeclasses": runtimeClassRow,
  "policy/poddisruptionbudgets": disruptionBudgetRow,
  "rbac.authorization.k8s.io/clusterrolebindings": roleBindingRow,
  "rbac.authorization.k8s.io/rolebindings": roleBindingRow,
  "resource.k8s.io/deviceclasses": nameAndAgeRow,
  "resource.k8s.io/resourceclaims": resourceClaimRow,
  "resource.k8s.io/resourceclaimtemplates": nameAndAgeRow,
  "resource.k8s.io/resourceslices": resourceSliceRow,
  "scheduling.k8s.io/priorityclasses": priorityClassRow,
  "storage.k8s.io/csidrivers": csiDriverRow,
  "storage.k8s.io/csinodes": csiNodeRow,
  "storage.k8s.io/storageclasses": storageClassRow,
  "storage.k8s.io/volumeattachments": volumeAttachmentRow,
  "storage.k8s.io/volumeattributesclasses": attributesClassRow,
};

/** How a built-in kind is printed; undefined where there is only name and age. */
export function rowOf({ group, version, resource }: Kind): Row | undefined {
  if (resource !== "horizontalpodautoscalers") return ROWS[`${group}/${resource}`];
  return version === "v1" ? autoscalerV1Row : autoscalerRow;
}

/**
 * Which plug-ins have their say. In: names, as the flags have them. Out: those that are on. Loads
 * none of them. @see reference of kube-apiserver, --enable-admission-plugins
 */
import { Fault, quote } from "@shared/base";

/** In the order in which they are asked. */
export const PLUGIN_ORDER: readonly string[] = [
  "AlwaysAdmit",
  "NamespaceAutoProvision",
  "NamespaceLifecycle",
  "NamespaceExists",
  "LimitPodHardAntiAffinityTopology",
  "LimitRanger",
  "ServiceAccount",
  "NodeRestriction",
  "TaintNodesByCondition",
  "AlwaysPullImages",
  "PodSecurity",
  "PodNodeSelector",
  "Priority",
  "DefaultTolerationSeconds",
  "PodTolerationRestriction",
  "ExtendedResourceToleration",
  "DefaultStorageClass",
  "StorageObjectInUseProtection",
  "OwnerReferencesPermissionEnforcement",
  "PersistentVolumeClaimResize",
  "RuntimeClass",
  "CertificateApproval",
  "CertificateSigning",
  "ClusterTrustBundleAttest",
  "CertificateSubjectRestriction",
  "DefaultIngressClass",
  "DenyServiceExternalIPs",
  "PodTopologyLabels",
  "NodeDeclaredFeatureValidator",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionWebhook",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionWebhook",
  "ResourceQuota",
  "AlwaysDeny",
];

/** Off unless they are asked for. */
export const OPTIONAL_PLUGINS: ReadonlySet<string> = new Set([
  "AlwaysAdmit",
  "AlwaysDeny",
  "AlwaysPullImages",
  "DenyServiceExternalIPs",
  "ExtendedResourceToleration",
  "LimitPodHardAntiAffinityTopology",
  "NamespaceAutoProvision",
  "NamespaceExists",
  "OwnerReferencesPermissionEnforcement",
  "PodNodeSelector",
  "PodTolerationRestriction",
]);

/** Known to Kubernetes; they ask for a file of their own. */
const ABSENT: ReadonlySet<string> = new Set(["EventRateLimit", "ImagePolicyWebhook"]);

/** @throws {Fault} "invalid" for names that there are not, and those that are both on and off */
export function choosePlugins(
  enabled: readonly string[],
  disabled: readonly string[],
): ReadonlySet<string> {
  for (const name of [...enabled, ...disabled]) {
    if (ABSENT.has(name) && enabled.includes(name)) {
      throw new Fault("unsupported", `enable the admission plug-in ${quote(name)}: it is not here`);
    }
    if (!PLUGIN_ORDER.includes(name) && !ABSENT.has(name)) {
      throw new Fault("invalid", `admission-control plugin ${quote(name)} is unknown`);
    }
  }
  const both = enabled.filter((name) => disabled.includes(name));
  if (both.length > 0) {
    const flags = "enable-admission-plugins and disable-admission-plugins";
    throw new Fault("invalid", `[${both.join(" ")}] in ${flags} overlapped`);
  }
  const usual = PLUGIN_ORDER.filter((name) => !OPTIONAL_PLUGINS.has(name));
  const off = new Set(disabled);
  return new Set([...usual, ...enabled].filter((name) => !off.has(name)));
}

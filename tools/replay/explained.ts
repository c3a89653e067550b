/**
 * Answers that differ from recorded ones for a reason that is no defect. In: the name of an
 * interaction. Out: the reason, also told in docs/kubernetes-differences.md where users can notice.
 */

/** Beginnings of names, with why the answer is another one. */
const EXPLAINED: readonly (readonly [prefix: string, why: string])[] = [
  ["ipaddress-minimal/list-", "chosen addresses come in another order"],
  ["clusterrole-rich/get", "the server itself aggregates roles"],
  ["escalation/bind-denied", "the role admin has its rules from the start"],
  ["setup/configmaps", "descriptions are prose"],
  ["namespace/step-", "conditions come at once, and name the pods that are left"],
  ["namespace/watch", "a watch from now on sees nothing of what was"],
  ["scale/CustomResource/put-wrong-kind", "only the words differ"],
  ["status/Pod/main-put-drops-status", "recorded with a volume of a distribution"],
  ["crd-minimal/", "a definition is established at once"],
  ["crd-webhook-conversion/get", "a definition is established at once"],
  ["versions/crd-get", "a definition is established at once"],
  ["flowschema-", "a loop says at once whether the level is there"],
  ["answers/FlowSchema/", "a loop says at once whether the level is there"],
  ["status/FlowSchema/", "a loop says at once whether the level is there"],
  ["limit-continue/all-namespaces", "old tokens are not tracked: one config map less"],
  ["HorizontalPodAutoscaler/create-12/", "an empty list of an object is no list"],
  ["life/openapi-root", "operations have no descriptions"],
  ["rich/openapi", "operations have no descriptions"],
  ["life/after", "a definition without objects is gone at once"],
  ["life/at-once", "a definition is established at once"],
  ["life/use-", "a definition is established at once"],
  ["invalid/schema/", "a definition is established at once"],
  ["paths//.well-known/openid-configuration", "tokens are signed with ES256"],
  ["anonymous//.well-known/openid-configuration", "recorded with a role of a distribution"],
  ["subjectaccessreview/rules-", "recorded with a role of a distribution"],
  ["subjectaccessreview/nonresource", "several bindings allow it"],
  ["tokenreview/bad-jwt", "the token is not recorded"],
  ["content-type/protobuf-bad", "the bytes that were sent are not recorded"],
  ["methods/CONNECT2", "the HTTP parser refuses the method"],
  ["methods/BOGUS", "the HTTP parser refuses the method"],
  ["methods/get ", "the HTTP parser refuses the method"],
  ["accept/application/yaml;as=Table", "columns have no descriptions"],
  ["methods/POST /openapi/v3", "recorded with a group that had gone"],
  [
    "accept/application/json;as=APIGroupDiscoveryList;v=v2beta1",
    "recorded with a group that had gone",
  ],
  ["accept/application/json;as=APIGroupDiscoveryList;v=v3", "recorded with a group that had gone"],
  ["accept/application/xml /openapi/v3", "recorded with a group that had gone"],
];

/** What waits for controllers that are not there yet. */
const LATER: readonly string[] = [
  "deployment-Background/",
  "deployment-Foreground/",
  "deployment-Orphan/",
  "job/",
  "endpoints/",
  "quota/q-status",
];

export function reasonOf(name: string): string | undefined {
  if (LATER.some((prefix) => name.startsWith(prefix))) return "no controllers of workloads run yet";
  return EXPLAINED.find(([prefix]) => name.startsWith(prefix))?.[1];
}

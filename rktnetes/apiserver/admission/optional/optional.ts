/** The plug-ins that are off unless somebody asks for them. In: their names. Out: plug-ins. */
import { forbiddenFault } from "@rktnetes/api/status-fault";
import type { AdmissionPlugin } from "../admission.ts";
import type { PluginParts } from "../plugin-parts.ts";
import { nameOf } from "../subject.ts";
import { namespaceAutoProvision, namespaceExists } from "./namespaces.ts";
import { ownerReferences } from "./owner-references.ts";
import {
  ALWAYS_PULL_IMAGES,
  EXTENDED_RESOURCE_TOLERATION,
  LIMIT_POD_HARD_ANTI_AFFINITY_TOPOLOGY,
} from "./pods.ts";
import { podNodeSelector } from "./pod-node-selector.ts";
import { podTolerationRestriction } from "./pod-toleration-restriction.ts";
import { DENY_SERVICE_EXTERNAL_IPS } from "./service-external-ips.ts";

export function optionalPlugins(parts: PluginParts): readonly AdmissionPlugin[] {
  const { lookup, auth, kinds } = parts;
  return [
    { name: "AlwaysAdmit" },
    ALWAYS_DENY,
    ALWAYS_PULL_IMAGES,
    DENY_SERVICE_EXTERNAL_IPS,
    EXTENDED_RESOURCE_TOLERATION,
    LIMIT_POD_HARD_ANTI_AFFINITY_TOPOLOGY,
    namespaceAutoProvision(parts),
    namespaceExists(lookup),
    ownerReferences({ authorizer: auth.authorizer, kinds }),
    podNodeSelector(lookup),
    podTolerationRestriction(lookup),
  ];
}

const ALWAYS_DENY: AdmissionPlugin = {
  name: "AlwaysDeny",
  validate: (request) => {
    const why = "admission control is denying all modifications";
    throw forbiddenFault(request.resource.named, nameOf(request), why);
  },
};

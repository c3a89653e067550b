/** Services get no external addresses that they did not have before. */
import type { Service } from "@rktnetes/api/types/core-v1";
import type { AdmissionPlugin } from "../admission.ts";
import { refused, targetOf, typed } from "../subject.ts";

export const DENY_SERVICE_EXTERNAL_IPS: AdmissionPlugin = {
  name: "DenyServiceExternalIPs",
  validate: (request) => {
    if (targetOf(request) !== "/services" || request.object === undefined) return;
    const wanted = typed<Service>(request.object).spec?.externalIPs ?? [];
    const before =
      request.old === undefined ? [] : (typed<Service>(request.old).spec?.externalIPs ?? []);
    if (wanted.every((address) => before.includes(address))) return;
    throw refused(request, "Use of external IPs is denied by admission control.");
  },
};

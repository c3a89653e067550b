/** What pods do beyond their data: phase, class of service, and how long their processes have. */
import { podDefaults } from "../../defaults/pods.ts";
import { qualityOfService } from "../../defaults/quality-of-service.ts";
import type { JsonObject } from "../../schema/schema.ts";
import { podUpdateErrors } from "../../validate/pod/pod-update.ts";
import { annotationWarnings, podWarnings } from "../../validate/pod/warnings.ts";
import { podErrors } from "../../validate/pod/pod.ts";
import { findObject, objectAt, readList, readNumber, readObject, readText } from "../object-at.ts";
import { POD_SUBRESOURCES } from "./pod-subresources.ts";
import type { Strategy, WriteContext } from "../strategy.ts";

/** The first address stands in a field of its own, too. */
function addressDefaults(status: JsonObject): void {
  const first = readText(status, "podIP");
  const all = readList(status, "podIPs");
  const listed = readText(all[0] ?? {}, "ip");
  if (first !== "" && listed !== first) status["podIPs"] = [{ ip: first }];
  else if (first === "" && listed !== "") status["podIP"] = listed;
}

function setDefaults(pod: JsonObject): void {
  podDefaults(pod);
  const status = findObject(pod, "status");
  if (status !== undefined) addressDefaults(status);
}

/** Certificates of the cluster are not served as files: such a source is left empty. */
function dropBundles(spec: JsonObject): void {
  for (const volume of readList(spec, "volumes")) {
    for (const source of readList(readObject(volume, "projected"), "sources"))
      delete source["clusterTrustBundle"];
  }
}

function prepareForCreate(pod: JsonObject, { now }: WriteContext): void {
  const spec = objectAt(pod, "spec");
  dropBundles(spec);
  const status: JsonObject = { phase: "Pending", qosClass: qualityOfService(spec) };
  if (readList(spec, "schedulingGates").length > 0) {
    const condition = {
      type: "PodScheduled",
      status: "False",
      lastProbeTime: null,
      lastTransitionTime: now,
      reason: "SchedulingGated",
      message: "Scheduling is blocked due to non-empty scheduling gates",
    };
    status["conditions"] = [condition];
  }
  pod["status"] = status;
  if ((readNumber(spec, "terminationGracePeriodSeconds") ?? 0) < 0)
    spec["terminationGracePeriodSeconds"] = 1;
}

/** A pod that runs nowhere, or no longer, goes at once. */
function gracePeriodSeconds(pod: JsonObject, asked: number | undefined): number {
  const spec = readObject(pod, "spec");
  const own = spec["terminationGracePeriodSeconds"];
  const wished = asked ?? (typeof own === "number" ? own : 30);
  const phase = readText(readObject(pod, "status"), "phase");
  if (readText(spec, "nodeName") === "" || phase === "Succeeded" || phase === "Failed") return 0;
  return wished < 0 ? 1 : wished;
}

export const POD: Strategy = {
  setDefaults,
  prepareForCreate,
  earlyWarnings: annotationWarnings,
  validateCreate: podErrors,
  validateUpdate: podUpdateErrors,
  warnings: (pod, old) => (old === undefined ? podWarnings(pod) : []),
  gracePeriodSeconds,
  subresources: POD_SUBRESOURCES,
};

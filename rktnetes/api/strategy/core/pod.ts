/** What pods do beyond their data, as far as deletion needs it: how long their processes have. */
import type { JsonObject } from "../../schema/schema.ts";
import { podDefaults } from "../../defaults/pods.ts";
import { readObject, readText } from "../object-at.ts";
import type { Strategy } from "../strategy.ts";

/** A pod that runs nowhere, or no longer, goes at once. */
function gracePeriodSeconds(pod: JsonObject, asked: number | undefined): number {
  const spec = readObject(pod, "spec");
  const own = spec["terminationGracePeriodSeconds"];
  const wished = asked ?? (typeof own === "number" ? own : 30);
  const phase = readText(readObject(pod, "status"), "phase");
  if (readText(spec, "nodeName") === "" || phase === "Succeeded" || phase === "Failed") return 0;
  return wished < 0 ? 1 : wished;
}

export const POD: Strategy = { setDefaults: podDefaults, gracePeriodSeconds };

/**
 * Pods stay five minutes on a node that is not ready or not reachable, unless they say otherwise.
 */
import type { Pod, Toleration } from "@rktnetes/api/types/core-v1";
import type { AdmissionPlugin } from "./admission.ts";
import { targetOf, typed } from "./subject.ts";

const KEYS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
const SECONDS = 300;

export const DEFAULT_TOLERATION_SECONDS: AdmissionPlugin = {
  name: "DefaultTolerationSeconds",
  mutate: (request) => {
    if (targetOf(request) !== "/pods" || request.object === undefined) return;
    const { spec } = typed<Pod>(request.object);
    if (spec === undefined) return;
    const tolerations: Toleration[] = [...(spec.tolerations ?? [])];
    const missing = KEYS.filter((key) => !tolerations.some((each) => tolerates(each, key)));
    if (missing.length === 0) return;
    for (const key of missing) {
      const effect = "NoExecute";
      tolerations.push({ key, operator: "Exists", effect, tolerationSeconds: SECONDS });
    }
    spec.tolerations = tolerations;
  },
};

function tolerates({ key = "", effect = "" }: Toleration, taint: string): boolean {
  return (key === taint || key === "") && (effect === "NoExecute" || effect === "");
}

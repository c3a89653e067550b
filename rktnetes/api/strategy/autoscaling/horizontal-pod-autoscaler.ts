/** What autoscalers do beyond their data; the first version says less than the second. */
import { autoscalerDefaults, autoscalerDefaultsV1 } from "../../defaults/autoscaling.ts";
import { autoscalerErrors } from "../../validate/autoscaling/horizontal-pod-autoscaler.ts";
import type { Strategy } from "../strategy.ts";

const V2: Strategy = {
  setDefaults: autoscalerDefaults,
  validateCreate: autoscalerErrors,
  validateUpdate: autoscalerErrors,
};

export function autoscalerStrategy(version: string): Strategy {
  return version === "v1" ? { ...V2, setDefaults: autoscalerDefaultsV1 } : V2;
}

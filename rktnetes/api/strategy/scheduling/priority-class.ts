/** What priority classes do beyond their data. */
import { fill } from "../../defaults/fill.ts";
import { priorityClassErrors, priorityClassUpdateErrors } from "../../validate/core/small-kinds.ts";
import type { Strategy } from "../strategy.ts";

export const PRIORITY_CLASS: Strategy = {
  setDefaults: (priority) => fill(priority, "preemptionPolicy", "PreemptLowerPriority"),
  validateCreate: priorityClassErrors,
  validateUpdate: priorityClassUpdateErrors,
};

/** What priority classes do beyond their data. */
import { fill } from "../../defaults/fill.ts";
import { priorityClassErrors, priorityClassUpdateErrors } from "../../validate/core/small-kinds.ts";
import { objectAt } from "../object-at.ts";
import type { Strategy } from "../strategy.ts";

export const PRIORITY_CLASS: Strategy = {
  setDefaults: (priority) => fill(priority, "preemptionPolicy", "PreemptLowerPriority"),
  prepareForCreate: (priority) => {
    objectAt(priority, "metadata")["generation"] = 1;
  },
  validateCreate: priorityClassErrors,
  validateUpdate: priorityClassUpdateErrors,
};

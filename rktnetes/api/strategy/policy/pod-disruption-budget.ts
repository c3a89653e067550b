/** What disruption budgets do beyond their data. */
import { disruptionBudgetErrors } from "../../validate/core/small-kinds.ts";
import { pathSegmentName } from "../../validate/object-names.ts";
import type { Strategy } from "../strategy.ts";

export const DISRUPTION_BUDGET: Strategy = {
  nameProblems: pathSegmentName,
  validateCreate: disruptionBudgetErrors,
  validateUpdate: disruptionBudgetErrors,
};

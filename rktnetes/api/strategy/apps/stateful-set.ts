/** What stateful sets do beyond their data. */
import { statefulSetDefaults } from "../../defaults/apps.ts";
import { labelName } from "../../validate/object-names.ts";
import {
  statefulSetErrors,
  statefulSetStatusErrors,
  statefulSetUpdateErrors,
} from "../../validate/workloads/stateful-set.ts";
import type { Strategy } from "../strategy.ts";

export const STATEFUL_SET: Strategy = {
  nameProblems: labelName,
  setDefaults: statefulSetDefaults,
  validateCreate: statefulSetErrors,
  validateUpdate: statefulSetUpdateErrors,
  subresources: { status: { validateUpdate: statefulSetStatusErrors } },
};

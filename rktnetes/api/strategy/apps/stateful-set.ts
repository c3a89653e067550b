/** What stateful sets do beyond their data. */
import { statefulSetDefaults } from "../../defaults/apps.ts";
import type { JsonObject } from "../../schema/schema.ts";
import { labelName } from "../../validate/object-names.ts";
import {
  statefulSetErrors,
  statefulSetStatusErrors,
  statefulSetUpdateErrors,
} from "../../validate/workloads/stateful-set.ts";
import { changedTemplateWarnings } from "../template-warnings.ts";
import { readNumber, readObject } from "../object-at.ts";
import type { Strategy } from "../strategy.ts";

function statefulSetWarnings(set: JsonObject, old: JsonObject | undefined): readonly string[] {
  const limit = readNumber(readObject(set, "spec"), "revisionHistoryLimit") ?? 0;
  const why = "a negative value retains all historical revisions; a value >= 0 is recommended";
  const history = limit < 0 ? [`spec.revisionHistoryLimit: ${why}`] : [];
  return [...changedTemplateWarnings(set, old), ...history];
}

export const STATEFUL_SET: Strategy = {
  nameProblems: labelName,
  setDefaults: statefulSetDefaults,
  warnings: statefulSetWarnings,
  validateCreate: statefulSetErrors,
  validateUpdate: statefulSetUpdateErrors,
  subresources: { status: { validateUpdate: statefulSetStatusErrors } },
};

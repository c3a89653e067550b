/** What daemon sets do beyond their data: an annotation counts the changes of the template. */
import { daemonSetDefaults } from "../../defaults/apps.ts";
import { fill } from "../../defaults/fill.ts";
import type { JsonObject } from "../../schema/schema.ts";
import { isSameJson } from "../../values/same-json.ts";
import {
  daemonSetErrors,
  daemonSetStatusErrors,
  daemonSetUpdateErrors,
} from "../../validate/workloads/daemon-set.ts";
import { objectAt, readObject, readText } from "../object-at.ts";
import { changedTemplateWarnings } from "../template-warnings.ts";
import type { Strategy } from "../strategy.ts";

const GENERATION = "deprecated.daemonset.template.generation";

function annotationsOf(set: JsonObject): JsonObject {
  return objectAt(objectAt(set, "metadata"), "annotations");
}

export const DAEMON_SET: Strategy = {
  setDefaults: (set) => {
    daemonSetDefaults(set);
    fill(annotationsOf(set), GENERATION, "0");
  },
  prepareForCreate: (set) => {
    const annotations = annotationsOf(set);
    const given = Number(readText(annotations, GENERATION));
    annotations[GENERATION] = String(given < 1 ? 1 : given);
  },
  prepareForUpdate: (set, old) => {
    const before = Number(readText(annotationsOf(old), GENERATION));
    const template = readObject(readObject(set, "spec"), "template");
    const same = isSameJson(template, readObject(readObject(old, "spec"), "template"));
    annotationsOf(set)[GENERATION] = String(same ? before : before + 1);
  },
  warnings: changedTemplateWarnings,
  validateCreate: daemonSetErrors,
  validateUpdate: daemonSetUpdateErrors,
  subresources: { status: { validateUpdate: daemonSetStatusErrors } },
};

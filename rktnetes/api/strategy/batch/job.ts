/** What jobs do beyond their data: a selector of their own. */
import { jobDefaults } from "../../defaults/batch.ts";
import { fill } from "../../defaults/fill.ts";
import type { JsonObject } from "../../schema/schema.ts";
import { jobStatusErrors } from "../../validate/workloads/job-status.ts";
import { jobErrors, jobUpdateErrors } from "../../validate/workloads/job.ts";
import { objectAt, readObject, readText } from "../object-at.ts";
import { changedTemplateWarnings } from "../template-warnings.ts";
import type { Strategy } from "../strategy.ts";

const LABEL_MAX = 63;

/** Labels the job's pods so that nobody else's have the same labels. */
function ownSelector(job: JsonObject): void {
  const spec = objectAt(job, "spec");
  if (spec["manualSelector"] === true) return;
  const metadata = objectAt(job, "metadata");
  const uid = readText(metadata, "uid");
  const labels = objectAt(objectAt(objectAt(spec, "template"), "metadata"), "labels");
  for (const prefix of ["", "batch.kubernetes.io/"]) {
    fill(labels, `${prefix}job-name`, readText(metadata, "name"));
    fill(labels, `${prefix}controller-uid`, uid);
  }
  const selected = objectAt(objectAt(spec, "selector"), "matchLabels");
  fill(selected, "batch.kubernetes.io/controller-uid", uid);
  const isNamed = readText(metadata, "name").length <= LABEL_MAX;
  if (isNamed && Object.keys(readObject(metadata, "labels")).length === 0)
    metadata["labels"] = { ...labels };
}

export const JOB: Strategy = {
  setDefaults: jobDefaults,
  prepareForCreate: ownSelector,
  warnings: changedTemplateWarnings,
  validateCreate: jobErrors,
  validateUpdate: jobUpdateErrors,
  subresources: { status: { validateUpdate: jobStatusErrors } },
};

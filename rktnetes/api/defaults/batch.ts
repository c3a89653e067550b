/** Defaults of the group `batch`. In: decoded objects, changed in place. */
import type { JsonObject } from "../schema/schema.ts";
import { objectAt, readList, readObject } from "../strategy/object-at.ts";
import { templateLabels } from "./core.ts";
import { fill, fillAll } from "./fill.ts";
import { templateDefaults } from "./pods.ts";

const INT32_MAX = 2 ** 31 - 1;

export function jobDefaults(job: JsonObject): void {
  const spec = objectAt(job, "spec");
  templateDefaults(spec);
  if (spec["completions"] === undefined && spec["parallelism"] === undefined)
    spec["completions"] = 1;
  fillAll(spec, { parallelism: 1, completionMode: "NonIndexed", suspend: false });
  fill(spec, "backoffLimit", spec["backoffLimitPerIndex"] === undefined ? 6 : INT32_MAX);
  fill(spec, "manualSelector", false);
  const hasPolicy = spec["podFailurePolicy"] !== undefined;
  fill(spec, "podReplacementPolicy", hasPolicy ? "Failed" : "TerminatingOrFailed");
  for (const rule of readList(readObject(spec, "podFailurePolicy"), "rules")) {
    for (const pattern of readList(rule, "onPodConditions")) {
      if (pattern["status"] === "") delete pattern["status"];
      fill(pattern, "status", "True");
    }
  }
  const metadata = objectAt(job, "metadata");
  const labels = templateLabels(spec);
  if (labels !== undefined && Object.keys(readObject(metadata, "labels")).length === 0)
    metadata["labels"] = { ...labels };
}

export function cronJobDefaults(job: JsonObject): void {
  const spec = objectAt(job, "spec");
  templateDefaults(readObject(readObject(spec, "jobTemplate"), "spec"));
  fillAll(spec, { concurrencyPolicy: "Allow", suspend: false });
  fillAll(spec, { successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 });
}

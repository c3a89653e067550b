/** What is wrong with cron jobs. In: decoded objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { readObject, readText } from "../../strategy/object-at.ts";
import { scheduleProblem } from "../../values/cron.ts";
import { type Errors, nonNegativeErrors, nonNegativeFields, requiredChoice } from "../checks.ts";
import { type FieldError, invalid, notSupported, required } from "../field-error.ts";
import { jobSpecErrors } from "./job.ts";

/** Eleven letters are left for the time in the names of its jobs. */
const NAME_MAX = 52;

export function cronJobErrors(job: JsonObject): Errors {
  const name = readText(readObject(job, "metadata"), "name");
  const errors: FieldError[] = [...cronJobSpecErrors(job)];
  if (name.length > NAME_MAX) {
    const why = `must be no more than ${NAME_MAX} characters`;
    errors.push(invalid("metadata.name", name, why));
  }
  return errors;
}

/** Also of a changed one, whose name is as it is. */
export function cronJobSpecErrors(job: JsonObject): Errors {
  const spec = readObject(job, "spec");
  const policies = ["Allow", "Forbid", "Replace"];
  const made = readObject(readObject(spec, "jobTemplate"), "spec");
  const field = "spec.jobTemplate.spec";
  return [
    ...scheduleErrors(readText(spec, "schedule")),
    ...nonNegativeErrors("spec.startingDeadlineSeconds", spec["startingDeadlineSeconds"]),
    ...zoneErrors(spec["timeZone"]),
    ...requiredChoice("spec.concurrencyPolicy", spec["concurrencyPolicy"], policies),
    ...jobSpecErrors(made, field),
    ...manualErrors(made, `${field}.manualSelector`),
    ...nonNegativeFields(spec, "spec", ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"]),
  ];
}

function scheduleErrors(schedule: string): Errors {
  const field = "spec.schedule";
  if (schedule === "") return [required(field)];
  if (schedule.includes("TZ")) {
    const why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
    return [invalid(field, schedule, why)];
  }
  const problem = scheduleProblem(schedule);
  return problem === undefined ? [] : [invalid(field, schedule, problem)];
}

function zoneErrors(zone: unknown): Errors {
  const field = "spec.timeZone";
  if (typeof zone !== "string") return [];
  if (zone === "") return [invalid(field, zone, "timeZone must be nil or non-empty string")];
  if (zone.toLowerCase() === "local") {
    const why =
      "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
    return [invalid(field, zone, why)];
  }
  return isZone(zone) ? [] : [invalid(field, zone, `unknown time zone ${zone}`)];
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

function manualErrors(spec: JsonObject, field: string): Errors {
  return spec["manualSelector"] === true ? [notSupported(field, true, ["nil", "false"])] : [];
}

/**
 * What is wrong with the status of a job. In: the job and what it was. Out: field errors in
 * Kubernetes' order: only for what this write changes, and about conditions that end a job. Pure.
 */
import type { Json, JsonObject } from "../../schema/schema.ts";
import {
  findObject,
  readList,
  readNumber,
  readObject,
  readText,
} from "../../strategy/object-at.ts";
import { isSameJson } from "../../values/same-json.ts";
import { type Errors, nonNegativeFields } from "../checks.ts";
import { duplicate, type FieldError, invalid, invalidWhole, required } from "../field-error.ts";

const COUNTS = ["active", "succeeded", "failed", "ready", "terminating"] as const;

export function jobStatusErrors(job: JsonObject, old: JsonObject): Errors {
  const [now, before] = [readObject(job, "status"), readObject(old, "status")];
  const change: StatusChange = {
    now,
    before,
    changed: (name) => !isSameJson(now[name] ?? null, before[name] ?? null),
    turned: (...types) =>
      types.some((type) => isTrue(now, type)) !== types.some((type) => isTrue(before, type)),
  };
  return [
    ...nonNegativeFields(now, "status", COUNTS),
    ...bothErrors(change, "Complete", "Failed"),
    ...bothErrors(change, "Complete", "FailureTarget"),
    ...completionErrors(change),
    ...withoutErrors(change, "Failed", "FailureTarget"),
    ...withoutErrors(change, "Complete", "SuccessCriteriaMet"),
    ...finishedErrors(change),
    ...bothErrors(change, "SuccessCriteriaMet", "Failed"),
    ...bothErrors(change, "SuccessCriteriaMet", "FailureTarget"),
    ...uncountedErrors(now),
    ...decreaseErrors(change),
  ];
}

interface StatusChange {
  readonly now: JsonObject;
  readonly before: JsonObject;
  readonly changed: (name: string) => boolean;
  /** Whether one of these conditions holds now and did not, or the other way round. */
  readonly turned: (...types: readonly string[]) => boolean;
}

function isTrue(status: JsonObject, type: string): boolean {
  return readList(status, "conditions").some(
    (each) => readText(each, "type") === type && readText(each, "status") === "True",
  );
}

function conditionError(why: string): FieldError {
  return invalidWhole("status.conditions", why);
}

function bothErrors({ now, turned }: StatusChange, one: string, other: string): Errors {
  if (!turned(one) && !turned(other)) return [];
  if (!isTrue(now, one) || !isTrue(now, other)) return [];
  return [conditionError(`cannot set ${one}=True and ${other}=true conditions`)];
}

function withoutErrors({ now, turned }: StatusChange, one: string, first: string): Errors {
  if (!turned(one) || !isTrue(now, one) || isTrue(now, first)) return [];
  return [conditionError(`cannot set ${one}=True condition without the ${first}=true condition`)];
}

function completionErrors({ now, changed, turned }: StatusChange): Errors {
  const errors: FieldError[] = [];
  const { startTime, completionTime } = now;
  const isComplete = isTrue(now, "Complete");
  const isAsked = turned("Complete") || changed("completionTime");
  const field = "status.completionTime";
  if (isAsked && completionTime !== undefined && !isComplete) {
    const why = "cannot set completionTime when there is no Complete=True condition";
    errors.push(invalid(field, completionTime, why));
  }
  if (isAsked && completionTime === undefined && isComplete)
    errors.push(required(field, "completionTime is required for Complete jobs"));
  const isTimed = changed("completionTime") || changed("startTime");
  if (isTimed && isBefore(completionTime, startTime))
    errors.push(invalid(field, completionTime, "completionTime cannot be set before startTime"));
  return errors;
}

function isBefore(time: Json | undefined, other: Json | undefined): boolean {
  return typeof time === "string" && typeof other === "string" && time < other;
}

function finishedErrors({ now, changed, turned }: StatusChange): Errors {
  const errors: FieldError[] = [];
  const count = (name: string): number => readNumber(now, name) ?? 0;
  if (isTrue(now, "Complete") || isTrue(now, "Failed")) {
    const isAsked = (name: string): boolean => turned("Complete", "Failed") || changed(name);
    const running = (name: string): void => {
      if (isAsked(name) && count(name) > 0) errors.push(stillRunning(name, now[name]));
    };
    running("active");
    if (isAsked("startTime") && now["startTime"] === undefined)
      errors.push(required("status.startTime", "startTime is required for finished job"));
    const { uncountedTerminatedPods: pods } = now;
    if (isAsked("uncountedTerminatedPods") && uncountedIn(now).some(([, uids]) => uids.length > 0))
      errors.push(invalid("status.uncountedTerminatedPods", pods, NOT_EMPTY));
    running("terminating");
  }
  if ((changed("ready") || changed("active")) && count("ready") > count("active"))
    errors.push(invalid("status.ready", count("ready"), "cannot set more ready pods than active"));
  return errors;
}

const NOT_EMPTY = "uncountedTerminatedPods needs to be empty for finished job";

function stillRunning(name: string, value: Json | undefined): FieldError {
  return invalid(`status.${name}`, value, `${name}>0 is invalid for finished job`);
}

/** Pods that ended, and that the counters do not have yet. */
function uncountedIn(status: JsonObject): readonly (readonly [string, readonly Json[]])[] {
  const uncounted = findObject(status, "uncountedTerminatedPods") ?? {};
  return ["succeeded", "failed"].map((name) => {
    const uids = uncounted[name];
    return [name, Array.isArray(uids) ? uids : []];
  });
}

function uncountedErrors(status: JsonObject): Errors {
  const seen = new Set<Json>();
  return uncountedIn(status).flatMap(([name, uids]) =>
    uids.flatMap((uid, at) => {
      const field = `status.uncountedTerminatedPods.${name}[${at}]`;
      if (uid === "") return [invalid(field, uid, "must not be empty")];
      if (seen.has(uid)) return [duplicate(field, uid)];
      seen.add(uid);
      return [];
    }),
  );
}

/** What ended stays so, and what was counted stays counted. */
function decreaseErrors({ now, before }: StatusChange): Errors {
  const ended = ["Failed", "Complete", "FailureTarget"]
    .filter((type) => isTrue(before, type) && !isTrue(now, type))
    .map((type) => conditionError(`cannot disable the terminal ${type}=True condition`));
  const counted = ["failed", "succeeded"]
    .filter((name) => (readNumber(now, name) ?? 0) < (readNumber(before, name) ?? 0))
    .map((name) =>
      invalid(`status.${name}`, readNumber(now, name) ?? 0, `cannot decrease the ${name} counter`),
    );
  return [...ended, ...counted];
}

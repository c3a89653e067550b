/** What is wrong with events. In: decoded objects of either group. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { readObject, readText } from "../../strategy/object-at.ts";
import { type Errors, qualifiedNameErrors } from "../checks.ts";
import { type FieldError, invalid, required } from "../field-error.ts";

/** How the two groups call the same things. */
export interface EventFields {
  readonly about: string;
  readonly reporter: string;
  readonly reporterInstance: string;
}

export const CORE_EVENT: EventFields = {
  about: "involvedObject",
  reporter: "reportingComponent",
  reporterInstance: "reportingInstance",
};

export const GROUP_EVENT: EventFields = {
  about: "regarding",
  reporter: "reportingController",
  reporterInstance: "reportingInstance",
};

const TEXT_MAX = 128;

export function eventErrors(event: JsonObject, fields: EventFields): Errors {
  const own = readText(readObject(event, "metadata"), "namespace");
  const about = readText(readObject(event, fields.about), "namespace");
  const errors: FieldError[] = [];
  const isFree = about === "" && (own === "default" || own === "kube-system");
  if (about !== own && !isFree)
    errors.push(invalid("involvedObject.namespace", about, "does not match event.namespace"));
  if (event["eventTime"] === undefined || event["eventTime"] === null) return errors;
  return [...errors, ...reportErrors(event, fields)];
}

function reportErrors(event: JsonObject, { reporter, reporterInstance }: EventFields): Errors {
  const errors: FieldError[] = [];
  const controller = readText(event, reporter);
  if (controller === "") errors.push(required(reporter));
  errors.push(...qualifiedNameErrors(reporter, controller));
  for (const name of [reporterInstance, "action", "reason"]) {
    const text = readText(event, name);
    if (text === "") errors.push(required(name));
    if (text.length > TEXT_MAX)
      errors.push(invalid(name, "", `can have at most ${TEXT_MAX} characters`));
  }
  return errors;
}

/** What is wrong with replication controllers and pod templates. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readObject } from "../../strategy/object-at.ts";
import { type Errors, nonNegativeFields } from "../checks.ts";
import { type FieldError, required } from "../field-error.ts";
import { labelsMatchErrors, runningTemplateErrors, templateErrors } from "./template.ts";

export function replicationControllerErrors(controller: JsonObject): Errors {
  const spec = readObject(controller, "spec");
  const labels = readObject(spec, "selector");
  const isSelecting = Object.keys(labels).length > 0;
  const errors: FieldError[] = [...nonNegativeFields(spec, "spec", ["minReadySeconds"])];
  if (!isSelecting) errors.push(required("spec.selector"));
  errors.push(...nonNegativeFields(spec, "spec", ["replicas"]));
  const template = findObject(spec, "template");
  if (template === undefined) return [...errors, required("spec.template")];
  const selector = { matchLabels: labels };
  return [
    ...errors,
    ...(isSelecting ? labelsMatchErrors(selector, template, "spec.template") : []),
    ...runningTemplateErrors(template, "spec.template", "ReplicationController"),
  ];
}

export function podTemplateErrors(object: JsonObject): Errors {
  return templateErrors(readObject(object, "template"), "template");
}

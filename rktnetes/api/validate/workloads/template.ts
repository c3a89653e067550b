/**
 * What is wrong with the template that a controller makes pods from, and with the selector that
 * finds them again. In: a decoded spec. Out: field errors. Pure.
 */
import type { JsonObject } from "../../schema/schema.ts";
import { selectsLabels } from "../../selectors/object-selector.ts";
import { findObject, readList, readObject, readText } from "../../strategy/object-at.ts";
import {
  type Errors,
  hasSelector,
  inKeyOrder,
  labelSelectorErrors,
  shownSelector,
} from "../checks.ts";
import { type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";
import { annotationsErrors, labelsErrors } from "../object-meta.ts";
import { podSpecErrors } from "../pod/pod-spec.ts";

/** Of any template. */
export function templateErrors(template: JsonObject, field: string): Errors {
  const metadata = readObject(template, "metadata");
  const spec = readObject(template, "spec");
  const errors = [
    ...labelsErrors(readObject(metadata, "labels"), `${field}.labels`),
    ...annotationsErrors(readObject(metadata, "annotations"), `${field}.annotations`),
    ...podSpecErrors(spec, `${field}.spec`),
  ];
  if (readList(spec, "ephemeralContainers").length > 0) {
    const why = "ephemeral containers not allowed in pod template";
    errors.push(forbidden(`${field}.spec.ephemeralContainers`, why));
  }
  return errors;
}

/** Of a template whose pods run until somebody stops them. */
export function runningTemplateErrors(template: JsonObject, field: string, kind: string): Errors {
  const spec = readObject(template, "spec");
  const errors: FieldError[] = [...templateErrors(template, field)];
  const policy = readText(spec, "restartPolicy");
  if (policy !== "Always" && policy !== "")
    errors.push(notSupported(`${field}.spec.restartPolicy`, policy, ["Always"]));
  if (spec["activeDeadlineSeconds"] !== undefined) {
    const why = `activeDeadlineSeconds in ${kind} is not Supported`;
    errors.push(forbidden(`${field}.spec.activeDeadlineSeconds`, why));
  }
  return errors;
}

/** The selector must find what the template makes. */
export function labelsMatchErrors(
  selector: JsonObject | undefined,
  template: JsonObject,
  field: string,
): Errors {
  const labels = findObject(readObject(template, "metadata"), "labels");
  if (selectsLabels(selector, labels ?? {})) return [];
  const why = "`selector` does not match template `labels`";
  return [invalid(`${field}.metadata.labels`, labels && inKeyOrder(labels), why)];
}

/** Of a controller that must have a selector: its selector and its template. */
export interface SelectorRules {
  /** Stands in messages about an empty selector: `deployment`. */
  readonly name: string;
  /** Stands in messages about the template: `ReplicaSet`. */
  readonly kind: string;
  readonly wrongSelector: string;
}

export function selectorErrors(spec: JsonObject, rules: SelectorRules): Errors {
  const field = "spec.selector";
  const selector = findObject(spec, "selector");
  if (selector === undefined) return [required(field)];
  const errors = [...labelSelectorErrors(selector, field)];
  if (!hasSelector(selector))
    errors.push(invalid(field, selector, `empty selector is invalid for ${rules.name}`));
  return errors;
}

/** A selector that nobody can read leaves the template unread. */
export function selectedTemplateErrors(spec: JsonObject, rules: SelectorRules): Errors {
  const selector = findObject(spec, "selector");
  if (selector !== undefined && labelSelectorErrors(selector, "").length > 0)
    return [invalid("spec.selector", shownSelector(selector), rules.wrongSelector)];
  const template = readObject(spec, "template");
  return [
    ...labelsMatchErrors(selector, template, "spec.template"),
    ...runningTemplateErrors(template, "spec.template", rules.kind),
  ];
}

/** What an autoscaler looks at. In: decoded metrics. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readNumber, readObject, readText } from "../../strategy/object-at.ts";
import { pathSegmentProblems } from "../../values/names.ts";
import { compareQuantities, parseQuantity } from "../../values/quantity.ts";
import { type Errors, labelSelectorErrors, problemErrors } from "../checks.ts";
import { type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";
import { targetErrors } from "./target-reference.ts";

const TYPES = ["ContainerResource", "External", "Object", "Pods", "Resource"] as const;
const TARGETS = ["AverageValue", "Utilization", "Value"] as const;

type SourceCheck = (source: JsonObject, field: string) => Errors;

const SOURCES: Readonly<Record<string, readonly [field: string, check: SourceCheck]>> = {
  Resource: ["resource", resourceErrors],
  ContainerResource: ["containerResource", containerErrors],
  Pods: ["pods", podsErrors],
  Object: ["object", objectErrors],
  External: ["external", externalErrors],
};

export function metricErrors(metric: JsonObject, field: string): Errors {
  const type = readText(metric, "type");
  const errors: FieldError[] = [];
  if (type === "") errors.push(required(`${field}.type`, "must specify a metric source type"));
  const own = Object.hasOwn(SOURCES, type) ? SOURCES[type] : undefined;
  const unknown = notSupported(`${field}.type`, type, TYPES);
  if (own === undefined) return [...errors, unknown, unknown];
  for (const [name, check] of Object.values(SOURCES)) {
    const source = findObject(metric, name);
    if (source === undefined) continue;
    if (name !== own[0])
      errors.push(forbidden(`${field}.${name}`, "must populate the given metric source only"));
    errors.push(...check(source, `${field}.${name}`));
  }
  if (findObject(metric, own[0]) === undefined) {
    const why = "must populate information for the given metric source";
    errors.push(required(`${field}.${own[0]}`, why));
  }
  return errors;
}

function resourceErrors(source: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  if (readText(source, "name") === "")
    errors.push(required(`${field}.name`, "must specify a resource name"));
  return [...errors, ...shareErrors(readObject(source, "target"), `${field}.target`)];
}

function containerErrors(source: JsonObject, field: string): Errors {
  const errors = [...resourceErrors(source, field)];
  if (readText(source, "container") === "")
    errors.unshift(required(`${field}.container`, "must specify a container"));
  return errors;
}

function shareErrors(target: JsonObject, field: string): Errors {
  const errors: FieldError[] = [...amountErrors(target, field)];
  const hasShare = target["averageUtilization"] !== undefined;
  const hasValue = target["averageValue"] !== undefined;
  if (!hasShare && !hasValue) {
    const why = "must set either a target raw value or a target utilization";
    errors.push(required(`${field}.averageUtilization`, why));
  }
  if (hasShare && hasValue) {
    const why = "may not set both a target raw value and a target utilization";
    errors.push(forbidden(`${field}.averageValue`, why));
  }
  return errors;
}

function amountErrors(target: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  const type = readText(target, "type");
  if (type === "") errors.push(required(`${field}.type`, "must specify a metric target type"));
  if (!TARGETS.some((one) => one === type))
    errors.push(
      invalid(`${field}.type`, type, "must be either Utilization, Value, or AverageValue"),
    );
  for (const name of ["value", "averageValue"]) {
    const amount = target[name];
    if (typeof amount === "string" && compareQuantities(parseQuantity(amount), 0n) <= 0)
      errors.push(invalid(`${field}.${name}`, amount, "must be positive"));
  }
  const share = readNumber(target, "averageUtilization");
  if (share !== undefined && share < 1)
    errors.push(invalid(`${field}.averageUtilization`, share, "must be greater than 0"));
  return errors;
}

function identifierErrors(source: JsonObject, field: string): Errors {
  const metric = readObject(source, "metric");
  const name = readText(metric, "name");
  const errors: FieldError[] = [];
  const path = `${field}.metric`;
  if (name === "") errors.push(required(`${path}.name`, "must specify a metric name"));
  else errors.push(...problemErrors(`${path}.name`, name, pathSegmentProblems(name)));
  const selector = findObject(metric, "selector");
  if (selector !== undefined) errors.push(...labelSelectorErrors(selector, `${path}.selector`));
  return errors;
}

function podsErrors(source: JsonObject, field: string): Errors {
  const target = readObject(source, "target");
  const errors: FieldError[] = [
    ...identifierErrors(source, field),
    ...amountErrors(target, `${field}.target`),
  ];
  if (target["averageValue"] === undefined) {
    const why = "must specify a positive target averageValue";
    errors.push(required(`${field}.target.averageValue`, why));
  }
  return errors;
}

function objectErrors(source: JsonObject, field: string): Errors {
  const target = readObject(source, "target");
  const errors: FieldError[] = [
    ...targetErrors(readObject(source, "describedObject"), `${field}.describedObject`),
    ...identifierErrors(source, field),
    ...amountErrors(target, `${field}.target`),
  ];
  if (target["value"] === undefined && target["averageValue"] === undefined) {
    const why = "must set either a target value or averageValue";
    errors.push(required(`${field}.target.averageValue`, why));
  }
  return errors;
}

function externalErrors(source: JsonObject, field: string): Errors {
  const target = readObject(source, "target");
  const errors: FieldError[] = [
    ...identifierErrors(source, field),
    ...amountErrors(target, `${field}.target`),
  ];
  const hasValue = target["value"] !== undefined;
  const hasAverage = target["averageValue"] !== undefined;
  if (!hasValue && !hasAverage) {
    const why = "must set either a target value for metric or a per-pod target";
    errors.push(required(`${field}.target.averageValue`, why));
  }
  if (hasValue && hasAverage) {
    const why = "may not set both a target value for metric and a per-pod target";
    errors.push(forbidden(`${field}.target.value`, why));
  }
  return errors;
}

/** What is wrong with what drivers say of their devices. In: decoded objects. Out: field errors. */
import type { JsonObject } from "../../schema/schema.ts";
import {
  findObject,
  readList,
  readNumber,
  readObject,
  readText,
} from "../../strategy/object-at.ts";
import { type Errors, immutableErrors, labelErrors, subdomainErrors } from "../checks.ts";
import { duplicate, type FieldError, invalid, required, tooLong, tooMany } from "../field-error.ts";
import { nodeSelectorErrors } from "../pod/affinity.ts";
import { driverNameErrors } from "../pod/volumes.ts";

const POOL_NAME_MAX = 253;
const DEVICES_MAX = 128;
const PLACES = ["nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"];

export function sliceErrors(slice: JsonObject): Errors {
  const spec = readObject(slice, "spec");
  return [
    ...driverNameErrors("spec.driver", readText(spec, "driver")),
    ...poolErrors(readObject(spec, "pool")),
    ...placeErrors(spec),
    ...deviceErrors(spec),
  ];
}

export function sliceUpdateErrors(slice: JsonObject, old: JsonObject): Errors {
  const [spec, before] = [readObject(slice, "spec"), readObject(old, "spec")];
  const pool = (of: JsonObject): string => readText(readObject(of, "pool"), "name");
  return [
    ...sliceErrors(slice),
    ...immutableErrors("spec.pool.name", pool(spec), pool(before)),
    ...immutableErrors("spec.driver", spec["driver"], before["driver"]),
    ...immutableErrors("spec.nodeName", spec["nodeName"], before["nodeName"]),
  ];
}

function poolErrors(pool: JsonObject): Errors {
  const name = readText(pool, "name");
  const field = "spec.pool";
  const errors: FieldError[] = [];
  if (name === "") errors.push(required(`${field}.name`));
  else {
    if (name.length > POOL_NAME_MAX) errors.push(tooLong(`${field}.name`, POOL_NAME_MAX));
    for (const part of name.split("/")) errors.push(...subdomainErrors(`${field}.name`, part));
  }
  const count = readNumber(pool, "resourceSliceCount") ?? 0;
  const why = "must be greater than zero";
  if (count <= 0) errors.push(invalid(`${field}.resourceSliceCount`, count, why));
  const generation = readNumber(pool, "generation") ?? 0;
  if (generation < 0) {
    const least = "must be greater than or equal to zero";
    errors.push(invalid(`${field}.generation`, generation, least));
  }
  return errors;
}

/** Where the devices are: one way of saying it, and no other. */
function placeErrors(spec: JsonObject): Errors {
  const errors: FieldError[] = [];
  const set: string[] = [];
  for (const name of PLACES) {
    const value = spec[name];
    if (value === undefined) continue;
    const field = `spec.${name}`;
    if (value === "")
      errors.push(invalid(field, value, "must be either unset or set to a non-empty string"));
    else if (value === false)
      errors.push(invalid(field, value, "must be either unset or set to true"));
    else set.push(`\`${name}\``);
    if (typeof value === "string" && value !== "") errors.push(...subdomainErrors(field, value));
  }
  const selector = findObject(spec, "nodeSelector");
  if (selector !== undefined) errors.push(...nodeSelectorErrors(selector, "spec.nodeSelector"));
  const all = PLACES.map((name) => `\`${name}\``).join(", ");
  if (set.length === 0) errors.push(required("spec", `exactly one of ${all} is required`));
  if (set.length > 1) {
    const why = `exactly one of ${all} is required, but multiple fields are set`;
    errors.push(invalid("spec", `{${set.join(", ")}}`, why));
  }
  return errors;
}

function deviceErrors(spec: JsonObject): Errors {
  const devices = readList(spec, "devices");
  const errors: FieldError[] = [];
  if (spec["sharedCounters"] !== undefined && spec["devices"] !== undefined)
    errors.push(invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed"));
  if (devices.length > DEVICES_MAX)
    errors.push(tooMany("spec.devices", devices.length, DEVICES_MAX));
  const names = devices.map((device) => readText(device, "name"));
  for (const [at, name] of names.entries()) {
    const field = `spec.devices[${at}]`;
    errors.push(...labelErrors(`${field}.name`, name));
    if (names.indexOf(name) < at) errors.push(duplicate(field, name));
  }
  return errors;
}

/** Where containers see volumes. In: a decoded container, the pod's volumes. Out: field errors. */
import type { JsonObject } from "../../schema/schema.ts";
import { readList, readObject, readText } from "../../strategy/object-at.ts";
import { choiceErrors, type Errors } from "../checks.ts";
import { type FieldError, forbidden, invalid, notFound, required } from "../field-error.ts";
import { descendingPathErrors, noBackstepErrors } from "../paths.ts";

/** Volumes of the pod that are right, by name. */
export type Volumes = ReadonlyMap<string, JsonObject>;

export function mountErrors(container: JsonObject, field: string, volumes: Volumes): Errors {
  const whole = `${field}.volumeMounts`;
  const devices = readList(container, "volumeDevices");
  const seen = new Set<string>();
  return readList(container, "volumeMounts").flatMap((mount, at) => {
    const path = `${whole}[${at}]`;
    const name = readText(mount, "name");
    const target = readText(mount, "mountPath");
    const errors: FieldError[] = [];
    if (name === "") errors.push(required(`${path}.name`));
    if (!volumes.has(name)) errors.push(notFound(`${path}.name`, name));
    if (target === "") errors.push(required(`${path}.mountPath`));
    if (seen.has(target)) errors.push(invalid(`${path}.mountPath`, target, "must be unique"));
    seen.add(target);
    if (devices.some((device) => device["name"] === name))
      errors.push(invalid(`${path}.name`, name, "must not already exist in volumeDevices"));
    if (devices.some((device) => device["devicePath"] === target)) {
      const why = "must not already exist as a path in volumeDevices";
      errors.push(invalid(`${path}.mountPath`, target, why));
    }
    errors.push(...subPathErrors(mount, whole, path));
    errors.push(...propagationErrors(container, mount, whole));
    errors.push(...recursiveErrors(mount, `${path}.recursiveReadOnly`));
    return errors;
  });
}

function subPathErrors(mount: JsonObject, whole: string, path: string): Errors {
  const subPath = readText(mount, "subPath");
  const expression = readText(mount, "subPathExpr");
  const errors = [...descendingPathErrors(`${whole}.subPath`, subPath)];
  if (expression === "") return errors;
  if (subPath !== "") {
    const why = "subPathExpr and subPath are mutually exclusive";
    errors.push(invalid(`${path}.subPathExpr`, expression, why));
  }
  return [...errors, ...descendingPathErrors(`${whole}.subPathExpr`, expression)];
}

const PROPAGATIONS = ["Bidirectional", "HostToContainer", "None"] as const;

function propagationErrors(container: JsonObject, mount: JsonObject, whole: string): Errors {
  const field = `${whole}.mountPropagation`;
  const propagation = mount["mountPropagation"];
  const errors = choiceErrors(field, propagation, PROPAGATIONS);
  const isPrivileged = readObject(container, "securityContext")["privileged"] === true;
  if (propagation !== "Bidirectional" || isPrivileged) return errors;
  const why = "Bidirectional mount propagation is available only to privileged containers";
  return [forbidden(field, why)];
}

function recursiveErrors(mount: JsonObject, field: string): Errors {
  const mode = mount["recursiveReadOnly"];
  if (mode === undefined || mode === "Disabled") return [];
  const choices = ["Disabled", "Enabled", "IfPossible"];
  const errors = [...choiceErrors(field, mode, choices)];
  if (errors.length > 0) return errors;
  if (mount["readOnly"] !== true)
    errors.push(forbidden(field, "may only be specified when readOnly is true"));
  if (mount["mountPropagation"] !== undefined && mount["mountPropagation"] !== "None") {
    const why = "may only be specified when mountPropagation is None or not specified";
    errors.push(forbidden(field, why));
  }
  return errors;
}

export function deviceErrors(container: JsonObject, field: string, volumes: Volumes): Errors {
  const mounts = readList(container, "volumeMounts");
  const names = new Set<string>();
  const paths = new Set<string>();
  return readList(container, "volumeDevices").flatMap((device, at) => {
    const path = `${field}.volumeDevices[${at}]`;
    const name = readText(device, "name");
    const target = readText(device, "devicePath");
    const errors: FieldError[] = [];
    if (name === "") errors.push(required(`${path}.name`));
    if (names.has(name)) errors.push(invalid(`${path}.name`, name, "must be unique"));
    const volume = volumes.get(name);
    if (volume !== undefined && !isClaim(volume)) errors.push(invalid(`${path}.name`, name, BLOCK));
    if (volume === undefined) errors.push(notFound(`${path}.name`, name));
    if (target === "") errors.push(required(`${path}.devicePath`));
    if (paths.has(target)) errors.push(invalid(`${path}.devicePath`, target, "must be unique"));
    errors.push(...noBackstepErrors(`${path}.devicePath`, target));
    if (mounts.some((mount) => mount["name"] === name))
      errors.push(invalid(`${path}.name`, name, "must not already exist in volumeMounts"));
    if (mounts.some((mount) => mount["mountPath"] === target)) {
      const why = "must not already exist as a path in volumeMounts";
      errors.push(invalid(`${path}.devicePath`, target, why));
    }
    names.add(name);
    paths.add(target);
    return errors;
  });
}

const BLOCK =
  "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";

function isClaim(volume: JsonObject): boolean {
  return volume["persistentVolumeClaim"] !== undefined || volume["ephemeral"] !== undefined;
}

/** What is wrong with persistent volumes. In: decoded objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readObject, readText, readTexts } from "../../strategy/object-at.ts";
import { compareQuantities, parseQuantity } from "../../values/quantity.ts";
import {
  choiceErrors,
  type Errors,
  immutableErrors,
  requiredText,
  subdomainErrors,
} from "../checks.ts";
import { type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";
import { internalForm } from "../internal-form.ts";
import { noBackstepErrors } from "../paths.ts";
import { accessModeErrors, VOLUME_MODES } from "../persistent-volume-claim.ts";
import { nodeSelectorErrors } from "../pod/affinity.ts";
import { unifiedDiff } from "../pod/spec-diff.ts";
import { driverNameErrors, hostPathErrors, nfsErrors } from "../pod/volumes.ts";

const RECLAIM = ["Delete", "Recycle", "Retain"];

/** Where the bytes of a volume are; one of these. */
const SOURCES = [
  "hostPath",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "glusterfs",
  "flocker",
  "nfs",
  "rbd",
  "quobyte",
  "cephfs",
  "iscsi",
  "cinder",
  "fc",
  "flexVolume",
  "azureFile",
  "vsphereVolume",
  "photonPersistentDisk",
  "portworxVolume",
  "azureDisk",
  "scaleIO",
  "local",
  "storageos",
  "csi",
] as const;

export function persistentVolumeErrors(volume: JsonObject): Errors {
  const spec = readObject(volume, "spec");
  const modes = readTexts(spec, "accessModes");
  const errors: FieldError[] = [];
  if (modes.length === 0) errors.push(required("spec.accessModes"));
  errors.push(...accessModeErrors(modes, "spec.accessModes"));
  errors.push(...capacityErrors(readObject(spec, "capacity")));
  const policy = spec["persistentVolumeReclaimPolicy"];
  errors.push(...choiceErrors("spec.persistentVolumeReclaimPolicy", policy, RECLAIM));
  errors.push(...affinityErrors(findObject(spec, "nodeAffinity")));
  errors.push(...sourceErrors(spec, "spec"));
  const hostPath = readText(readObject(spec, "hostPath"), "path");
  if (hostPath === "/" && policy === "Recycle")
    errors.push(
      forbidden(
        "spec.persistentVolumeReclaimPolicy",
        "may not be 'recycle' for a hostPath mount of '/'",
      ),
    );
  const className = readText(spec, "storageClassName");
  if (className !== "") errors.push(...subdomainErrors("spec.storageClassName", className));
  errors.push(...choiceErrors("spec.volumeMode", spec["volumeMode"], VOLUME_MODES));
  return errors;
}

function capacityErrors(capacity: JsonObject): Errors {
  const field = "spec.capacity";
  const names = Object.keys(capacity);
  const errors: FieldError[] = [];
  if (names.length === 0) errors.push(required(field));
  if (names.length !== 1 || capacity["storage"] === undefined) {
    const shown = names.length === 0 ? null : sorted(capacity);
    errors.push(notSupported(field, shown, ["storage"]));
  }
  const storage = capacity["storage"];
  if (typeof storage === "string" && compareQuantities(parseQuantity(storage), 0n) <= 0)
    errors.push(invalid(`${field}[storage]`, storage, "must be greater than zero"));
  return errors;
}

function sorted(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function affinityErrors(affinity: JsonObject | undefined): Errors {
  if (affinity === undefined) return [];
  const field = "spec.nodeAffinity.required";
  const selector = findObject(affinity, "required");
  if (selector === undefined) return [required(field, "must specify required node constraints")];
  return nodeSelectorErrors(selector, field);
}

function sourceErrors(spec: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  let count = 0;
  for (const name of SOURCES) {
    const source = findObject(spec, name);
    if (source === undefined) continue;
    const where = `${field}.${name}`;
    if (++count > 1) errors.push(forbidden(where, "may not specify more than 1 volume type"));
    else errors.push(...oneSourceErrors(name, source, where));
  }
  if (count === 0) errors.push(required(field, "must specify a volume type"));
  if (spec["local"] !== undefined && spec["nodeAffinity"] === undefined)
    errors.push(required(`${field}.nodeAffinity`, "Local volume requires node affinity"));
  return errors;
}

function oneSourceErrors(name: string, source: JsonObject, field: string): Errors {
  switch (name) {
    case "hostPath":
      return hostPathErrors(source, field);
    case "nfs":
      return nfsErrors(source, field);
    case "local": {
      const path = readText(source, "path");
      if (path === "") return [required(`${field}.path`)];
      return noBackstepErrors(`${field}.path`, path);
    }
    case "csi":
      return [
        ...driverNameErrors(`${field}.driver`, readText(source, "driver")),
        ...requiredText(source, field, "volumeHandle"),
      ];
    default:
      return [];
  }
}

const SOURCE_TYPE = "io.k8s.api.core.v1.PersistentVolumeSpec";

export function persistentVolumeUpdateErrors(volume: JsonObject, old: JsonObject): Errors {
  const [spec, before] = [readObject(volume, "spec"), readObject(old, "spec")];
  const errors: FieldError[] = [...persistentVolumeErrors(volume)];
  const isSame = (name: string): boolean =>
    JSON.stringify(spec[name]) === JSON.stringify(before[name]);
  if (!SOURCES.every(isSame)) {
    const words = "spec.persistentvolumesource is immutable after creation";
    const diff = unifiedDiff(shownSource(before), shownSource(spec));
    errors.push(forbidden("spec.persistentvolumesource", `${words}\n${diff}`));
  }
  errors.push(...immutableErrors("volumeMode", spec["volumeMode"], before["volumeMode"]));
  return errors;
}

/** The order in which Go has them. */
const GO_ORDER = [
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "hostPath",
  "glusterfs",
  "nfs",
  "rbd",
  "quobyte",
  "iscsi",
  "flexVolume",
  "cinder",
  "cephfs",
  "fc",
  "flocker",
  "azureFile",
  "vsphereVolume",
  "azureDisk",
  "photonPersistentDisk",
  "portworxVolume",
  "scaleIO",
  "local",
  "storageos",
  "csi",
];

function shownSource(spec: JsonObject): string {
  const whole = internalForm(SOURCE_TYPE, spec);
  const names = Object.keys(whole);
  const out: JsonObject = {};
  for (const name of GO_ORDER) {
    const found = names.find((each) => each.toLowerCase() === name.toLowerCase());
    if (found !== undefined) out[found] = whole[found] ?? null;
  }
  return JSON.stringify(out, null, 1);
}

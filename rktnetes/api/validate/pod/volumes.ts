/**
 * Volumes of a pod. In: decoded volumes. Out: field errors, and the volumes that are right. Pure.
 */
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readList, readNumber, readText, readTexts } from "../../strategy/object-at.ts";
import { compareQuantities, parseQuantity } from "../../values/quantity.ts";
import {
  choiceErrors,
  type Errors,
  labelErrors,
  rangeErrors,
  requiredChoice,
  requiredText,
  subdomainErrors,
} from "../checks.ts";
import { duplicate, type FieldError, forbidden, invalid, required } from "../field-error.ts";
import { descendingPathErrors, noBackstepErrors } from "../paths.ts";
import { claimTemplateErrors } from "./claim-template.ts";
import type { Volumes } from "./mounts.ts";
import { downwardItemErrors, fileModeErrors, keyItemErrors, projectedErrors } from "./projected.ts";

export interface CheckedVolumes {
  readonly volumes: Volumes;
  readonly errors: Errors;
}

/** Only volumes without a fault may be mounted: a faulty one is not told of twice. */
export function checkVolumes(spec: JsonObject, field: string): CheckedVolumes {
  const volumes = new Map<string, JsonObject>();
  const errors: FieldError[] = [];
  for (const [at, volume] of readList(spec, "volumes").entries()) {
    const path = `${field}.volumes[${at}]`;
    const name = readText(volume, "name");
    const own = [...sourceErrors(volume, path)];
    if (name === "") own.push(required(`${path}.name`));
    else own.push(...labelErrors(`${path}.name`, name));
    if (volumes.has(name)) own.push(duplicate(`${path}.name`, name));
    if (own.length === 0) volumes.set(name, volume);
    errors.push(...own);
  }
  return { volumes, errors };
}

function sourceErrors(volume: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  let count = 0;
  for (const [name, check] of Object.entries(SOURCES)) {
    const source = findObject(volume, name);
    if (source === undefined) continue;
    const path = `${field}.${name}`;
    if (count > 0) errors.push(forbidden(path, "may not specify more than 1 volume type"));
    else errors.push(...check(source, path));
    count += 1;
  }
  if (count === 0) errors.push(required(field, "must specify a volume type"));
  return errors;
}

type SourceCheck = (source: JsonObject, field: string) => Errors;

/** A source that must name some things, and nothing else is asked of it. */
function needs(...names: readonly string[]): SourceCheck {
  return (source, field) => names.flatMap((name) => neededErrors(source, field, name));
}

function neededErrors(source: JsonObject, field: string, name: string): Errors {
  const value = source[name];
  if (Array.isArray(value) ? value.length > 0 : value !== undefined && value !== "") return [];
  return [required(`${field}.${name}`)];
}

/** In the order in which faults are reported. */
const SOURCES: Readonly<Record<string, SourceCheck>> = {
  emptyDir: emptyDirErrors,
  hostPath: hostPathErrors,
  gitRepo: (source, field) => [
    ...requiredText(source, field, "repository"),
    ...descendingPathErrors(`${field}.directory`, readText(source, "directory")),
  ],
  gcePersistentDisk: (source, field) => [
    ...requiredText(source, field, "pdName"),
    ...rangeErrors(`${field}.partition`, source["partition"] ?? 0, [0, 255]),
  ],
  awsElasticBlockStore: (source, field) => [
    ...requiredText(source, field, "volumeID"),
    ...rangeErrors(`${field}.partition`, source["partition"] ?? 0, [0, 255]),
  ],
  secret: (source, field) => [
    ...requiredText(source, field, "secretName"),
    ...fileErrors(source, field),
  ],
  nfs: nfsErrors,
  iscsi: iscsiErrors,
  glusterfs: needs("endpoints", "path"),
  flocker: flockerErrors,
  persistentVolumeClaim: needs("claimName"),
  rbd: needs("monitors", "image"),
  cinder: needs("volumeID"),
  cephfs: needs("monitors"),
  quobyte: needs("registry", "volume"),
  downwardAPI: (source, field) => [
    ...fileModeErrors(source, `${field}.defaultMode`, "defaultMode"),
    ...readList(source, "items").flatMap((item) => downwardItemErrors(item, field)),
  ],
  fc: fibreErrors,
  flexVolume: needs("driver"),
  configMap: (source, field) => [
    ...requiredText(source, field, "name"),
    ...fileErrors(source, field),
  ],
  azureFile: needs("secretName", "shareName"),
  vsphereVolume: needs("volumePath"),
  photonPersistentDisk: needs("pdID"),
  portworxVolume: needs("volumeID"),
  azureDisk: azureDiskErrors,
  storageos: needs("volumeName"),
  projected: projectedErrors,
  scaleIO: needs("gateway", "system", "volumeName"),
  csi: csiErrors,
  ephemeral: (source, field) => {
    const template = findObject(source, "volumeClaimTemplate");
    const path = `${field}.volumeClaimTemplate`;
    return template === undefined ? [required(path)] : claimTemplateErrors(template, path);
  },
  image: imageErrors,
};

function emptyDirErrors(source: JsonObject, field: string): Errors {
  const limit = readText(source, "sizeLimit");
  if (limit === "" || compareQuantities(parseQuantity(limit), 0n) >= 0) return [];
  return [forbidden(`${field}.sizeLimit`, "SizeLimit field must be a valid resource quantity")];
}

const HOST_PATH_TYPES: readonly string[] = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

export function hostPathErrors(source: JsonObject, field: string): Errors {
  const path = readText(source, "path");
  if (path === "") return [required(`${field}.path`)];
  return [
    ...noBackstepErrors(`${field}.path`, path),
    ...choiceErrors(`${field}.type`, source["type"], HOST_PATH_TYPES),
  ];
}

function fileErrors(source: JsonObject, field: string): Errors {
  const items = readList(source, "items").flatMap((item, at) =>
    keyItemErrors(item, `${field}.items[${at}]`),
  );
  return [...fileModeErrors(source, `${field}.defaultMode`, "defaultMode"), ...items];
}

export function nfsErrors(source: JsonObject, field: string): Errors {
  const path = readText(source, "path");
  const errors = [...requiredText(source, field, "server"), ...requiredText(source, field, "path")];
  if (!path.startsWith("/"))
    errors.push(invalid(`${field}.path`, path, "must be an absolute path"));
  return errors;
}

function iscsiErrors(source: JsonObject, field: string): Errors {
  const errors: FieldError[] = [...requiredText(source, field, "targetPortal")];
  const name = readText(source, "iqn");
  if (name === "") errors.push(required(`${field}.iqn`));
  else if (!/^(iqn|eui|naa)\./.test(name))
    errors.push(
      invalid(`${field}.iqn`, name, "must be valid format starting with iqn, eui, or naa"),
    );
  errors.push(...rangeErrors(`${field}.lun`, source["lun"] ?? 0, [0, 255]));
  const usesChap = source["chapAuthDiscovery"] === true || source["chapAuthSession"] === true;
  if (usesChap && findObject(source, "secretRef") === undefined)
    errors.push(required(`${field}.secretRef`));
  return errors;
}

function flockerErrors(source: JsonObject, field: string): Errors {
  const name = readText(source, "datasetName");
  const uid = readText(source, "datasetUUID");
  if (name === "" && uid === "")
    return [required(field, "one of datasetName and datasetUUID is required")];
  if (name === "" || uid === "") return [];
  return [
    invalid(field, "resource", "datasetName and datasetUUID can not be specified simultaneously"),
  ];
}

function fibreErrors(source: JsonObject, field: string): Errors {
  const hasTargets = readTexts(source, "targetWWNs").length > 0;
  const hasIds = readTexts(source, "wwids").length > 0;
  const names = `${field}.targetWWNs`;
  if (!hasTargets && !hasIds)
    return [required(names, "must specify either targetWWNs or wwids, but not both")];
  if (hasTargets && hasIds) {
    const why = "targetWWNs and wwids can not be specified simultaneously";
    return [invalid(names, [...readTexts(source, "targetWWNs")], why)];
  }
  if (!hasTargets) return [];
  const lun = readNumber(source, "lun");
  if (lun === undefined)
    return [required(`${field}.lun`, "lun is required if targetWWNs is specified")];
  return rangeErrors(`${field}.lun`, lun, [0, 255]);
}

function azureDiskErrors(source: JsonObject, field: string): Errors {
  return [
    ...requiredText(source, field, "diskName"),
    ...requiredText(source, field, "diskURI"),
    ...choiceErrors(`${field}.cachingMode`, source["cachingMode"], [
      "None",
      "ReadOnly",
      "ReadWrite",
    ]),
    ...choiceErrors(`${field}.kind`, source["kind"], ["Dedicated", "Managed", "Shared"]),
  ];
}

const DRIVER_MAX = 63;

export function driverNameErrors(field: string, name: string): Errors {
  if (name === "") return [required(field)];
  const long: FieldError[] = [];
  if (name.length > DRIVER_MAX) {
    const message = `Too long: may not be more than ${DRIVER_MAX} bytes`;
    long.push({ type: "FieldValueTooLong", field, message });
  }
  return [
    ...long,
    ...subdomainErrors(field, name.toLowerCase()).map((error) => ({
      ...error,
      message: error.message.replace(name.toLowerCase(), name),
    })),
  ];
}

function csiErrors(source: JsonObject, field: string): Errors {
  const errors = [...driverNameErrors(`${field}.driver`, readText(source, "driver"))];
  const secret = findObject(source, "nodePublishSecretRef");
  if (secret !== undefined && readText(secret, "name") === "")
    errors.push(required(`${field}.nodePublishSecretRef.name`));
  return errors;
}

const PULL_POLICIES = ["Always", "IfNotPresent", "Never"] as const;

function imageErrors(source: JsonObject, field: string): Errors {
  return [
    ...requiredText(source, field, "reference"),
    ...requiredChoice(`${field}.pullPolicy`, source["pullPolicy"], PULL_POLICIES),
  ];
}

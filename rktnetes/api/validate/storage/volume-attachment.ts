/** What is wrong with attachments of volumes to nodes. In: decoded objects. Out: field errors. */
import type { JsonObject } from "../../schema/schema.ts";
import {
  findObject,
  readNumber,
  readObject,
  readText,
  readTexts,
} from "../../strategy/object-at.ts";
import { isSameJson } from "../../values/same-json.ts";
import { type Errors, INT32_MAX, subdomainErrors } from "../checks.ts";
import { forbidden, invalid, required, tooLong } from "../field-error.ts";
import { internalForm } from "../internal-form.ts";
import { accessModeErrors } from "../persistent-volume-claim.ts";
import { driverNameErrors } from "../pod/volumes.ts";

const METADATA_MAX = 262_144;
const MESSAGE_MAX = 1024;
const ONE = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";

/** Of a new attachment. */
export function attachmentErrors(attachment: JsonObject): Errors {
  const spec = readObject(attachment, "spec");
  const source = readObject(spec, "source");
  const name = source["persistentVolumeName"];
  return [
    ...sourceErrors(source, "spec.source"),
    ...subdomainErrors("spec.nodeName", readText(spec, "nodeName")),
    ...statusErrors(readObject(attachment, "status")),
    ...driverNameErrors("spec.attacher", readText(spec, "attacher")),
    ...(typeof name === "string" ? subdomainErrors("spec.source.persistentVolumeName", name) : []),
  ];
}

function sourceErrors(source: JsonObject, field: string): Errors {
  const name = source["persistentVolumeName"];
  const inline = findObject(source, "inlineVolumeSpec");
  if (name === undefined && inline === undefined) return [required(field, ONE)];
  if (name !== undefined && inline !== undefined) return [forbidden(field, ONE)];
  if (inline !== undefined) return inlineErrors(inline, `${field}.inlineVolumeSpec`);
  const why = "must specify non empty persistentVolumeName";
  return name === "" ? [required(`${field}.persistentVolumeName`, why)] : [];
}

/** A volume that no object describes: a driver's own, in a pod. */
function inlineErrors(spec: JsonObject, field: string): Errors {
  const inline = "in the context of inline volumes";
  const modes = readTexts(spec, "accessModes");
  return [
    ...["claimRef", "capacity"]
      .filter((name) => spec[name] !== undefined)
      .map((name) => forbidden(`${field}.${name}`, `may not be specified ${inline}`)),
    ...(spec["csi"] === undefined
      ? [required(`${field}.csi`, `has to be specified ${inline}`)]
      : []),
    ...(modes.length === 0 ? [required(`${field}.accessModes`)] : []),
    ...accessModeErrors(modes, `${field}.accessModes`),
  ];
}

function statusErrors(status: JsonObject): Errors {
  const metadata = readObject(status, "attachmentMetadata");
  const sizeBytes = Object.keys(metadata).reduce(
    (sum, key) => sum + Buffer.byteLength(key) + Buffer.byteLength(readText(metadata, key)),
    0,
  );
  return [
    ...(sizeBytes > METADATA_MAX ? [tooLong("status.attachmentMetadata", METADATA_MAX)] : []),
    ...problemErrors(readObject(status, "attachError"), "status.attachError"),
    ...problemErrors(readObject(status, "detachError"), "status.detachError"),
  ];
}

function problemErrors(problem: JsonObject, field: string): Errors {
  const code = readNumber(problem, "errorCode");
  const message = readText(problem, "message");
  const why = `must be between 0 and ${INT32_MAX}, inclusive`;
  return [
    ...(Buffer.byteLength(message) > MESSAGE_MAX
      ? [tooLong(`${field}.message`, METADATA_MAX)]
      : []),
    ...(code !== undefined && code < 0 ? [invalid(`${field}.errorCode`, code, why)] : []),
  ];
}

export function attachmentUpdateErrors(attachment: JsonObject, old: JsonObject): Errors {
  const spec = readObject(attachment, "spec");
  const shown = internalForm("io.k8s.api.storage.v1.VolumeAttachmentSpec", spec);
  const isSame = isSameJson(spec, readObject(old, "spec"));
  return [
    ...attachmentErrors(attachment),
    ...(isSame ? [] : [invalid("spec", shown, "field is immutable")]),
  ];
}

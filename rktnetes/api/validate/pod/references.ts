/**
 * References of containers and volumes to the pod's own fields and resources. In: decoded
 * references. Out: field errors. Pure.
 */
import type { JsonObject } from "../../schema/schema.ts";
import { labelKeyProblems } from "../../selectors/label-syntax.ts";
import { readText } from "../../strategy/object-at.ts";
import { canonicalQuantity } from "../../values/quantity.ts";
import { type Errors, problemErrors } from "../checks.ts";
import { invalid, notSupported, required } from "../field-error.ts";

export const ENV_FIELDS: readonly string[] = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];

export const VOLUME_FIELDS: readonly string[] = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];

const FIELDS: ReadonlySet<string> = new Set([
  ...ENV_FIELDS,
  ...VOLUME_FIELDS,
  "spec.restartPolicy",
  "spec.schedulerName",
  "status.phase",
]);

const RESOURCES: readonly string[] = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
];

const DIVISORS: Readonly<Record<string, readonly string[]>> = {
  cpu: ["1m", "1"],
  memory: ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"],
};

export function fieldRefErrors(
  reference: JsonObject,
  field: string,
  allowed: readonly string[],
): Errors {
  const version = readText(reference, "apiVersion");
  const given = readText(reference, "fieldPath");
  if (version === "") return [required(`${field}.apiVersion`)];
  if (given === "") return [required(`${field}.fieldPath`)];
  const path = given === "spec.host" ? "spec.nodeName" : given;
  const parts = /^(metadata\.(?:annotations|labels))\['(.*)'\]$/s.exec(path);
  if (parts?.[1] !== undefined && parts[2] !== undefined) {
    const key = parts[1] === "metadata.annotations" ? parts[2].toLowerCase() : parts[2];
    return problemErrors(field, parts[2], labelKeyProblems(key));
  }
  if (version !== "v1" || !FIELDS.has(path)) {
    const why = version === "v1" ? `field label not supported: ${given}` : wrongVersion(version);
    return [invalid(`${field}.fieldPath`, given, `error converting fieldPath: ${why}`)];
  }
  return allowed.includes(path) ? [] : [notSupported(`${field}.fieldPath`, path, allowed)];
}

function wrongVersion(version: string): string {
  return `unsupported pod version: ${version}`;
}

/** `inVolume`: a volume must say whose resource it means. */
export function resourceRefErrors(reference: JsonObject, field: string, inVolume: boolean): Errors {
  const resource = readText(reference, "resource");
  if (inVolume && readText(reference, "containerName") === "")
    return [required(`${field}.containerName`)];
  if (resource === "") return [required(`${field}.resource`)];
  const isHuge = /^(limits|requests)\.hugepages-/.test(resource);
  if (!isHuge && !RESOURCES.includes(resource))
    return [notSupported(`${field}.resource`, resource, RESOURCES)];
  return divisorErrors(reference, field, resource.slice(resource.indexOf(".") + 1));
}

function divisorErrors(reference: JsonObject, field: string, name: string): Errors {
  const divisor = canonicalQuantity(readText(reference, "divisor") || "0");
  const isCpu = name === "cpu";
  const allowed = DIVISORS[isCpu ? "cpu" : "memory"] ?? [];
  if (divisor === "0" || allowed.includes(divisor)) return [];
  const resource = name.startsWith("hugepages-") ? "hugepages" : name;
  const choices = isCpu ? "1m and 1" : allowed.join(", ");
  const why = `only divisor's values ${choices} are supported with the ${resource} resource`;
  return [invalid(`${field}.divisor`, name, why)];
}

/** What is wrong with what is said of other API servers. In: decoded objects. Out: field errors. */
import type { JsonObject } from "../../schema/schema.ts";
import {
  findObject,
  readList,
  readNumber,
  readObject,
  readText,
} from "../../strategy/object-at.ts";
import { dns1035LabelProblems } from "../../values/names.ts";
import { type Errors, problemErrors, requiredText, subdomainErrors } from "../checks.ts";
import { goQuote, invalid, notSupported, required } from "../field-error.ts";

const GROUP_PRIORITY_MAX = 20_000;
const VERSION_PRIORITY_MAX = 1000;
const STATUSES = ["True", "False", "Unknown"];

export function apiServiceErrors(apiService: JsonObject): Errors {
  const spec = readObject(apiService, "spec");
  const group = readText(spec, "group");
  const version = readText(spec, "version");
  return [
    ...nameErrors(readText(readObject(apiService, "metadata"), "name"), `${version}.${group}`),
    ...(group === "" && version !== "v1"
      ? [required("spec.group", "only v1 may have an empty group and it better be legacy kube")]
      : []),
    ...(group === "" ? [] : subdomainErrors("spec.group", group)),
    ...problemErrors("spec.version", version, dns1035LabelProblems(version)),
    ...priorityErrors(spec, "groupPriorityMinimum", GROUP_PRIORITY_MAX),
    ...priorityErrors(spec, "versionPriority", VERSION_PRIORITY_MAX),
    ...serviceErrors(spec),
  ];
}

function nameErrors(name: string, wanted: string): Errors {
  if (name === wanted || name === "") return [];
  const why = `must be \`spec.version+"."+spec.group\`: ${goQuote(wanted)}`;
  return [invalid("metadata.name", name, why)];
}

function priorityErrors(spec: JsonObject, name: string, max: number): Errors {
  const value = readNumber(spec, name) ?? 0;
  if (value > 0 && value <= max) return [];
  return [invalid(`spec.${name}`, value, `must be positive and less than ${max}`)];
}

function serviceErrors(spec: JsonObject): Errors {
  const service = findObject(spec, "service");
  const bundleBytes = Buffer.byteLength(readText(spec, "caBundle"), "base64");
  const skips = spec["insecureSkipTLSVerify"] === true;
  const field = "spec.insecureSkipTLSVerify";
  if (service !== undefined) {
    return [
      ...requiredText(service, "spec.service", "namespace"),
      ...requiredText(service, "spec.service", "name"),
      ...(skips && bundleBytes > 0
        ? [invalid(field, true, "may not be true if caBundle is present")]
        : []),
    ];
  }
  const local = (name: string): string => `local APIServices may not have ${name}`;
  return [
    ...(bundleBytes > 0
      ? [invalid("spec.caBundle", `${bundleBytes} bytes`, local("a caBundle"))]
      : []),
    ...(skips ? [invalid(field, true, local("insecureSkipTLSVerify"))] : []),
  ];
}

export function apiServiceStatusErrors(apiService: JsonObject): Errors {
  return readList(readObject(apiService, "status"), "conditions").flatMap((condition, at) => {
    const status = readText(condition, "status");
    if (STATUSES.includes(status)) return [];
    return [notSupported(`status.conditions[${at}].status`, status, STATUSES)];
  });
}

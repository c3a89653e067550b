/**
 * What containers and pods may do to their node. In: decoded security contexts. Out: field errors.
 */
import type { JsonObject } from "../../schema/schema.ts";
import {
  findObject,
  readList,
  readNumber,
  readObject,
  readText,
  readTexts,
} from "../../strategy/object-at.ts";
import { choiceErrors, type Errors, idErrors } from "../checks.ts";
import { duplicate, type FieldError, invalid, required } from "../field-error.ts";
import { internalForm } from "../internal-form.ts";
import { descendingPathErrors } from "../paths.ts";

const PROFILES = ["Localhost", "RuntimeDefault", "Unconfined"] as const;
const ALWAYS_OR_MISMATCH = ["Always", "OnRootMismatch"] as const;

export function containerSecurityErrors(container: JsonObject, field: string): Errors {
  const context = findObject(container, "securityContext");
  if (context === undefined) return [];
  return [
    ...idErrors(`${field}.runAsUser`, context["runAsUser"]),
    ...idErrors(`${field}.runAsGroup`, context["runAsGroup"]),
    ...choiceErrors(`${field}.procMount`, context["procMount"], ["Default", "Unmasked"]),
    ...seccompErrors(context, `${field}.seccompProfile`),
    ...escalationErrors(context, field),
    ...appArmorErrors(context, `${field}.appArmorProfile`),
  ];
}

function escalationErrors(context: JsonObject, field: string): Errors {
  if (context["allowPrivilegeEscalation"] !== false) return [];
  const errors: FieldError[] = [];
  const shown = internalForm("io.k8s.api.core.v1.SecurityContext", context);
  const what = "cannot set `allowPrivilegeEscalation` to false and";
  if (context["privileged"] === true)
    errors.push(invalid(field, shown, `${what} \`privileged\` to true`));
  if (readTexts(readObject(context, "capabilities"), "add").includes("CAP_SYS_ADMIN"))
    errors.push(invalid(field, shown, `${what} \`capabilities.Add\` CAP_SYS_ADMIN`));
  return errors;
}

function seccompErrors(context: JsonObject, field: string): Errors {
  const profile = findObject(context, "seccompProfile");
  if (profile === undefined) return [];
  const type = readText(profile, "type");
  if (type === "")
    return [required(`${field}.type`, "type is required when seccompProfile is set")];
  return [
    ...choiceErrors(`${field}.type`, type, PROFILES),
    ...localhostErrors(profile, `${field}.localhostProfile`, "seccomp"),
  ];
}

function localhostErrors(profile: JsonObject, field: string, what: string): Errors {
  const file = profile["localhostProfile"];
  if (profile["type"] !== "Localhost") {
    if (file === undefined) return [];
    return [invalid(field, file, `can only be set when ${what} type is Localhost`)];
  }
  if (typeof file !== "string")
    return [required(field, `must be set when ${what} type is Localhost`)];
  return what === "seccomp" ? descendingPathErrors(field, file) : [];
}

const APP_ARMOR_MAX = 4095;

function appArmorErrors(context: JsonObject, field: string): Errors {
  const profile = findObject(context, "appArmorProfile");
  if (profile === undefined) return [];
  const type = readText(profile, "type");
  if (type === "")
    return [required(`${field}.type`, "type is required when appArmorProfile is set")];
  const errors = [
    ...choiceErrors(`${field}.type`, type, PROFILES),
    ...localhostErrors(profile, `${field}.localhostProfile`, "AppArmor"),
  ];
  const file = readText(profile, "localhostProfile");
  if (file.trim() !== file)
    errors.push(invalid(`${field}.localhostProfile`, file, "must not be padded with whitespace"));
  if (file.length > APP_ARMOR_MAX) {
    const message = `Too long: may not be more than ${APP_ARMOR_MAX} bytes`;
    errors.push({ type: "FieldValueTooLong", field: `${field}.localhostProfile`, message });
  }
  return errors;
}

/** Of the pod as a whole. */
export function podSecurityErrors(spec: JsonObject, field: string): Errors {
  const context = readObject(spec, "securityContext");
  const path = `${field}.securityContext`;
  const errors: FieldError[] = [...hostNetworkErrors(spec, field)];
  for (const name of ["fsGroup", "runAsUser", "runAsGroup"])
    errors.push(...idErrors(`${path}.${name}`, context[name]));
  const groups = context["supplementalGroups"];
  if (Array.isArray(groups)) {
    for (const [at, group] of groups.entries())
      errors.push(...idErrors(`${path}.supplementalGroups[${at}]`, group));
  }
  if (spec["shareProcessNamespace"] === true && spec["hostPID"] === true) {
    const why = "ShareProcessNamespace and HostPID cannot both be enabled";
    errors.push(invalid(`${path}.shareProcessNamespace`, true, why));
  }
  const change = context["fsGroupChangePolicy"];
  const linux = context["seLinuxChangePolicy"];
  const groupsPolicy = context["supplementalGroupsPolicy"];
  return [
    ...errors,
    ...sysctlErrors(spec, `${path}.sysctls`),
    ...choiceErrors(`${path}.fsGroupChangePolicy`, change, ALWAYS_OR_MISMATCH),
    ...seccompErrors(context, `${path}.seccompProfile`),
    ...appArmorErrors(context, `${path}.appArmorProfile`),
    ...choiceErrors(`${path}.supplementalGroupsPolicy`, groupsPolicy, ["Merge", "Strict"]),
    ...choiceErrors(`${path}.seLinuxChangePolicy`, linux, ["MountOption", "Recursive"]),
  ];
}

function hostNetworkErrors(spec: JsonObject, field: string): Errors {
  if (spec["hostNetwork"] !== true) return [];
  return (["containers", "initContainers"] as const).flatMap((sort) =>
    readList(spec, sort).flatMap((container, at) =>
      readList(container, "ports").flatMap((port, index) => {
        const host = readNumber(port, "hostPort") ?? 0;
        if (host === (readNumber(port, "containerPort") ?? 0)) return [];
        const path = `${field}.${sort}[${at}].ports[${index}].hostPort`;
        const why = "must match `containerPort` when `hostNetwork` is true";
        return [invalid(path, host, why)];
      }),
    ),
  );
}

const SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const SYSCTL = `^(${SEGMENT}[\\./])*${SEGMENT}$`;
const SYSCTL_FORM = new RegExp(SYSCTL);
const SYSCTL_MAX = 253;

function sysctlErrors(spec: JsonObject, field: string): Errors {
  const seen = new Set<string>();
  return readList(readObject(spec, "securityContext"), "sysctls").flatMap((sysctl, at) => {
    const path = `${field}[${at}].name`;
    const name = readText(sysctl, "name");
    if (name === "") return [required(path)];
    const errors: FieldError[] = [];
    if (name.length > SYSCTL_MAX || !SYSCTL_FORM.test(name)) {
      const why = `must have at most ${SYSCTL_MAX} characters and match regex ${SYSCTL}`;
      errors.push(invalid(path, name, why));
    } else if (seen.has(name)) errors.push(duplicate(path, name));
    seen.add(name);
    errors.push(...namespacedErrors(spec, path, name));
    return errors;
  });
}

/** What the pod shares with its node belongs to the node. */
function namespacedErrors(spec: JsonObject, field: string, name: string): Errors {
  const dotted = name.replaceAll("/", ".");
  if (spec["hostNetwork"] === true && dotted.startsWith("net."))
    return [invalid(field, name, "may not be specified when 'hostNetwork' is true")];
  const isIpc = /^(kernel\.(shm|msg|sem)|fs\.mqueue\.)/.test(dotted);
  if (spec["hostIPC"] === true && isIpc)
    return [invalid(field, name, "may not be specified when 'hostIPC' is true")];
  return [];
}

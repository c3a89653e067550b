/** Containers of a pod, of all three sorts. In: decoded containers. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { readList, readNumber, readObject, readText } from "../../strategy/object-at.ts";
import { portNameProblems, portNumberProblems } from "../../values/names.ts";
import {
  choiceErrors,
  type Errors,
  labelErrors,
  problemErrors,
  requiredChoice,
} from "../checks.ts";
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notFound,
  required,
} from "../field-error.ts";
import { envErrors, envFromErrors } from "./env.ts";
import { deviceErrors, mountErrors, type Volumes } from "./mounts.ts";
import { lifecycleErrors, probesErrors } from "./probes.ts";
import { containerResourceErrors, requirementsErrors, resizePolicyErrors } from "./resources.ts";
import { containerSecurityErrors } from "./security.ts";

/** What containers share with their pod. */
export interface PodParts {
  readonly volumes: Volumes;
  readonly claims: readonly string[];
  readonly graceSeconds: number;
  readonly restartPolicy: string;
}

const PULL_POLICIES = ["Always", "IfNotPresent", "Never"] as const;
const MESSAGE_POLICIES = ["File", "FallbackToLogsOnError"] as const;
const RESTART_POLICIES = ["Always", "Never", "OnFailure"] as const;
const PROTOCOLS = ["SCTP", "TCP", "UDP"] as const;
const HOOKS = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const;

export function containersErrors(spec: JsonObject, field: string, parts: PodParts): Errors {
  const containers = readList(spec, "containers");
  if (containers.length === 0) return [required(`${field}.containers`)];
  const names = new Set<string>();
  const errors = containers.flatMap((container, at) => {
    const path = `${field}.containers[${at}]`;
    return [
      ...commonErrors(container, path, parts),
      ...uniqueName(container, path, names),
      ...lifecycleErrors(container, path, parts.graceSeconds),
      ...probesErrors(container, path, parts.graceSeconds),
      ...choiceErrors(`${path}.restartPolicy`, container["restartPolicy"], RESTART_POLICIES),
    ];
  });
  return [...errors, ...hostPortErrors(containers, `${field}.containers`)];
}

export function initContainersErrors(spec: JsonObject, field: string, parts: PodParts): Errors {
  const names = new Set(readList(spec, "containers").map((each) => readText(each, "name")));
  const whole = `${field}.initContainers`;
  return readList(spec, "initContainers").flatMap((container, at) => {
    const path = `${whole}[${at}]`;
    const isSidecar = container["restartPolicy"] === "Always";
    const errors = [
      ...commonErrors(container, path, parts),
      ...choiceErrors(`${path}.restartPolicy`, container["restartPolicy"], RESTART_POLICIES),
      ...uniqueName(container, path, names),
      ...hostPortErrors([container], whole),
    ];
    if (isSidecar) {
      errors.push(...lifecycleErrors(container, path, parts.graceSeconds));
      errors.push(...probesErrors(container, path, parts.graceSeconds));
      return errors;
    }
    const why = "may not be set for init containers without restartPolicy=Always";
    for (const hook of HOOKS) {
      if (container[hook] !== undefined) errors.push(forbidden(`${path}.${hook}`, why));
    }
    if (readList(container, "resizePolicy").length > 0) {
      const policies = container["resizePolicy"] ?? null;
      errors.push(invalid(`${path}.resizePolicy`, policies, "must not be set for init containers"));
    }
    return errors;
  });
}

const NOT_EPHEMERAL = ["ports", "resources", "resizePolicy", ...HOOKS] as const;

export function ephemeralContainersErrors(
  spec: JsonObject,
  field: string,
  parts: PodParts,
): Errors {
  const init = readList(spec, "initContainers").map((each) => readText(each, "name"));
  const regular = readList(spec, "containers").map((each) => readText(each, "name"));
  const names = new Set([...regular, ...init]);
  return readList(spec, "ephemeralContainers").flatMap((container, at) => {
    const path = `${field}.ephemeralContainers[${at}]`;
    const errors: FieldError[] = [];
    errors.push(...commonErrors(container, path, parts), ...uniqueName(container, path, names));
    const target = readText(container, "targetContainerName");
    if (target !== "" && !regular.includes(target) && !init.includes(target))
      errors.push(notFound(`${path}.targetContainerName`, target));
    for (const name of NOT_EPHEMERAL) {
      const value = container[name];
      if (value === undefined || Object.keys(value as JsonObject).length === 0) continue;
      errors.push(forbidden(`${path}.${name}`, "cannot be set for an Ephemeral Container"));
    }
    if (container["restartPolicy"] !== undefined)
      errors.push(forbidden(`${path}.restartPolicy`, "cannot be set for an Ephemeral Container"));
    for (const [index, mount] of readList(container, "volumeMounts").entries()) {
      if (readText(mount, "subPath") !== "")
        errors.push(forbidden(`${path}.volumeMounts[${index}].subPath`, NO_SUB_PATH));
      if (readText(mount, "subPathExpr") !== "")
        errors.push(forbidden(`${path}.volumeMounts[${index}].subPathExpr`, NO_SUB_PATH));
    }
    return errors;
  });
}

const NO_SUB_PATH = "cannot be set for an Ephemeral Container";

/** An empty name is reported elsewhere. */
function uniqueName(container: JsonObject, field: string, names: Set<string>): Errors {
  const name = readText(container, "name");
  if (name === "") return [];
  if (names.has(name)) return [duplicate(`${field}.name`, name)];
  names.add(name);
  return [];
}

function commonErrors(container: JsonObject, field: string, parts: PodParts): Errors {
  const name = readText(container, "name");
  const errors: FieldError[] = [];
  if (name === "") errors.push(required(`${field}.name`));
  else errors.push(...labelErrors(`${field}.name`, name));
  if (readText(container, "image") === "") errors.push(required(`${field}.image`));
  const message = container["terminationMessagePolicy"];
  const pull = container["imagePullPolicy"];
  const { volumes, claims, restartPolicy } = parts;
  const rules = { nameErrors: containerResourceErrors, claims };
  errors.push(
    ...requiredChoice(`${field}.terminationMessagePolicy`, message, MESSAGE_POLICIES),
    ...portsErrors(container, `${field}.ports`),
    ...envErrors(container, field),
    ...envFromErrors(container, field),
    ...mountErrors(container, field, volumes),
    ...deviceErrors(container, field, volumes),
    ...requiredChoice(`${field}.imagePullPolicy`, pull, PULL_POLICIES),
    ...requirementsErrors(readObject(container, "resources"), `${field}.resources`, rules),
    ...resizePolicyErrors(container, field, restartPolicy),
    ...containerSecurityErrors(container, `${field}.securityContext`),
  );
  return errors;
}

function portsErrors(container: JsonObject, field: string): Errors {
  const names = new Set<string>();
  return readList(container, "ports").flatMap((port, at) => {
    const path = `${field}[${at}]`;
    return [
      ...portNameErrors(port, `${path}.name`, names),
      ...numberErrors(port, `${path}.containerPort`),
      ...hostNumberErrors(port, `${path}.hostPort`),
      ...requiredChoice(`${path}.protocol`, port["protocol"], PROTOCOLS),
    ];
  });
}

function portNameErrors(port: JsonObject, field: string, names: Set<string>): Errors {
  const name = readText(port, "name");
  if (name === "") return [];
  const problems = portNameProblems(name);
  if (problems.length > 0) return problemErrors(field, name, problems);
  if (names.has(name)) return [duplicate(field, name)];
  names.add(name);
  return [];
}

function numberErrors(port: JsonObject, field: string): Errors {
  const number = readNumber(port, "containerPort") ?? 0;
  if (number === 0) return [required(field)];
  return problemErrors(field, number, portNumberProblems(number));
}

function hostNumberErrors(port: JsonObject, field: string): Errors {
  const number = readNumber(port, "hostPort") ?? 0;
  return number === 0 ? [] : problemErrors(field, number, portNumberProblems(number));
}

function hostPortErrors(containers: readonly JsonObject[], field: string): Errors {
  const seen = new Set<string>();
  return containers.flatMap((container, at) =>
    readList(container, "ports").flatMap((port, index) => {
      const number = readNumber(port, "hostPort") ?? 0;
      if (number === 0) return [];
      const key = `${readText(port, "protocol")}/${readText(port, "hostIP")}/${number}`;
      if (seen.has(key)) return [duplicate(`${field}[${at}].ports[${index}].hostPort`, key)];
      seen.add(key);
      return [];
    }),
  );
}

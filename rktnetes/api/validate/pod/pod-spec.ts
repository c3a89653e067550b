/**
 * What is wrong with a pod's spec, of a pod or of a template. In: a decoded spec with defaults.
 * Out: field errors in Kubernetes' order. Pure.
 */
import type { JsonObject } from "../../schema/schema.ts";
import { labelKeyProblems } from "../../selectors/label-syntax.ts";
import {
  findObject,
  readList,
  readNumber,
  readObject,
  readText,
  readTexts,
} from "../../strategy/object-at.ts";
import { dnsSubdomainWithUnderscoreProblems } from "../../values/names.ts";
import { ipErrors } from "../addresses.ts";
import {
  choiceErrors,
  type Errors,
  INT32_MAX,
  labelErrors,
  problemErrors,
  rangeErrors,
  requiredChoice,
  subdomainErrors,
} from "../checks.ts";
import { duplicate, type FieldError, invalid, required } from "../field-error.ts";
import { labelsErrors } from "../object-meta.ts";
import { affinityErrors, tolerationErrors, topologySpreadErrors } from "./affinity.ts";
import {
  containersErrors,
  ephemeralContainersErrors,
  initContainersErrors,
  type PodParts,
} from "./containers.ts";
import { containerResourceErrors, podResourcesErrors, requirementsErrors } from "./resources.ts";
import { podSecurityErrors } from "./security.ts";
import { checkVolumes } from "./volumes.ts";

const RESTART_POLICIES = ["Always", "OnFailure", "Never"] as const;
const DNS_POLICIES = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"] as const;

export function podSpecErrors(spec: JsonObject, field: string): Errors {
  const { volumes, errors } = checkVolumes(spec, field);
  const parts: PodParts = {
    volumes,
    claims: readList(spec, "resourceClaims").map((claim) => readText(claim, "name")),
    graceSeconds: readNumber(spec, "terminationGracePeriodSeconds") ?? 0,
    restartPolicy: readText(spec, "restartPolicy"),
  };
  return [
    ...errors,
    ...claimsErrors(spec, `${field}.resourceClaims`),
    ...containersErrors(spec, field, parts),
    ...initContainersErrors(spec, field, parts),
    ...ephemeralContainersErrors(spec, field, parts),
    ...podResourcesErrors(spec, `${field}.resources`),
    ...requiredChoice(`${field}.restartPolicy`, spec["restartPolicy"], RESTART_POLICIES),
    ...requiredChoice(`${field}.dnsPolicy`, spec["dnsPolicy"], DNS_POLICIES),
    ...labelsErrors(readObject(spec, "nodeSelector"), `${field}.nodeSelector`),
    ...podSecurityErrors(spec, field),
    ...affinityErrors(spec, field),
    ...dnsErrors(spec, `${field}.dnsConfig`),
    ...gatesErrors(spec, field),
    ...topologySpreadErrors(spec, field),
    ...namesErrors(spec, field),
    ...tolerationErrors(readList(spec, "tolerations"), `${field}.tolerations`),
    ...aliasErrors(spec, `${field}.hostAliases`),
    ...classErrors(spec, field),
  ];
}

function claimsErrors(spec: JsonObject, whole: string): Errors {
  const seen = new Set<string>();
  return readList(spec, "resourceClaims").flatMap((claim, at) => {
    const field = `${whole}[${at}]`;
    const name = readText(claim, "name");
    const errors: FieldError[] = [];
    if (name === "") errors.push(required(`${field}.name`));
    else if (seen.has(name)) errors.push(duplicate(`${field}.name`, name));
    else errors.push(...labelErrors(`${field}.name`, name));
    seen.add(name);
    const sources = ["resourceClaimName", "resourceClaimTemplateName"] as const;
    const given = sources.filter((source) => claim[source] !== undefined);
    if (given.length !== 1) {
      const why = `must specify ${given.length === 0 ? "one of" : "at most one of"}: `;
      const list = "`resourceClaimName`, `resourceClaimTemplateName`";
      errors.push(invalid(field, claim, why + list));
    }
    for (const source of given)
      errors.push(...subdomainErrors(`${field}.${source}`, readText(claim, source)));
    return errors;
  });
}

const NAMESERVERS_MAX = 3;
const SEARCHES_MAX = 32;
const SEARCHES_LENGTH_MAX = 2048;

function dnsErrors(spec: JsonObject, field: string): Errors {
  const config = findObject(spec, "dnsConfig");
  const servers = readTexts(config ?? {}, "nameservers");
  const errors: FieldError[] = [];
  if (spec["dnsPolicy"] === "None") {
    if (config === undefined)
      return [required(field, "must provide `dnsConfig` when `dnsPolicy` is None")];
    const why = "must provide at least one DNS nameserver when `dnsPolicy` is None";
    if (servers.length === 0) return [required(`${field}.nameservers`, why)];
  }
  if (config === undefined) return errors;
  if (servers.length > NAMESERVERS_MAX) {
    const why = `must not have more than ${NAMESERVERS_MAX} nameservers`;
    errors.push(invalid(`${field}.nameservers`, [...servers], why));
  }
  for (const [at, server] of servers.entries())
    errors.push(...ipErrors(`${field}.nameservers[${at}]`, server));
  errors.push(...searchErrors(readTexts(config, "searches"), `${field}.searches`));
  for (const [at, option] of readList(config, "options").entries()) {
    if (readText(option, "name") === "")
      errors.push(required(`${field}.options[${at}]`, "must not be empty"));
  }
  return errors;
}

function searchErrors(searches: readonly string[], field: string): Errors {
  const errors: FieldError[] = [];
  if (searches.length > SEARCHES_MAX) {
    const why = `must not have more than ${SEARCHES_MAX} search paths`;
    errors.push(invalid(field, [...searches], why));
  }
  if (searches.join(" ").length > SEARCHES_LENGTH_MAX) {
    const most = `must not have more than ${SEARCHES_LENGTH_MAX} characters`;
    const why = `${most} (including spaces) in the search list`;
    errors.push(invalid(field, [...searches], why));
  }
  for (const [at, search] of searches.entries()) {
    const name = search === "." ? "" : search.replace(/\.$/, "");
    if (name === "") continue;
    const problems = dnsSubdomainWithUnderscoreProblems(name);
    errors.push(...problemErrors(`${field}[${at}]`, name, problems));
  }
  return errors;
}

function gatesErrors(spec: JsonObject, field: string): Errors {
  const ready = readList(spec, "readinessGates").flatMap((gate, at) => {
    const type = readText(gate, "conditionType");
    const path = `${field}.readinessGates[${at}].conditionType`;
    return problemErrors(path, type, labelKeyProblems(type));
  });
  const seen = new Set<string>();
  const scheduling = readList(spec, "schedulingGates").flatMap((gate, at) => {
    const path = `${field}.schedulingGates[${at}]`;
    const name = readText(gate, "name");
    const errors: FieldError[] = [...problemErrors(path, name, labelKeyProblems(name))];
    if (seen.has(name)) errors.push(duplicate(path, name));
    seen.add(name);
    return errors;
  });
  return [...ready, ...scheduling];
}

function namesErrors(spec: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  for (const name of ["serviceAccountName", "nodeName"]) {
    const value = readText(spec, name);
    if (value !== "") errors.push(...subdomainErrors(`${field}.${name}`, value));
  }
  const deadline = spec["activeDeadlineSeconds"];
  errors.push(...rangeErrors(`${field}.activeDeadlineSeconds`, deadline, [1, INT32_MAX]));
  for (const name of ["hostname", "subdomain"]) {
    const value = readText(spec, name);
    if (value !== "") errors.push(...labelErrors(`${field}.${name}`, value));
  }
  return errors;
}

function aliasErrors(spec: JsonObject, field: string): Errors {
  return readList(spec, "hostAliases").flatMap((alias, at) => [
    ...ipErrors(`${field}[${at}].ip`, readText(alias, "ip")),
    ...readTexts(alias, "hostnames").flatMap((name, index) =>
      subdomainErrors(`${field}[${at}].hostnames[${index}]`, name),
    ),
  ]);
}

const PREEMPTION = ["Never", "PreemptLowerPriority"] as const;

function classErrors(spec: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  for (const name of ["priorityClassName", "runtimeClassName"]) {
    const value = readText(spec, name);
    if (value !== "") errors.push(...subdomainErrors(`${field}.${name}`, value));
  }
  errors.push(...choiceErrors(`${field}.preemptionPolicy`, spec["preemptionPolicy"], PREEMPTION));
  const overhead = findObject(spec, "overhead");
  if (overhead !== undefined) {
    const rules = { nameErrors: containerResourceErrors, claims: [] };
    errors.push(...requirementsErrors({ limits: overhead }, `${field}.overhead`, rules));
  }
  const system = findObject(spec, "os");
  if (system === undefined) return errors;
  const name = readText(system, "name");
  if (name === "") return [...errors, required(`${field}.os.name`, "cannot be empty")];
  return [...errors, ...choiceErrors(`${field}.os`, name, ["linux", "windows"])];
}

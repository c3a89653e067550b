/**
 * What containers and pods may use of a node. In: decoded requirements. Out: field errors. Pure.
 */
import type { Json, JsonObject } from "../../schema/schema.ts";
import { labelKeyProblems } from "../../selectors/label-syntax.ts";
import { readList, readObject, readText } from "../../strategy/object-at.ts";
import {
  compareQuantities,
  parseQuantity,
  type Quantity,
  scaledValue,
} from "../../values/quantity.ts";
import { choiceErrors, type Errors, NOT_NEGATIVE, problemErrors } from "../checks.ts";
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notFound,
  notSupported,
  required,
} from "../field-error.ts";

const CONTAINER_RESOURCES: ReadonlySet<string> = new Set(["cpu", "memory", "ephemeral-storage"]);

const COUNTED: ReadonlySet<string> = new Set([
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
]);

const STANDARD: ReadonlySet<string> = new Set([
  ...CONTAINER_RESOURCES,
  ...COUNTED,
  "storage",
  "requests.storage",
  ...["requests", "limits"].flatMap((side) =>
    [...CONTAINER_RESOURCES].map((name) => `${side}.${name}`),
  ),
]);

function isHugePages(name: string): boolean {
  return name.startsWith("hugepages-");
}

/** A resource that Kubernetes itself defines. */
function isNativeResource(name: string): boolean {
  return !name.includes("/") || name.includes("kubernetes.io/");
}

/** A resource that somebody's device plug-in offers. */
function isExtendedResource(name: string): boolean {
  if (isNativeResource(name) || name.startsWith("requests.")) return false;
  return labelKeyProblems(`requests.${name}`).length === 0;
}

/** More may be promised than there is. */
function allowsOvercommit(name: string): boolean {
  return isNativeResource(name) && !isHugePages(name);
}

function isStandardResource(name: string): boolean {
  return STANDARD.has(name) || isHugePages(name) || name.startsWith("requests.hugepages-");
}

/** Any resource that a quota, a node or a container may name. */
export function resourceNameErrors(field: string, name: string): Errors {
  const errors = problemErrors(field, name, labelKeyProblems(name));
  if (errors.length > 0 || name.includes("/") || isStandardResource(name)) return errors;
  return [invalid(field, name, "must be a standard resource type or fully qualified")];
}

export function containerResourceErrors(field: string, name: string): Errors {
  const errors = [...resourceNameErrors(field, name)];
  if (!name.includes("/")) {
    if (!CONTAINER_RESOURCES.has(name) && !isHugePages(name))
      errors.push(invalid(field, name, "must be a standard resource for containers"));
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.push(invalid(field, name, "doesn't follow extended resource name standard"));
  }
  return errors;
}

/** The amount of a resource. */
export function amountErrors(field: string, name: string, amount: Json | undefined): Errors {
  const text = typeof amount === "string" ? amount : "0";
  const quantity = parseQuantity(text);
  const errors: FieldError[] = [];
  if (compareQuantities(quantity, 0n) < 0) errors.push(invalid(field, text, NOT_NEGATIVE));
  const isWhole = scaledValue(quantity, -3) % 1000n === 0n;
  if ((COUNTED.has(name) || isExtendedResource(name)) && !isWhole)
    errors.push(invalid(field, text, "must be an integer"));
  return errors;
}

type NameCheck = (field: string, name: string) => Errors;

export interface RequirementRules {
  readonly nameErrors: NameCheck;
  readonly claims: readonly string[];
}

export function requirementsErrors(
  resources: JsonObject,
  field: string,
  rules: RequirementRules,
): Errors {
  const limits = readObject(resources, "limits");
  const requests = readObject(resources, "requests");
  const errors: FieldError[] = [];
  for (const [name, amount] of Object.entries(limits)) {
    const path = `${field}.limits[${name}]`;
    errors.push(...rules.nameErrors(path, name), ...amountErrors(path, name, amount));
    errors.push(...hugePagesErrors(path, name, amount));
  }
  for (const [name, amount] of Object.entries(requests)) {
    const path = `${field}.requests[${name}]`;
    errors.push(...rules.nameErrors(path, name), ...amountErrors(path, name, amount));
    errors.push(...requestErrors(field, name, [amount, limits[name]]));
    errors.push(...hugePagesErrors(path, name, amount));
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.includes("cpu") && !names.includes("memory"))
    errors.push(forbidden(field, "HugePages require cpu or memory"));
  return [...errors, ...claimErrors(resources, `${field}.claims`, rules.claims)];
}

function requestErrors(
  field: string,
  name: string,
  [amount, limit]: readonly [Json, Json | undefined],
): Errors {
  if (typeof limit !== "string") {
    if (allowsOvercommit(name)) return [];
    const why = "Limit must be set for non overcommitable resources";
    return [required(`${field}.limits`, why)];
  }
  const order = compareQuantities(parseQuantity(amount as string), parseQuantity(limit));
  const path = `${field}.requests`;
  if (order !== 0 && !allowsOvercommit(name))
    return [invalid(path, amount, `must be equal to ${name} limit of ${limit}`)];
  if (order <= 0) return [];
  return [invalid(path, amount, `must be less than or equal to ${name} limit of ${limit}`)];
}

function hugePagesErrors(field: string, name: string, amount: Json): Errors {
  if (!isHugePages(name) || typeof amount !== "string") return [];
  const page = pageSize(name.slice("hugepages-".length));
  const wanted = scaledValue(parseQuantity(amount), 0);
  if (page !== undefined && wanted >= 0n && wanted % scaledValue(page, 0) === 0n) return [];
  return [invalid(field, amount, `${amount} is not positive integer multiple of ${name}`)];
}

function pageSize(text: string): Quantity | undefined {
  return /^[1-9]\d*[kMGTPE]?i?$/.test(text) ? parseQuantity(text) : undefined;
}

function claimErrors(resources: JsonObject, field: string, claims: readonly string[]): Errors {
  const seen = new Set<string>();
  return readList(resources, "claims").flatMap((claim, at) => {
    const name = readText(claim, "name");
    if (name === "") return [required(`${field}[${at}]`)];
    const key = `${name}/${readText(claim, "request")}`;
    const errors: FieldError[] = [];
    if (seen.has(key)) errors.push(duplicate(`${field}[${at}]`, name));
    else seen.add(key);
    if (!claims.includes(name)) {
      const empty = claims.length === 0 ? " which is empty" : "";
      const why = `must be one of the names in pod.spec.resourceClaims${empty}`;
      errors.push(notFound(`${field}[${at}]`, name, why));
    }
    return errors;
  });
}

/** What the pod as a whole may use. */
export function podResourcesErrors(spec: JsonObject, field: string): Errors {
  const resources = readObject(spec, "resources");
  const nameErrors: NameCheck = (path, name) =>
    name === "cpu" || name === "memory" || isHugePages(name)
      ? []
      : [notSupported(path, name, ["cpu", "hugepages-", "memory"])];
  return requirementsErrors(resources, field, { nameErrors, claims: [] });
}

/** How a change of resources reaches a container that runs. */
export function resizePolicyErrors(
  container: JsonObject,
  field: string,
  restartPolicy: string,
): Errors {
  const seen = new Set<string>();
  return readList(container, "resizePolicy").flatMap((policy) => {
    const path = `${field}.resizePolicy`;
    const name = readText(policy, "resourceName");
    const errors: FieldError[] = [];
    if (seen.has(name)) errors.push(duplicate(path, name));
    seen.add(name);
    if (name === "") errors.push(required(path));
    else errors.push(...choiceErrors(path, name, ["cpu", "memory"]));
    const restart = readText(policy, "restartPolicy");
    if (restart === "") errors.push(required(path));
    else errors.push(...choiceErrors(path, restart, ["NotRequired", "RestartContainer"]));
    if (restartPolicy === "Never" && restart !== "NotRequired") {
      const why = "must be 'NotRequired' when `restartPolicy` is 'Never'";
      errors.push(invalid(path, restart, why));
    }
    return errors;
  });
}

/**
 * What is wrong with claims of devices, their templates and classes. In: decoded objects. Out:
 * field errors. Whether an expression about devices compiles is found out by whoever hands them
 * out.
 */
import type { Json, JsonObject } from "../../schema/schema.ts";
import { findObject, readList, readObject, readText, readTexts } from "../../strategy/object-at.ts";
import { isSameJson } from "../../values/same-json.ts";
import {
  choiceErrors,
  type Errors,
  immutableErrors,
  labelErrors,
  qualifiedNameErrors,
  requiredText,
  subdomainErrors,
} from "../checks.ts";
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
  tooLong,
  tooMany,
} from "../field-error.ts";
import { driverNameErrors } from "../pod/volumes.ts";

const LIST_MAX = 32;
const FIRST_AVAILABLE_MAX = 8;
const RESERVED_MAX = 256;
const EXPRESSION_MAX = 10 * 1024;
const MODES = ["All", "ExactCount"];

export function claimErrors(claim: JsonObject): Errors {
  return claimSpecErrors(readObject(claim, "spec"), "spec");
}

export function claimUpdateErrors(claim: JsonObject, old: JsonObject): Errors {
  return immutableErrors("spec", claim["spec"], old["spec"]);
}

export function claimTemplateErrors(template: JsonObject): Errors {
  return claimSpecErrors(readObject(readObject(template, "spec"), "spec"), "spec.spec");
}

export function deviceClassErrors(deviceClass: JsonObject): Errors {
  const spec = readObject(deviceClass, "spec");
  const configs = readList(spec, "config");
  return [
    ...selectorErrors(readList(spec, "selectors"), "spec.selectors"),
    ...countErrors(configs, "spec.config", LIST_MAX),
    ...configs.flatMap((config, at) => configErrors(config, `spec.config[${at}]`)),
  ];
}

function claimSpecErrors(spec: JsonObject, parent: string): Errors {
  const devices = readObject(spec, "devices");
  const field = `${parent}.devices`;
  const requests = readList(devices, "requests");
  const names = requestNames(requests);
  const each = (list: string, check: (one: JsonObject, where: string) => Errors): Errors => {
    const all = readList(devices, list);
    const errors = all.flatMap((one, at) => check(one, `${field}.${list}[${at}]`));
    return [...countErrors(all, `${field}.${list}`, LIST_MAX), ...errors];
  };
  return [
    ...each("requests", requestErrors),
    ...repeatedErrors(requests, `${field}.requests`),
    ...each("constraints", (one, where) => constraintErrors(one, where, names)),
    ...each("config", (one, where) => [
      ...referenceErrors(readTexts(one, "requests"), `${where}.requests`, names),
      ...configErrors(one, where),
    ]),
  ];
}

function countErrors(list: readonly unknown[], field: string, max: number): Errors {
  return list.length > max ? [tooMany(field, list.length, max)] : [];
}

function repeatedErrors(all: readonly JsonObject[], field: string): Errors {
  const names = all.map((one) => readText(one, "name"));
  return names.flatMap((name, at) =>
    names.indexOf(name) < at ? [duplicate(`${field}[${at}]`, name)] : [],
  );
}

/** What others may call a request, or one of several that would do: `a`, `a/b`. */
function requestNames(requests: readonly JsonObject[]): ReadonlySet<string> {
  return new Set(
    requests.flatMap((request) => {
      const name = readText(request, "name");
      const choices = readList(request, "firstAvailable").map((one) => readText(one, "name"));
      return [name, ...choices.map((choice) => `${name}/${choice}`)];
    }),
  );
}

function requestErrors(request: JsonObject, field: string): Errors {
  const exactly = findObject(request, "exactly");
  const first = readList(request, "firstAvailable");
  const errors = labelErrors(`${field}.name`, readText(request, "name"));
  const one = "exactly one of `exactly` or `firstAvailable` is required";
  if (exactly === undefined && first.length === 0) return [...errors, required(field, one)];
  if (exactly !== undefined && first.length > 0)
    return [...errors, invalid(field, null, `${one}, but multiple fields are set`)];
  if (exactly !== undefined) return [...errors, ...wishErrors(exactly, `${field}.exactly`)];
  const where = `${field}.firstAvailable`;
  return [
    ...errors,
    ...countErrors(first, where, FIRST_AVAILABLE_MAX),
    ...first.flatMap((wish, at) => [
      ...labelErrors(`${where}[${at}].name`, readText(wish, "name")),
      ...wishErrors(wish, `${where}[${at}]`),
    ]),
    ...repeatedErrors(first, where),
  ];
}

/** Of which class, how many, which ones. */
function wishErrors(wish: JsonObject, field: string): Errors {
  const deviceClass = readText(wish, "deviceClassName");
  const where = `${field}.deviceClassName`;
  return [
    ...(deviceClass === "" ? [required(where)] : subdomainErrors(where, deviceClass)),
    ...selectorErrors(readList(wish, "selectors"), `${field}.selectors`),
    ...modeErrors(readText(wish, "allocationMode"), wish["count"] ?? 0, field),
    ...readList(wish, "tolerations").flatMap((toleration, at) =>
      tolerationErrors(toleration, `${field}.tolerations[${at}]`),
    ),
  ];
}

function modeErrors(mode: string, count: Json, field: string): Errors {
  const where = `${field}.count`;
  if (mode === "All") {
    const why = "must not be specified when allocationMode is 'All'";
    return count === 0 ? [] : [invalid(where, count, why)];
  }
  if (mode !== "ExactCount") return [notSupported(`${field}.allocationMode`, mode, MODES)];
  return Number(count) > 0 ? [] : [invalid(where, count, "must be greater than zero")];
}

function tolerationErrors(toleration: JsonObject, field: string): Errors {
  const key = readText(toleration, "key");
  const effects = ["NoExecute", "NoSchedule", ""];
  return [
    ...(key === "" ? [] : qualifiedNameErrors(`${field}.key`, key)),
    ...choiceErrors(`${field}.operator`, toleration["operator"], ["Equal", "Exists"]),
    ...(effects.includes(readText(toleration, "effect"))
      ? []
      : choiceErrors(`${field}.effect`, toleration["effect"], ["NoExecute", "NoSchedule"])),
  ];
}

function selectorErrors(selectors: readonly JsonObject[], field: string): Errors {
  const errors = selectors.flatMap((selector, at): Errors => {
    const cel = findObject(selector, "cel");
    if (cel === undefined) return [required(`${field}[${at}].cel`)];
    const isLong = Buffer.byteLength(readText(cel, "expression")) > EXPRESSION_MAX;
    return isLong ? [tooLong(`${field}[${at}].cel.expression`, EXPRESSION_MAX)] : [];
  });
  return [...countErrors(selectors, field, LIST_MAX), ...errors];
}

function constraintErrors(
  constraint: JsonObject,
  field: string,
  names: ReadonlySet<string>,
): Errors {
  const errors = referenceErrors(readTexts(constraint, "requests"), `${field}.requests`, names);
  const isComplete =
    constraint["matchAttribute"] !== undefined || constraint["distinctAttribute"] !== undefined;
  if (isComplete) return errors;
  const why =
    'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields ' +
    "are set";
  return [...errors, required(field, why)];
}

function referenceErrors(
  texts: readonly string[],
  field: string,
  names: ReadonlySet<string>,
): Errors {
  const why =
    "must be the name of a request in the claim or the name of a request and a subrequest " +
    "separated by '/'";
  const errors = texts.flatMap((text, at): FieldError[] => {
    const where = `${field}[${at}]`;
    const unknown = names.has(text) ? [] : [invalid(where, text, why)];
    return texts.indexOf(text) < at ? [...unknown, duplicate(where, text)] : unknown;
  });
  return [...countErrors(texts, field, LIST_MAX), ...errors];
}

function configErrors(config: JsonObject, field: string): Errors {
  const opaque = findObject(config, "opaque");
  if (opaque === undefined) return [required(`${field}.opaque`)];
  const parameters = opaque["parameters"] ?? undefined;
  return [
    ...driverNameErrors(`${field}.opaque.driver`, readText(opaque, "driver")),
    ...(parameters === undefined ? [required(`${field}.opaque.parameters`)] : []),
  ];
}

/** Of who has been given which devices. */
export function claimStatusErrors(claim: JsonObject, old: JsonObject): Errors {
  const [status, before] = [readObject(claim, "status"), readObject(old, "status")];
  const field = "status.reservedFor";
  const users = readList(status, "reservedFor");
  const errors: FieldError[] = [...countErrors(users, field, RESERVED_MAX)];
  for (const [at, user] of users.entries()) {
    for (const name of ["resource", "name", "uid"])
      errors.push(...requiredText(user, `${field}[${at}]`, name));
    const uid = readText(user, "uid");
    if (users.findIndex((one) => readText(one, "uid") === uid) < at)
      errors.push(duplicate(`${field}[${at}]`, uid));
  }
  const allocation = status["allocation"];
  if (users.length > 0 && allocation === undefined)
    errors.push(forbidden(field, "may not be specified when `allocated` is not set"));
  const isGoing = readObject(claim, "metadata")["deletionTimestamp"] !== undefined;
  const isNew = (user: JsonObject): boolean =>
    !readList(before, "reservedFor").some((one) => isSameJson(one, user));
  if (allocation !== undefined && isGoing && users.some(isNew)) {
    const why =
      "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set";
    errors.push(forbidden(field, why));
  }
  if (allocation !== undefined && before["allocation"] !== undefined)
    errors.push(...immutableErrors("status.allocation", allocation, before["allocation"]));
  return errors;
}

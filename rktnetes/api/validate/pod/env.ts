/** Environment variables of containers. In: decoded entries. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readList, readText } from "../../strategy/object-at.ts";
import {
  configKeyProblems,
  dnsSubdomainProblems,
  relaxedEnvVarProblems,
} from "../../values/names.ts";
import { type Errors, problemErrors, requiredText, subdomainErrors } from "../checks.ts";
import { type FieldError, invalid, required } from "../field-error.ts";
import { descendingPathErrors } from "../paths.ts";
import { ENV_FIELDS, fieldRefErrors, resourceRefErrors } from "./references.ts";

export function envErrors(container: JsonObject, field: string): Errors {
  return readList(container, "env").flatMap((entry, at) => {
    const path = `${field}.env[${at}]`;
    const name = readText(entry, "name");
    const errors =
      name === ""
        ? [required(`${path}.name`)]
        : problemErrors(`${path}.name`, name, relaxedEnvVarProblems(name));
    return [...errors, ...valueFromErrors(entry, `${path}.valueFrom`)];
  });
}

type SourceCheck = (source: JsonObject, field: string) => Errors;

const SOURCES: Readonly<Record<string, SourceCheck>> = {
  fieldRef: (source, field) => fieldRefErrors(source, field, ENV_FIELDS),
  resourceFieldRef: (source, field) => resourceRefErrors(source, field, false),
  configMapKeyRef: keyRefErrors,
  secretKeyRef: keyRefErrors,
  fileKeyRef: (source, field) => [
    ...requiredText(source, field, "key"),
    ...requiredText(source, field, "volumeName"),
    ...requiredText(source, field, "path"),
    ...descendingPathErrors(`${field}.path`, readText(source, "path")),
  ],
};

function valueFromErrors(entry: JsonObject, field: string): Errors {
  const from = findObject(entry, "valueFrom");
  if (from === undefined) return [];
  const errors: FieldError[] = [];
  let count = 0;
  for (const [name, check] of Object.entries(SOURCES)) {
    const source = findObject(from, name);
    if (source === undefined) continue;
    count += 1;
    errors.push(...check(source, `${field}.${name}`));
  }
  if (count === 0) errors.push(invalid(field, "", NO_SOURCE));
  if (readText(entry, "value") !== "") {
    if (count > 0)
      errors.push(invalid(field, "", "may not be specified when `value` is not empty"));
  } else if (count > 1) errors.push(invalid(field, "", ONE_SOURCE));
  return errors;
}

const NO_SOURCE =
  "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or " +
  "`fileKeyRef`";
const ONE_SOURCE = "may not have more than one field specified at a time";

function keyRefErrors(source: JsonObject, field: string): Errors {
  const name = readText(source, "name");
  const key = readText(source, "key");
  const keyErrors =
    key === ""
      ? [required(`${field}.key`)]
      : problemErrors(`${field}.key`, key, configKeyProblems(key));
  return [...problemErrors(`${field}.name`, name, dnsSubdomainProblems(name)), ...keyErrors];
}

export function envFromErrors(container: JsonObject, field: string): Errors {
  return readList(container, "envFrom").flatMap((entry, at) => {
    const path = `${field}.envFrom[${at}]`;
    const prefix = readText(entry, "prefix");
    const errors: FieldError[] = [];
    if (prefix !== "")
      errors.push(...problemErrors(`${path}.prefix`, prefix, relaxedEnvVarProblems(prefix)));
    const sources = ["configMapRef", "secretRef"].filter((name) => entry[name] !== undefined);
    for (const name of sources) errors.push(...sourceErrors(entry, `${path}.${name}`, name));
    const whole = `${field}.envFrom`;
    if (sources.length === 0)
      errors.push(invalid(whole, "", "must specify one of: `configMapRef` or `secretRef`"));
    else if (sources.length > 1) errors.push(invalid(whole, "", ONE_SOURCE));
    return errors;
  });
}

function sourceErrors(entry: JsonObject, field: string, name: string): Errors {
  const source = readText(findObject(entry, name) ?? {}, "name");
  if (source === "") return [required(`${field}.name`)];
  return subdomainErrors(`${field}.name`, source);
}

/** What is wrong with config maps and secrets. In: decoded objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readObject, readText } from "../../strategy/object-at.ts";
import { configKeyProblems } from "../../values/names.ts";
import { isSameJson } from "../../values/same-json.ts";
import { type Errors, immutableErrors, problemErrors } from "../checks.ts";
import { type FieldError, forbidden, invalid, required, tooLong } from "../field-error.ts";
import { jsonProblem } from "../json-problem.ts";

const SIZE_MAX = 1024 * 1024;
const IMMUTABLE = "field is immutable when `immutable` is set";

export function configMapErrors(map: JsonObject): Errors {
  const data = readObject(map, "data");
  const bytes = readObject(map, "binaryData");
  const errors: FieldError[] = [];
  let sizeBytes = 0;
  for (const key of Object.keys(data)) {
    errors.push(...keyErrors("data", key));
    if (Object.hasOwn(bytes, key))
      errors.push(invalid(`data[${key}]`, key, "duplicate of key present in binaryData"));
    sizeBytes += Buffer.byteLength(readText(data, key));
  }
  for (const key of Object.keys(bytes)) {
    errors.push(...keyErrors("binaryData", key));
    sizeBytes += decodedLength(readText(bytes, key));
  }
  return sizeBytes > SIZE_MAX ? [...errors, tooLong("[]", SIZE_MAX)] : errors;
}

function keyErrors(field: string, key: string): Errors {
  return problemErrors(`${field}[${key}]`, key, configKeyProblems(key));
}

function decodedLength(base64: string): number {
  return Buffer.byteLength(base64, "base64");
}

export function configMapUpdateErrors(map: JsonObject, old: JsonObject): Errors {
  return [...frozenErrors(map, old, ["data", "binaryData"]), ...configMapErrors(map)];
}

function frozenErrors(object: JsonObject, old: JsonObject, fields: readonly string[]): Errors {
  if (old["immutable"] !== true) return [];
  const errors: FieldError[] = [];
  if (object["immutable"] !== true) errors.push(forbidden("immutable", IMMUTABLE));
  for (const field of fields) {
    if (!isSameJson(readObject(object, field), readObject(old, field)))
      errors.push(forbidden(field, IMMUTABLE));
  }
  return errors;
}

export function secretErrors(secret: JsonObject): Errors {
  const data = readObject(secret, "data");
  const errors: FieldError[] = [];
  let sizeBytes = 0;
  for (const key of Object.keys(data)) {
    errors.push(...keyErrors("data", key));
    sizeBytes += decodedLength(readText(data, key));
  }
  if (sizeBytes > SIZE_MAX) errors.push(tooLong("data", SIZE_MAX));
  return [...errors, ...typeErrors(secret, data)];
}

const ACCOUNT = "kubernetes.io/service-account.name";

function typeErrors(secret: JsonObject, data: JsonObject): Errors {
  switch (readText(secret, "type")) {
    case "kubernetes.io/service-account-token": {
      const annotations = readObject(readObject(secret, "metadata"), "annotations");
      const field = `metadata.annotations[${ACCOUNT}]`;
      return readText(annotations, ACCOUNT) === "" ? [required(field)] : [];
    }
    case "kubernetes.io/dockercfg":
      return jsonErrors(data, ".dockercfg");
    case "kubernetes.io/dockerconfigjson":
      return jsonErrors(data, ".dockerconfigjson");
    case "kubernetes.io/basic-auth":
      return ["username", "password"].some((key) => data[key] !== undefined)
        ? []
        : neededErrors(data, ["username", "password"]);
    case "kubernetes.io/ssh-auth":
      return readText(data, "ssh-privatekey") === "" ? [required("data[ssh-privatekey]")] : [];
    case "kubernetes.io/tls":
      return neededErrors(data, ["tls.crt", "tls.key"]);
    default:
      return [];
  }
}

function neededErrors(data: JsonObject, keys: readonly string[]): Errors {
  return keys.filter((key) => data[key] === undefined).map((key) => required(`data[${key}]`));
}

function jsonErrors(data: JsonObject, key: string): Errors {
  const field = `data[${key}]`;
  if (data[key] === undefined) return [required(field)];
  const problem = jsonProblem(Buffer.from(readText(data, key), "base64").toString("utf8"));
  return problem === undefined ? [] : [invalid(field, "<secret contents redacted>", problem)];
}

export function secretUpdateErrors(secret: JsonObject, old: JsonObject): Errors {
  return [
    ...immutableErrors("type", secret["type"], old["type"]),
    ...frozenErrors(secret, old, ["data"]),
    ...secretErrors(secret),
  ];
}

export function secretWarnings(secret: JsonObject): readonly string[] {
  if (readText(secret, "type") !== "kubernetes.io/tls") return [];
  const data = findObject(secret, "data") ?? {};
  for (const [key, what] of [
    ["tls.crt", "certificate"],
    ["tls.key", "key"],
  ] as const) {
    const text = Buffer.from(readText(data, key), "base64").toString("latin1");
    if (!/-----BEGIN [^-]+-----/.test(text))
      return [`tls: failed to find any PEM data in ${what} input`];
  }
  return [];
}

/**
 * Where a webhook is: an address, or a service of the cluster. In: a decoded client configuration.
 * Out: field errors in Kubernetes' order. Pure.
 */
import { X509Certificate } from "node:crypto";
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readNumber, readText } from "../../strategy/object-at.ts";
import { dnsSubdomainProblems } from "../../values/names.ts";
import type { Errors } from "../checks.ts";
import { type FieldError, invalid, required } from "../field-error.ts";

export function webhookClientErrors(client: JsonObject, field: string): Errors {
  const url = client["url"];
  const service = findObject(client, "service");
  if ((url === undefined) === (service === undefined))
    return [required(field, "exactly one of url or service is required")];
  if (service !== undefined) return serviceErrors(service, `${field}.service`);
  return urlErrors(readText(client, "url"), `${field}.url`);
}

const FORM = "; desired format: https://host[/path]";

/** Where the API server calls: no user, no query, no fragment. */
function urlErrors(text: string, field: string): Errors {
  if (!URL.canParse(text)) {
    const why = `url must be a valid URL: parse ${JSON.stringify(text)}: invalid URI${FORM}`;
    return [required(field, why)];
  }
  const { protocol, host, username, password, hash, search } = new URL(text);
  const errors: FieldError[] = [];
  const scheme = protocol.slice(0, -1);
  if (scheme !== "https")
    errors.push(invalid(field, scheme, `'https' is the only allowed URL scheme${FORM}`));
  if (host === "") errors.push(invalid(field, "", `host must be specified${FORM}`));
  const user = password === "" ? username : `${username}:${password}`;
  if (user !== "")
    errors.push(invalid(field, user, "user information is not permitted in the URL"));
  if (hash !== "")
    errors.push(invalid(field, hash.slice(1), "fragments are not permitted in the URL"));
  if (search !== "")
    errors.push(invalid(field, search.slice(1), "query parameters are not permitted in the URL"));
  return errors;
}

const PORT_MAX = 65_535;

function serviceErrors(service: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  for (const name of ["name", "namespace"]) {
    if (readText(service, name) === "") errors.push(required(`${field}.${name}`));
  }
  const port = readNumber(service, "port") ?? 0;
  if (port < 1 || port > PORT_MAX) {
    const why = "port is not valid: must be between 1 and 65535, inclusive";
    errors.push(invalid(`${field}.port`, port, why));
  }
  return [...errors, ...pathErrors(readText(service, "path"), `${field}.path`)];
}

function pathErrors(path: string, field: string): Errors {
  if (path === "" || path === "/") return [];
  const errors: FieldError[] = [];
  if (!path.startsWith("/")) errors.push(invalid(field, path, "must start with a '/'"));
  const steps = path.slice(1).replace(/\/$/, "").split("/");
  for (const [at, step] of steps.entries()) {
    const problems = step === "" ? [] : dnsSubdomainProblems(step);
    if (step === "") errors.push(invalid(field, path, `segment[${at}] may not be empty`));
    for (const problem of problems) {
      errors.push(invalid(field, path, `segment[${at}]: ${problem}`));
    }
  }
  return errors;
}

/** Certificates that a webhook's own is checked by, as a definition or an APIService has them. */
export function authorityErrors(bundle: string, field: string): Errors {
  const text = Buffer.from(bundle, "base64").toString();
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length > 0 && blocks.every(isCertificate)) return [];
  const none = "data does not contain any valid RSA or ECDSA certificates";
  return [invalid(field, bundle, `unable to load root certificates: ${none}`)];
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).subject !== undefined;
  } catch {
    return false;
  }
}

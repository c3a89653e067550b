/** What is wrong with ingresses and their classes. In: decoded objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import {
  findObject,
  readList,
  readNumber,
  readObject,
  readText,
  readTexts,
} from "../../strategy/object-at.ts";
import {
  dnsLabelProblems,
  portNameProblems,
  portNumberProblems,
  wildcardSubdomainProblems,
} from "../../values/names.ts";
import {
  type Errors,
  immutableErrors,
  problemErrors,
  requiredChoice,
  requiredText,
  subdomainErrors,
} from "../checks.ts";
import { type FieldError, forbidden, invalid, required, tooLong } from "../field-error.ts";
import { parseIp } from "../../values/ip.ts";
import { balancerErrors } from "../service.ts";

export const CLASS_ANNOTATION = "kubernetes.io/ingress.class";
const PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"];
const CONTROLLER_MAX = 250;

export function ingressErrors(ingress: JsonObject): Errors {
  const noted = readText(
    readObject(readObject(ingress, "metadata"), "annotations"),
    CLASS_ANNOTATION,
  );
  const spec = readObject(ingress, "spec");
  const named = readText(spec, "ingressClassName");
  const errors: FieldError[] = [];
  if (noted !== "" && named !== "" && noted !== named) {
    const why = "must match `ingressClassName` when both are specified";
    errors.push(invalid(`annotations.${CLASS_ANNOTATION}`, noted, why));
  }
  return [...errors, ...specErrors(spec)];
}

export function ingressStatusErrors(ingress: JsonObject): Errors {
  const balancer = readObject(readObject(ingress, "status"), "loadBalancer");
  return balancerErrors(balancer, "status.loadBalancer", true);
}

function specErrors(spec: JsonObject): Errors {
  const errors: FieldError[] = [];
  const rules = readList(spec, "rules");
  const backend = findObject(spec, "defaultBackend");
  if (rules.length === 0 && backend === undefined)
    errors.push(invalid("spec", null, "either `defaultBackend` or `rules` must be specified"));
  for (const [at, tls] of readList(spec, "tls").entries())
    errors.push(...tlsErrors(tls, `spec.tls[${at}]`));
  for (const [at, rule] of rules.entries()) errors.push(...ruleErrors(rule, `spec.rules[${at}]`));
  if (backend !== undefined) errors.push(...backendErrors(backend, "spec.defaultBackend"));
  const named = spec["ingressClassName"];
  if (named !== undefined)
    errors.push(...subdomainErrors("spec.ingressClassName", readText(spec, "ingressClassName")));
  return errors;
}

function tlsErrors(tls: JsonObject, field: string): Errors {
  const hosts = readTexts(tls, "hosts").flatMap((host, at) =>
    hostErrors(host, `${field}.hosts[${at}]`),
  );
  const secret = readText(tls, "secretName");
  return [...hosts, ...(secret === "" ? [] : subdomainErrors(`${field}.secretName`, secret))];
}

function hostErrors(host: string, field: string): Errors {
  return host.includes("*")
    ? problemErrors(field, host, wildcardSubdomainProblems(host))
    : subdomainErrors(field, host);
}

function ruleErrors(rule: JsonObject, field: string): Errors {
  const host = readText(rule, "host");
  const errors: FieldError[] = [];
  if (host !== "" && parseIp(host) !== undefined)
    errors.push(invalid(`${field}.host`, host, "must be a DNS name, not an IP address"));
  else if (host !== "") errors.push(...hostErrors(host, `${field}.host`));
  const http = findObject(rule, "http");
  if (http === undefined) return errors;
  const paths = readList(http, "paths");
  if (paths.length === 0) errors.push(required(`${field}.http.paths`));
  for (const [at, path] of paths.entries())
    errors.push(...pathErrors(path, `${field}.http.paths[${at}]`));
  return errors;
}

const INSIDE = ["//", "/./", "/../", "%2f", "%2F"];
const AT_END = ["/..", "/."];

function pathErrors(entry: JsonObject, field: string): Errors {
  const path = readText(entry, "path");
  const type = readText(entry, "pathType");
  const errors: FieldError[] = [];
  if (type === "") errors.push(required(`${field}.pathType`, "pathType must be specified"));
  else errors.push(...requiredChoice(`${field}.pathType`, type, PATH_TYPES));
  if (type === "Exact" || type === "Prefix") errors.push(...absoluteErrors(path, `${field}.path`));
  else if (type === "ImplementationSpecific" && path !== "" && !path.startsWith("/"))
    errors.push(invalid(`${field}.path`, path, "must be an absolute path"));
  return [...errors, ...backendErrors(readObject(entry, "backend"), `${field}.backend`)];
}

function absoluteErrors(path: string, field: string): Errors {
  const errors: FieldError[] = [];
  if (!path.startsWith("/")) errors.push(invalid(field, path, "must be an absolute path"));
  if (path === "") return errors;
  for (const part of INSIDE)
    if (path.includes(part)) errors.push(invalid(field, path, `must not contain '${part}'`));
  for (const end of AT_END)
    if (path.endsWith(end)) errors.push(invalid(field, path, `cannot end with '${end}'`));
  return errors;
}

function backendErrors(backend: JsonObject, field: string): Errors {
  const service = findObject(backend, "service");
  const resource = findObject(backend, "resource");
  if (service !== undefined && resource !== undefined)
    return [invalid(field, "", "cannot set both resource and service backends")];
  if (resource !== undefined) return typedReferenceErrors(resource, `${field}.resource`);
  if (service === undefined) return [invalid(field, "", "resource or service backend is required")];
  return [
    ...serviceNameErrors(service, field),
    ...servicePortErrors(readObject(service, "port"), field),
  ];
}

function serviceNameErrors(service: JsonObject, field: string): Errors {
  const name = readText(service, "name");
  if (name === "") return [required(`${field}.service.name`)];
  return problemErrors(`${field}.service.name`, name, dnsLabelProblems(name));
}

function servicePortErrors(port: JsonObject, field: string): Errors {
  const name = readText(port, "name");
  const number = readNumber(port, "number") ?? 0;
  if (name !== "" && number !== 0)
    return [invalid(field, "", "cannot set both port name & port number")];
  if (name !== "") return problemErrors(`${field}.service.port.name`, name, portNameProblems(name));
  if (number === 0) return [required(field, "port name or number is required")];
  return problemErrors(`${field}.service.port.number`, number, portNumberProblems(number));
}

function typedReferenceErrors(reference: JsonObject, field: string): Errors {
  const group = readText(reference, "apiGroup");
  return [
    ...(group === "" ? [] : subdomainErrors(`${field}.apiGroup`, group)),
    ...requiredText(reference, field, "kind"),
    ...requiredText(reference, field, "name"),
  ];
}

export function ingressClassErrors(ingressClass: JsonObject): Errors {
  const spec = readObject(ingressClass, "spec");
  const controller = readText(spec, "controller");
  const parameters = findObject(spec, "parameters");
  return [
    ...controllerErrors(controller),
    ...(parameters === undefined ? [] : parameterErrors(parameters)),
  ];
}

function controllerErrors(controller: string): Errors {
  const field = "spec.controller";
  if (controller === "") return [required(field)];
  const errors: FieldError[] = [];
  if (Buffer.byteLength(controller) > CONTROLLER_MAX) errors.push(tooLong(field, CONTROLLER_MAX));
  const slash = controller.indexOf("/");
  if (slash <= 0 || slash === controller.length - 1) {
    const why = 'must be a domain-prefixed path (such as "acme.io/foo")';
    return [...errors, invalid(field, controller, why)];
  }
  return [...errors, ...subdomainErrors(field, controller.slice(0, slash))];
}

function parameterErrors(parameters: JsonObject): Errors {
  const field = "spec.parameters";
  const errors = [...typedReferenceErrors(parameters, field)];
  const scope = readText(parameters, "scope");
  const namespace = readText(parameters, "namespace");
  errors.push(...requiredChoice(`${field}.scope`, scope, ["Cluster", "Namespace"]));
  if (scope === "Namespace" && namespace === "")
    errors.push(required(`${field}.namespace`, "`parameters.scope` is set to 'Namespace'"));
  if (scope === "Cluster" && parameters["namespace"] !== undefined)
    errors.push(forbidden(`${field}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  return errors;
}

export function ingressClassUpdateErrors(ingressClass: JsonObject, old: JsonObject): Errors {
  const [spec, before] = [readObject(ingressClass, "spec"), readObject(old, "spec")];
  return [
    ...immutableErrors("spec.controller", spec["controller"], before["controller"]),
    ...ingressClassErrors(ingressClass),
  ];
}

/**
 * Requests that a node would answer: logs, streams into containers, proxies. In: a request that was
 * let in. Out: what is to be said before a node is asked. No nodes run yet, so whoever gets as far
 * as a node hears that it cannot be reached. @throws {StatusFault} 400, 404, 422, 503
 */
import { type FieldError, forbidden, invalid } from "@rktnetes/api/field-error";
import type { Subresource } from "@rktnetes/api/kind";
import type { JsonObject } from "@rktnetes/api/schema";
import {
  badRequest,
  invalidFault,
  methodNotAllowed,
  notFoundFault,
  StatusFault,
} from "@rktnetes/api/status-fault";
import { readList, readNumber, readObject, readText } from "@rktnetes/api/strategy/object-at";
import { admitConnection } from "./admit-connection.ts";
import type { Answer } from "./answer.ts";
import type { ResourceCall } from "./resource-call.ts";

export async function connect(
  call: ResourceCall,
  { name, verbs, kind }: Subresource,
): Promise<Answer> {
  const verb = VERBS[call.request.method] ?? "";
  if (!verbs.includes(verb)) throw methodNotAllowed();
  if (name !== "log") await admitConnection(call, kind);
  if (name === "proxy") return await proxy(call);
  if (name === "log") refuseLogOptions(call);
  const pod = await podOf(call, call.path.name);
  if (name !== "portforward") checkContainer(call, pod);
  const node = readText(readObject(pod, "spec"), "nodeName");
  if (node === "") {
    if (name === "log") return { status: 204, type: "", body: "" };
    throw badRequest(`pod ${call.path.name} does not have a host assigned`);
  }
  if ((await find(call, "nodes", "", node)) === undefined)
    throw notFoundFault({ group: "", name: "pods" }, node);
  throw noAgent(node);
}

function noAgent(node: string): StatusFault {
  return unavailable(`no agent of node ${JSON.stringify(node)} is connected`);
}

const VERBS: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

function unavailable(message: string): StatusFault {
  return new StatusFault({ code: 503, reason: "ServiceUnavailable", message });
}

async function find(
  { server }: ResourceCall,
  plural: string,
  namespace: string,
  name: string,
): Promise<JsonObject | undefined> {
  const kind = server.kinds.find("", "v1", plural);
  if (kind === undefined) return undefined;
  const resource = await server.registry.resource(kind);
  return (await server.registry.find(resource, namespace, name))?.object;
}

async function podOf(call: ResourceCall, name: string): Promise<JsonObject> {
  const pod = await find(call, "pods", call.path.namespace, name);
  if (pod === undefined) throw notFoundFault({ group: "", name: "pods" }, name);
  return pod;
}

const CONTAINERS = ["initContainers", "containers", "ephemeralContainers"] as const;

/** The container that is meant, or the only one. */
function checkContainer({ request, path }: ResourceCall, pod: JsonObject): void {
  const spec = readObject(pod, "spec");
  const asked = request.query.get("container") ?? "";
  const all = CONTAINERS.flatMap((field) => readList(spec, field)).map((each) =>
    readText(each, "name"),
  );
  if (asked !== "") {
    if (all.includes(asked)) return;
    throw badRequest(`container ${asked} is not valid for pod ${path.name}`);
  }
  if (readList(spec, "containers").length === 1) return;
  const annotations = readObject(readObject(pod, "metadata"), "annotations");
  if (all.includes(readText(annotations, "kubectl.kubernetes.io/default-container"))) return;
  const choices = `choose one of: [${all.join(" ")}]`;
  throw badRequest(`a container name must be specified for pod ${path.name}, ${choices}`);
}

/** @throws {StatusFault} 422 */
function refuseLogOptions({ request, path }: ResourceCall): void {
  const { query } = request;
  const errors: FieldError[] = [];
  errors.push(...atLeast(query, "tailLines", 0), ...atLeast(query, "limitBytes", 1));
  if (query.has("sinceSeconds") && query.has("sinceTime")) {
    const why = "at most one of `sinceTime` or `sinceSeconds` may be specified";
    errors.push(forbidden("[]", why));
  } else errors.push(...atLeast(query, "sinceSeconds", 1));
  if (query.has("stream")) errors.push(forbidden("stream", "may not be specified"));
  if (errors.length === 0) return;
  throw invalidFault({ group: "", name: "PodLogOptions" }, path.name, errors);
}

function atLeast(query: URLSearchParams, field: string, least: 0 | 1): readonly FieldError[] {
  const text = query.get(field);
  const value = Number(text);
  if (text === null || text === "" || value >= least) return [];
  const why = least === 0 ? "must be greater than or equal to 0" : "must be greater than 0";
  return [invalid(field, value, why)];
}

async function proxy(call: ResourceCall): Promise<Answer> {
  const { resource, name } = call.path;
  const target = parseTarget(name);
  if (target === undefined) {
    const what = resource === "nodes" ? "node" : resource === "services" ? "service" : "pod";
    throw badRequest(`invalid ${what} request ${JSON.stringify(name)}`);
  }
  if (resource === "services") return await proxyService(call, target);
  const found = await find(call, resource, call.path.namespace, target.name);
  if (found === undefined) throw notFoundFault({ group: "", name: resource }, target.name);
  const status = readObject(found, "status");
  const addresses = readList(status, "addresses").map((each) => readText(each, "address"));
  const address = resource === "nodes" ? addresses[0] : readText(status, "podIP");
  if (address === undefined || !mayBeReached(address)) throw badRequest("address not allowed");
  const node = resource === "nodes" ? target.name : readText(readObject(found, "spec"), "nodeName");
  throw noAgent(node);
}

/** Addresses of this machine are for nobody else. */
function mayBeReached(address: string): boolean {
  return address !== "" && !/^(?:127\.|169\.254\.|0\.|22[4-9]\.|::1?$|fe80:|ff)/i.test(address);
}

interface ProxyTarget {
  readonly name: string;
  readonly port: string;
}

/** `name`, `name:port`, `scheme:name:port` or `scheme:name:`. */
function parseTarget(text: string): ProxyTarget | undefined {
  const parts = text.split(":");
  const [first = "", second = "", third = ""] = parts;
  if (parts.length === 1) return { name: first, port: "" };
  if (parts.length === 2) return second === "" ? undefined : { name: first, port: second };
  const isScheme = ["http", "https", ""].includes(first);
  return parts.length === 3 && isScheme ? { name: second, port: third } : undefined;
}

async function proxyService(call: ResourceCall, target: ProxyTarget): Promise<Answer> {
  const service = await find(call, "services", call.path.namespace, target.name);
  if (service === undefined) throw notFoundFault({ group: "", name: "services" }, target.name);
  const ports = readList(readObject(service, "spec"), "ports");
  const isThere =
    target.port === ""
      ? ports.length === 1
      : ports.some(
          (port) =>
            readText(port, "name") === target.port ||
            String(readNumber(port, "port")) === target.port,
        );
  const named = JSON.stringify(target.name);
  if (!isThere) throw unavailable(`no service port ${target.port} found for service ${named}`);
  const endpoints = await find(call, "endpoints", call.path.namespace, target.name);
  if (endpoints === undefined) throw notFoundFault({ group: "", name: "services" }, target.name);
  throw unavailable(`no endpoints available for service ${named}`);
}

/**
 * Requests for objects: method and path become one operation of the registry, its outcome an
 * answer. In: a request that was let in. Out: an answer, or nothing when a watch has sent it all.
 * @throws {StatusFault}
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { successStatus } from "@rktnetes/api/status";
import {
  badRequest,
  methodNotAllowed,
  noSuchResource,
  notFoundFault,
  plainFault,
  verbNotSupported,
} from "@rktnetes/api/status-fault";
import { create } from "../registry/create.ts";
import { deleteCollection } from "../registry/delete-collection.ts";
import { deleteObject } from "../registry/delete.ts";
import { list, waitFor } from "../registry/list.ts";
import { metaText } from "../registry/metadata.ts";
import { readDeleteOptions } from "../registry/options/delete-options.ts";
import { readListQuery } from "../registry/options/list-options.ts";
import { revisionProblem } from "../registry/options/query.ts";
import {
  optionsObject,
  readWriteQuery,
  type SentOptions,
} from "../registry/options/write-options.ts";
import type { Resource } from "../registry/resource.ts";
import { update } from "../registry/update.ts";
import type { Written, WriteRequest } from "../registry/written.ts";
import { type Answer, documentAnswer } from "./answer.ts";
import type { CallTools } from "./call-tools.ts";
import { negotiate } from "./negotiate.ts";
import { patchObject } from "./patch-route.ts";
import { readDeleteBody } from "./read-delete-body.ts";
import { readObject } from "./read-object.ts";
import type { ResourceCall } from "./resource-call.ts";
import { isReview, serveReview, serveToken } from "./review-routes.ts";
import { serveWatch } from "./serve-watch.ts";
import { encodeList, encodeObject, type IncludeObject, type ViewContext } from "./views.ts";

export async function serveResource(call: ResourceCall): Promise<Answer | undefined> {
  const { path, kind } = call;
  if (path.subresource !== "") return await serveSubresource(call);
  if (path.name === "") return await serveCollection(call);
  if (path.watch) return await serveWatch(call, onlyName(call));
  checkName(path.name);
  if (!kind.verbs.some((verb) => ITEM_VERBS.has(verb))) throw noSuchResource();
  return await serveItem(call);
}

const ITEM_VERBS: ReadonlySet<string> = new Set(["get", "update", "patch", "delete"]);

/** Names that would be paths. */
function checkName(name: string): void {
  const why = name === "." || name === ".." ? `may not be '${name}'` : pathCharacter(name);
  if (why !== undefined)
    throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: ${why}`);
}

function pathCharacter(name: string): string | undefined {
  const found = ["/", "%"].find((char) => name.includes(char));
  return found === undefined ? undefined : `may not contain '${found}'`;
}

/** The deprecated way to watch one object. */
function onlyName({ request, path }: ResourceCall): URLSearchParams {
  const query = new URLSearchParams(request.query);
  query.set("fieldSelector", `metadata.name=${path.name}`);
  return query;
}

async function serveCollection(call: ResourceCall): Promise<Answer | undefined> {
  const { request, path, kind } = call;
  const { verbs } = kind;
  const isAcross = kind.namespaced && path.namespace === "";
  if (isAcross && !verbs.includes("list")) throw noSuchResource();
  const can = (verb: string): boolean => verbs.includes(verb) && !(isAcross && verb !== "list");
  if (request.method === "GET" && verbs.includes("list")) return await serveList(call);
  if (request.method === "POST" && can("create") && !path.watch) return await serveCreate(call);
  if (request.method === "DELETE" && can("deletecollection")) return await serveDeleteAll(call);
  throw methodNotAllowed();
}

async function serveItem(call: ResourceCall): Promise<Answer> {
  const { request, kind } = call;
  const { method } = request;
  if (method === "GET" && kind.verbs.includes("get")) return await serveGet(call);
  if (method === "PUT" && kind.verbs.includes("update")) return await serveUpdate(call);
  if (method === "PATCH" && kind.verbs.includes("patch")) return await servePatch(call);
  if (method === "DELETE" && kind.verbs.includes("delete")) return await serveDelete(call);
  throw methodNotAllowed();
}

/** Sub-resources that show and take the object itself. */
async function serveSubresource(call: ResourceCall): Promise<Answer> {
  const { request, path, kind } = call;
  const subresource = kind.subresources.find(({ name }) => name === path.subresource);
  if (subresource === undefined) throw noSuchResource();
  if (path.rest.length > 0 && subresource.name !== "proxy") throw noSuchResource();
  const isItself =
    subresource.kind.kind === kind.kind &&
    subresource.kind.group === kind.group &&
    subresource.name !== "log";
  const can = (verb: string): boolean => subresource.verbs.includes(verb);
  if (isItself && request.method === "GET" && can("get")) return await serveGet(call);
  if (isItself && request.method === "PUT" && can("update")) return await serveUpdate(call);
  if (isItself && request.method === "PATCH" && can("patch")) return await servePatch(call);
  if (path.subresource === "token" && request.method === "POST" && can("create")) {
    const resource = await call.server.registry.resource(kind);
    return await serveToken(call, viewOf(call, resource, false));
  }
  const { serveSpecial } = await import("./subresource-routes.ts");
  return await serveSpecial(call, subresource, toolsOf(call));
}

function toolsOf(call: ResourceCall): CallTools {
  return {
    view: (resource) => viewOf(call, resource, false),
    write: (options) => writeRequest(call, options),
  };
}

/** They do something to an object, and answer with something else. */
const WITHOUT_TABLES: readonly string[] = ["binding", "eviction", "token"];

function viewOf(call: ResourceCall, resource: Resource, canStream: boolean): ViewContext {
  const { request, kind, server, path } = call;
  const { hasProtobuf, verbs } = kind;
  const hasTables = verbs.includes("get") && !WITHOUT_TABLES.includes(path.subresource);
  const form = negotiate(request.header("accept"), { canStream, hasProtobuf, hasTables });
  const includeObject = readInclude(
    request.search === "" ? null : request.query.get("includeObject"),
  );
  return { form, resource, includeObject, nowMs: server.host.clock.now() };
}

function readInclude(text: string | null): IncludeObject {
  if (text === null || text === "") return "Metadata";
  if (text === "Metadata" || text === "Object" || text === "None") return text;
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(text)}`);
}

async function serveGet(call: ResourceCall): Promise<Answer> {
  const { request, path, server, kind } = call;
  const { registry } = server;
  const resource = await registry.resource(kind);
  const view = viewOf(call, resource, false);
  if (request.search !== "") await awaitRevision(call);
  const found = await registry.find(resource, path.namespace, path.name);
  if (found === undefined) throw notFoundFault(resource.named, path.name);
  return { status: 200, type: view.form.mediaType, body: await encodeObject(found, view) };
}

/** A client may ask for a state that this server has yet to see. */
async function awaitRevision({ request, server }: ResourceCall): Promise<void> {
  const version = request.query.get("resourceVersion") ?? "";
  if (version === "") return;
  const problem = revisionProblem(version);
  if (problem !== undefined) throw plainFault(500, problem);
  await waitFor(server.registry, version);
}

async function serveList(call: ResourceCall): Promise<Answer | undefined> {
  const { request, path, server, kind } = call;
  const resource = await server.registry.resource(kind);
  const view = viewOf(call, resource, true);
  const query = readListQuery(request.query, path.watch);
  if (query.watch && !kind.verbs.includes("watch"))
    throw verbNotSupported({ group: kind.group, name: kind.resource }, "watch");
  if (query.watch) return await serveWatch(call, request.query);
  const found = await list(server.registry, resource, path.namespace, query);
  return { status: 200, type: view.form.mediaType, body: await encodeList(found, view) };
}

async function serveCreate(call: ResourceCall): Promise<Answer> {
  const { request, kind, server } = call;
  if (kind.group === "" && kind.resource === "bindings") {
    const { serveBinding } = await import("./subresource-routes.ts");
    return await serveBinding(call, "", toolsOf(call));
  }
  const resource = await server.registry.resource(kind);
  const view = viewOf(call, resource, false);
  const options = readWriteQuery(request.query, "CreateOptions");
  const object = await readObject(request, resource, { ...options, warn: call.warn });
  if (isReview(kind)) return await serveReview(call, view, { object, options });
  const written = await create(server.registry, resource, object, writeRequest(call, options));
  return await writtenAnswer(written, view);
}

/** What every operation that writes is told. */
function writeRequest(call: ResourceCall, options: SentOptions): WriteRequest {
  const { path, user, warn, request, annotate } = call;
  const agent = (request.header("user-agent") ?? "").split("/")[0] ?? "";
  const fieldManager = options.fieldManager || agent || "unknown";
  const { namespace, name, subresource } = path;
  const sent = optionsObject(request.method, options);
  const { dryRun } = options;
  return { namespace, name, subresource, dryRun, user, fieldManager, warn, annotate, sent };
}

async function writtenAnswer({ object, created }: Written, view: ViewContext): Promise<Answer> {
  const body = await encodeObject(object, view);
  return { status: created ? 201 : 200, type: view.form.mediaType, body };
}

async function serveUpdate(call: ResourceCall): Promise<Answer> {
  const { request, kind, server, path } = call;
  const resource = await server.registry.resource(kind);
  const view = viewOf(call, resource, false);
  const options = readWriteQuery(request.query, "UpdateOptions");
  const object = await readObject(request, resource, { ...options, warn: call.warn });
  const written = await update(server.registry, resource, {
    ...writeRequest(call, options),
    change: (): JsonObject => structuredClone(object),
    mayCreate: resource.rules.createsOnUpdate && path.subresource === "",
  });
  return await writtenAnswer(written, view);
}

async function servePatch(call: ResourceCall): Promise<Answer> {
  const { request, kind, server } = call;
  const resource = await server.registry.resource(kind);
  const view = viewOf(call, resource, false);
  const options = readWriteQuery(request.query, "PatchOptions");
  const written = await patchObject(call, resource, {
    options,
    request: writeRequest(call, options),
  });
  return await writtenAnswer(written, view);
}

async function serveDelete(call: ResourceCall): Promise<Answer> {
  const { request, kind, server, path } = call;
  const resource = await server.registry.resource(kind);
  const view = viewOf(call, resource, false);
  const options = readDeleteOptions(await readDeleteBody(request), request.query);
  const asked = writeRequest(call, { ...options, fieldManager: "" });
  const says = options.propagationPolicy ?? options.orphanDependents;
  if (says === undefined && resource.rules.orphanWarning !== "")
    call.warn(resource.rules.orphanWarning);
  const { object, gone } = await deleteObject(server.registry, resource, { ...asked, options });
  if (!gone || resource.rules.returnsDeleted) {
    const status = !gone && options.orphanDependents === false ? 202 : 200;
    return { status, type: view.form.mediaType, body: await encodeObject(object, view) };
  }
  const { group, resource: plural } = kind;
  const uid = metaText(object.object, "uid");
  return documentAnswer(200, successStatus({ name: path.name, group, kind: plural, uid }));
}

async function serveDeleteAll(call: ResourceCall): Promise<Answer> {
  const { request, kind, server } = call;
  const resource = await server.registry.resource(kind);
  const view = viewOf(call, resource, false);
  const query = readListQuery(request.query, false);
  const options = readDeleteOptions(await readDeleteBody(request), request.query);
  const asked = writeRequest(call, { ...options, fieldManager: "" });
  const found = await deleteCollection(server.registry, resource, query, { ...asked, options });
  return { status: 200, type: view.form.mediaType, body: await encodeList(found, view) };
}

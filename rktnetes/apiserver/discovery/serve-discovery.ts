/**
 * `/api`, `/apis` and what lies directly below them. In: a path and what the client accepts. Out: a
 * document, in the old form or the new one. @throws {StatusFault} 404, 405, 406
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { methodNotAllowed, noSuchResource, notAcceptable } from "@rktnetes/api/status-fault";
import type { ApiServer } from "../api-server.ts";
import { type Answer, documentAnswer, pageNotFound } from "../http/answer.ts";
import type { ApiRequest } from "../http/api-request.ts";
import { negotiate } from "../http/negotiate.ts";
import type { RequestPath } from "../http/request-path.ts";
import { aggregated, coreVersions, groupDocument, groupList, resourceList } from "./documents.ts";

type DiscoveryPath = Extract<RequestPath, { readonly type: "discovery" }>;

const AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

export async function serveDiscovery(
  server: ApiServer,
  request: ApiRequest,
  path: DiscoveryPath,
): Promise<Answer> {
  const all = server.apiServices.groupVersions();
  const isRoot = path.level === "core" || path.level === "groups";
  if (path.level === "group" || path.level === "version") {
    if (path.group !== "" && !all.some((each) => each.group === path.group)) return pageNotFound();
  }
  const isLoose = path.level === "groups"; // it answers any method, as it always has
  if (request.method !== "GET" && !isLoose) throw methodNotAllowed();
  if (isRoot && wantsAggregated(request)) return await serveAggregated(server, request, path);
  checkAccept(request, path);
  return documentAnswer(200, document(server, path, all));
}

function document(
  { kinds, address }: ApiServer,
  { level, group, version }: DiscoveryPath,
  all: ReturnType<ApiServer["kinds"]["groupVersions"]>,
): JsonObject {
  if (level === "core") return coreVersions(address);
  if (level === "groups") return groupList(all);
  if (level === "group") return groupDocument(group, all);
  const api = all.find((each) => each.group === group && each.version === version);
  if (api === undefined) throw noSuchResource();
  return resourceList(api, kinds.of(group, version));
}

/** True when the first form that the client names, and that there is, is the new one. */
function wantsAggregated(request: ApiRequest): boolean {
  const accept = request.header("accept") ?? "";
  for (const clause of accept.split(",")) {
    const parts = clause.split(";").map((part) => part.trim());
    if (parts[0] !== "application/json") continue;
    if (!parts.some((part) => part.startsWith("as="))) return false;
    const wanted = ["as=APIGroupDiscoveryList", "v=v2", "g=apidiscovery.k8s.io"];
    if (wanted.every((part) => parts.includes(part))) return true;
  }
  return false;
}

function checkAccept(request: ApiRequest, { level }: DiscoveryPath): void {
  const accept = request.header("accept");
  const types = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
  const isRoot = level === "core" || level === "groups";
  if (level === "groups" && accept !== undefined && !/json|yaml|protobuf|\*\/\*|^$/.test(accept)) {
    throw notAcceptable(`only the following media types are accepted: ${types}`);
  }
  const form = negotiate(accept, { canStream: false, hasProtobuf: true, hasTables: true });
  if (!isRoot && form.view !== undefined) {
    throw notAcceptable(`only the following media types are accepted: ${types}`);
  }
}

async function aggregatedDocument(
  { apiServices, kinds }: ApiServer,
  isCore: boolean,
): Promise<JsonObject> {
  const remotes = await apiServices.remotes();
  const all = apiServices.groupVersions();
  const foreign = await Promise.all(
    all.map(async ({ group, version }) => {
      const isAsked = (group === "") === isCore;
      const backend = isAsked ? apiServices.backend(group, version) : undefined;
      return backend === undefined ? undefined : await remotes?.documents.discovery(backend);
    }),
  );
  return aggregated(
    all,
    isCore,
    (api) => foreign[all.indexOf(api)] ?? kinds.of(api.group, api.version),
  );
}

async function serveAggregated(
  server: ApiServer,
  request: ApiRequest,
  { level }: DiscoveryPath,
): Promise<Answer> {
  const document = await aggregatedDocument(server, level === "core");
  const body = `${JSON.stringify(document)}\n`;
  const digest = await crypto.subtle.digest("SHA-512", Buffer.from(body));
  const etag = `"${Buffer.from(digest).toString("hex").toUpperCase()}"`;
  const headers = { etag, "cache-control": "public", vary: "Accept" };
  if (request.header("if-none-match") === etag) {
    return { status: 304, type: AGGREGATED_TYPE, body: "", headers };
  }
  return { status: 200, type: AGGREGATED_TYPE, body, headers };
}

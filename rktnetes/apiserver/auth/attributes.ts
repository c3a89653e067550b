/** A request in the words of rules: verb, resource, name. In: method, path, query. Pure. */
import type { ApiRequest } from "../http/api-request.ts";
import type { RequestPath, ResourcePath } from "../http/request-path.ts";
import type { Attributes } from "./user.ts";

const VERBS: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

export function attributesOf(request: ApiRequest, path: RequestPath): Attributes {
  const verb = VERBS[request.method] ?? request.method.toLowerCase();
  if (path.type !== "resource") return { ...NO_RESOURCE, verb, path: request.path };
  const { group, version, resource, subresource } = path;
  const isCollection = path.name === "" || path.watch;
  const fieldSelector = isCollection ? selectorOf(request) : "";
  return {
    verb: isCollection ? collectionVerb(verb, request, path) : verb,
    isResource: true,
    path: request.path,
    group,
    version,
    namespace: namespaceOf(path),
    resource,
    subresource,
    name: path.name === "" ? selectedName(verb, fieldSelector) : path.name,
    fieldSelector,
  };
}

const NO_RESOURCE = {
  isResource: false,
  group: "",
  version: "",
  namespace: "",
  resource: "",
  subresource: "",
  name: "",
} as const;

/** A namespace lies in itself. */
function namespaceOf({ group, resource, namespace, name }: ResourcePath): string {
  return resource === "namespaces" && group === "" && namespace === "" ? name : namespace;
}

function selectorOf({ search, query }: ApiRequest): string {
  return search.includes("fieldSelector=") ? (query.get("fieldSelector") ?? "") : "";
}

/** A list of what has one name is about that object. */
function selectedName(verb: string, fieldSelector: string): string {
  if (verb === "create" || !fieldSelector.includes("metadata.name=")) return "";
  for (const term of fieldSelector.split(",")) {
    const [, name] = /^metadata\.name==?([^=].*)$/.exec(term) ?? [];
    if (name !== undefined) return name;
  }
  return "";
}

function collectionVerb(verb: string, request: ApiRequest, { watch }: ResourcePath): string {
  if (verb === "delete") return "deletecollection";
  if (verb !== "get") return verb;
  if (watch) return "watch";
  const asked = request.search === "" ? null : request.query.get("watch");
  return asked === null || asked === "false" || asked === "0" ? "list" : "watch";
}

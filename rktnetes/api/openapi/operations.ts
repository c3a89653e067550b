/**
 * What may be done at which path with a kind, before it is written in a dialect of OpenAPI. In:
 * kinds. Out: paths with their operations, parameters by name. Pure.
 */
import type { GroupVersion, GroupVersionKind, Kind, Subresource } from "../kinds/kind.ts";
import { rulesOf } from "../strategy/rules.ts";

export type Method = "get" | "put" | "post" | "delete" | "options" | "head" | "patch";

export interface Operation {
  readonly method: Method;
  readonly action: string;
  readonly id: string;
  readonly kind: GroupVersionKind;
  readonly tag: string;
  /** Names of query parameters. */
  readonly query: readonly string[];
  /** Full name of the type in the body; undefined without one. */
  readonly body?: { readonly type: string; readonly required: boolean };
  /** Status codes of success. */
  readonly codes: readonly number[];
  /** Full name of the type that comes back; undefined for bytes of a stream. */
  readonly result?: string;
  readonly streams: boolean;
}

export interface ApiPath {
  readonly path: string;
  /** Parameters that are parts of the path: name, namespace, path. */
  readonly parts: readonly string[];
  readonly query: readonly string[];
  readonly operations: readonly Operation[];
}

/** Full name of the type that an API calls so; undefined when there is none. */
export type TypeName = (kind: GroupVersionKind) => string | undefined;

const META = "io.k8s.apimachinery.pkg.apis.meta.v1";
const PRETTY: readonly string[] = ["pretty"];
const WRITE: readonly string[] = ["dryRun", "fieldManager", "fieldValidation"];
const LIST: readonly string[] = [
  "allowWatchBookmarks",
  "continue",
  "fieldSelector",
  "labelSelector",
  "limit",
  "resourceVersion",
  "resourceVersionMatch",
  "sendInitialEvents",
  "shardSelector",
  "timeoutSeconds",
  "watch",
];
const DELETE: readonly string[] = [
  "dryRun",
  "gracePeriodSeconds",
  "ignoreStoreReadErrorWithClusterBreakingPotential",
  "orphanDependents",
  "propagationPolicy",
];
const COLLECTION: readonly string[] = [
  ...new Set([...LIST.filter((name) => !/^(allowWatch|watch$)/.test(name)), ...DELETE]),
].sort();

/** All paths of one API. */
export function pathsOf(
  api: GroupVersion,
  kinds: readonly Kind[],
  typeName: TypeName,
): readonly ApiPath[] {
  const title = titleOf(api);
  const root = api.group === "" ? `/api/${api.version}` : `/apis/${api.group}/${api.version}`;
  const tag = `${tagOf(api.group)}_${api.version}`;
  const index: Operation = {
    method: "get",
    action: "",
    id: `get${title}APIResources`,
    kind: { ...api, kind: "" },
    tag,
    query: [],
    codes: [200],
    result: `${META}.APIResourceList`,
    streams: false,
  };
  const first = { path: `${root}/`, parts: [], query: [], operations: [index] };
  const scope = { title, root, tag, typeName };
  return [first, ...kinds.flatMap((kind) => kindPaths(kind, scope))];
}

/** `CoreV1`, `RbacAuthorizationV1`. */
function titleOf({ group, version }: GroupVersion): string {
  const words = [
    ...(group === "" ? ["core"] : group.replace(/\.k8s\.io$/, "").split(".")),
    version,
  ];
  return words.map(capital).join("");
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

function tagOf(group: string): string {
  const title = titleOf({ group, version: "" });
  return title.slice(0, 1).toLowerCase() + title.slice(1);
}

interface Scope {
  readonly title: string;
  readonly root: string;
  readonly tag: string;
  readonly typeName: TypeName;
}

function kindPaths(kind: Kind, scope: Scope): ApiPath[] {
  const spaced = kind.namespaced ? "/namespaces/{namespace}" : "";
  const parts = kind.namespaced ? ["namespace"] : [];
  const list = `${scope.root}${spaced}/${kind.resource}`;
  const named = [...parts, "name"].sort();
  const one = `${list}/{name}`;
  const paths: ApiPath[] = [
    collectionPath(kind, scope, { path: list, parts }),
    { path: one, parts: named, query: PRETTY, operations: objectOperations(kind, scope) },
    ...kind.subresources.flatMap((sub) => {
      return subresourcePaths(kind, sub, scope, { path: `${one}/${sub.name}`, parts: named });
    }),
    ...everywherePaths(kind, scope),
  ];
  return paths.filter(({ operations }) => operations.length > 0);
}

interface Place {
  readonly path: string;
  readonly parts: readonly string[];
}

function base(kind: Kind, { tag }: Scope): Pick<Operation, "kind" | "tag" | "streams"> {
  const { group, version } = kind;
  return { kind: { group, version, kind: kind.kind }, tag, streams: false };
}

/** `Namespaced` in ids of kinds that are. */
function spacedName(kind: Kind): string {
  return `${kind.namespaced ? "Namespaced" : ""}${kind.kind}`;
}

function resultOf(name: string | undefined): { readonly result?: string } {
  return name === undefined ? {} : { result: name };
}

function bodyOf(name: string | undefined): Pick<Operation, "body"> {
  return name === undefined ? {} : { body: { type: name, required: true } };
}

const DELETE_BODY = { body: { type: `${META}.DeleteOptions`, required: false } } as const;

function collectionPath(kind: Kind, scope: Scope, place: Place): ApiPath {
  const { title, typeName } = scope;
  const type = typeName(kind);
  const can = (verb: string): boolean => kind.verbs.includes(verb);
  const isReview = !can("get") && !can("list");
  const operations: Operation[] = [];
  if (can("list")) operations.push(listOperation(kind, scope, spacedName(kind), LIST));
  if (can("create")) {
    operations.push({
      ...base(kind, scope),
      method: "post",
      action: "post",
      id: `create${title}${spacedName(kind)}`,
      query: isReview ? [] : WRITE,
      ...bodyOf(type),
      codes: [200, 201, 202],
      ...resultOf(type),
    });
  }
  if (can("deletecollection")) {
    operations.push({
      ...base(kind, scope),
      method: "delete",
      action: "deletecollection",
      id: `delete${title}Collection${spacedName(kind)}`,
      query: COLLECTION,
      ...DELETE_BODY,
      codes: [200],
      result: `${META}.Status`,
    });
  }
  return { ...place, query: isReview ? [...WRITE, ...PRETTY] : PRETTY, operations };
}

function listOperation(
  kind: Kind,
  scope: Scope,
  name: string,
  query: readonly string[],
): Operation {
  const { group, version, listKind } = kind;
  return {
    ...base(kind, scope),
    method: "get",
    action: "list",
    id: `list${scope.title}${name}`,
    query,
    codes: [200],
    ...resultOf(scope.typeName({ group, version, kind: listKind })),
    streams: true,
  };
}

/** Kinds of which the published document promises a Status, whatever they answer. */
const SAY_STATUS: readonly string[] = ["CSIStorageCapacity", "Namespace"];

function objectOperations(kind: Kind, scope: Scope): Operation[] {
  const { title, typeName } = scope;
  const about = base(kind, scope);
  const name = spacedName(kind);
  const type = typeName(kind);
  const operations = changeOperations({ verbs: kind.verbs, type, about, id: `${title}${name}` });
  if (kind.verbs.includes("delete")) {
    const returnsObject = rulesOf(kind, false).returnsDeleted && !SAY_STATUS.includes(kind.kind);
    operations.push({
      ...about,
      method: "delete",
      action: "delete",
      id: `delete${title}${name}`,
      query: DELETE,
      ...DELETE_BODY,
      codes: [200, 202],
      ...resultOf(returnsObject ? type : `${META}.Status`),
    });
  }
  return operations;
}

interface Change {
  readonly verbs: readonly string[];
  readonly type: string | undefined;
  readonly about: Pick<Operation, "kind" | "tag" | "streams">;
  readonly id: string;
}

function changeOperations({ verbs, type, about, id }: Change): Operation[] {
  const result = resultOf(type);
  const operations: Operation[] = [];
  const add = (operation: Omit<Operation, "kind" | "tag" | "streams">): void => {
    operations.push({ ...about, ...operation });
  };
  if (verbs.includes("get")) {
    add({ method: "get", action: "get", id: `read${id}`, query: [], codes: [200], ...result });
  }
  if (verbs.includes("update")) {
    const put = { method: "put", action: "put", id: `replace${id}` } as const;
    add({ ...put, query: WRITE, ...bodyOf(type), codes: [200, 201], ...result });
  }
  if (verbs.includes("patch")) {
    const patch = { method: "patch", action: "patch", id: `patch${id}` } as const;
    const body = bodyOf(`${META}.Patch`);
    add({ ...patch, query: [...WRITE, "force"], ...body, codes: [200, 201], ...result });
  }
  return operations;
}

/** What a stream's address takes. */
const STREAMS: Readonly<Record<string, readonly string[]>> = {
  attach: ["container", "stderr", "stdin", "stdout", "tty"],
  exec: ["command", "container", "stderr", "stdin", "stdout", "tty"],
  portforward: ["ports"],
  proxy: ["path"],
};

const LOG: readonly string[] = [
  "container",
  "follow",
  "insecureSkipTLSVerifyBackend",
  "limitBytes",
  "pretty",
  "previous",
  "sinceSeconds",
  "stream",
  "tailLines",
  "timestamps",
];

function subresourcePaths(kind: Kind, sub: Subresource, scope: Scope, place: Place): ApiPath[] {
  const suffix = capital(sub.name);
  const name = `${spacedName(kind)}${suffix}`;
  const streamed = STREAMS[sub.name];
  if (streamed !== undefined) return streamPaths({ sub, scope, place, name, query: streamed });
  const about = { kind: sub.kind, tag: scope.tag, streams: false };
  const type = scope.typeName(sub.kind);
  const id = `${scope.title}${name}`;
  if (sub.name === "log") {
    const operation: Operation = {
      ...base(kind, scope),
      method: "get",
      action: "get",
      id: `read${id}`,
      query: [],
      codes: [200],
    };
    return [{ ...place, query: LOG, operations: [operation] }];
  }
  const operations = changeOperations({ verbs: sub.verbs, type, about, id });
  const creates = sub.verbs.includes("create");
  if (creates) {
    const post = { method: "post", action: "post", id: `create${id}`, query: [] } as const;
    operations.push({
      ...about,
      ...post,
      ...bodyOf(type),
      codes: [200, 201, 202],
      ...resultOf(type),
    });
  }
  return [{ ...place, query: creates ? [...WRITE, ...PRETTY] : PRETTY, operations }];
}

interface Stream {
  readonly sub: Subresource;
  readonly scope: Scope;
  readonly place: Place;
  readonly name: string;
  readonly query: readonly string[];
}

const METHODS: Readonly<Record<string, readonly Method[]>> = {
  create: ["post"],
  delete: ["delete"],
  get: ["get"],
  patch: ["patch"],
  update: ["put"],
};

function streamPaths({ sub, scope, place, name, query }: Stream): ApiPath[] {
  const isProxy = sub.name === "proxy";
  const own = sub.verbs.flatMap((verb) => METHODS[verb] ?? []);
  const methods = isProxy ? ([...own, "options", "head"] as const) : own;
  const operations = (suffix: string): Operation[] =>
    methods.map((method) => ({
      kind: sub.kind,
      tag: scope.tag,
      streams: false,
      method,
      action: "connect",
      id: `connect${scope.title}${capital(method)}${name}${suffix}`,
      query: [],
      codes: [200],
    }));
  const first = { ...place, query, operations: operations("") };
  if (!isProxy) return [first];
  const parts = [...place.parts, "path"];
  return [
    first,
    { path: `${place.path}/{path}`, parts, query, operations: operations("WithPath") },
  ];
}

/** The list over all namespaces, and the old paths of watches. */
function everywherePaths(kind: Kind, scope: Scope): ApiPath[] {
  const { root } = scope;
  const paths: ApiPath[] = [];
  const query = [...LIST, ...PRETTY].sort();
  const spaced = kind.namespaced ? "/namespaces/{namespace}" : "";
  const parts = kind.namespaced ? ["namespace"] : [];
  if (kind.namespaced && kind.verbs.includes("list")) {
    const operations = [listOperation(kind, scope, `${kind.kind}ForAllNamespaces`, [])];
    paths.push({ path: `${root}/${kind.resource}`, parts: [], query, operations });
  }
  if (!kind.verbs.includes("watch")) return paths;
  const add = (path: string, its: readonly string[], action: string, name: string): void => {
    const operation: Operation = {
      ...base(kind, scope),
      method: "get",
      action,
      id: `watch${scope.title}${name}`,
      query: [],
      codes: [200],
      result: `${META}.WatchEvent`,
      streams: true,
    };
    paths.push({ path, parts: its, query, operations: [operation] });
  };
  const list = `${root}/watch${spaced}/${kind.resource}`;
  add(list, parts, "watchlist", `${spacedName(kind)}List`);
  add(`${list}/{name}`, [...parts, "name"].sort(), "watch", spacedName(kind));
  if (kind.namespaced) {
    const all = `${kind.kind}ListForAllNamespaces`;
    add(`${root}/watch/${kind.resource}`, [], "watchlist", all);
  }
  return paths;
}

/**
 * What a path names. In: the path as it came. Out: a resource, an object or a sub-resource, a
 * document about the API, or another path. Which verbs work there is decided later. Pure.
 */

/** A path below `/api/v1` or `/apis/<group>/<version>`. */
export interface ResourcePath {
  readonly type: "resource";
  readonly group: string;
  readonly version: string;
  /** The deprecated prefix that makes any list a watch. */
  readonly watch: boolean;
  /** Empty for cluster-wide paths. */
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
  /** What follows the sub-resource: the path behind a proxy. */
  readonly rest: readonly string[];
}

export type RequestPath =
  | ResourcePath
  /** `/api`, `/apis`, `/apis/apps`, `/apis/apps/v1`: how far it goes. */
  | {
      readonly type: "discovery";
      readonly level: "core" | "groups" | "group" | "version";
      readonly group: string;
      readonly version: string;
    }
  /** Looks like a path of the API and names nothing. */
  | { readonly type: "nothing" }
  /** `/api/v1/watch`: not even a request of the API. */
  | { readonly type: "broken" }
  | { readonly type: "other" };

const OTHER: RequestPath = { type: "other" };
const NOTHING: RequestPath = { type: "nothing" };

export function parsePath(path: string): RequestPath {
  const isCore = path === "/api" || path.startsWith("/api/");
  if (!isCore && path !== "/apis" && !path.startsWith("/apis/")) return OTHER;
  const parts = segments(path);
  if (parts === undefined) return NOTHING;
  const [, first = "", second = ""] = parts;
  if (isCore) {
    if (parts.length === 1) return { type: "discovery", level: "core", group: "", version: "" };
    return belowVersion("", first, parts.slice(2));
  }
  if (parts.length === 1) return { type: "discovery", level: "groups", group: "", version: "" };
  if (parts.length === 2) return { type: "discovery", level: "group", group: first, version: "" };
  return belowVersion(first, second, parts.slice(3));
}

/** Decoded, without the slash at the end; undefined where one is empty or broken. */
function segments(path: string): readonly string[] | undefined {
  const parts = path.slice(1).split("/");
  if (parts.at(-1) === "") parts.pop();
  if (parts.some((part) => part === "")) return undefined;
  try {
    return path.includes("%") ? parts.map(decodeURIComponent) : parts;
  } catch {
    return undefined;
  }
}

function belowVersion(group: string, version: string, all: readonly string[]): RequestPath {
  if (all.length === 0) return { type: "discovery", level: "version", group, version };
  const watch = all[0] === "watch";
  if (watch && all.length === 1) return { type: "broken" };
  const parts = watch ? all.slice(1) : all;
  const [first = "", second = "", third = ""] = parts;
  const base = { type: "resource", group, version, watch } as const;
  const isNamespaced = first === "namespaces" && parts.length > 2 && !OF_NAMESPACES.has(third);
  const [resource = "", name = "", subresource = "", ...rest] = isNamespaced
    ? parts.slice(2)
    : parts;
  return { ...base, namespace: isNamespaced ? second : "", resource, name, subresource, rest };
}

/** Sub-resources of namespaces themselves. */
const OF_NAMESPACES: ReadonlySet<string> = new Set(["status", "finalize"]);

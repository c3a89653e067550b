/**
 * What metrics say a request was. In: a request and what it names. Out: labels; only of resources
 * that are served, so that nobody makes up as many as they like.
 */
import type { Attributes } from "../auth/user.ts";
import type { ApiRequest } from "../http/api-request.ts";
import type { ServedKinds } from "../served-kinds.ts";

export interface RequestLabels {
  readonly verb: string;
  readonly isReadOnly: boolean;
  /** As they stand between the braces, in the order of their names. */
  readonly text: string;
  /** The same without `dry_run`. */
  readonly plain: string;
}

const VERBS: Readonly<Record<string, string>> = {
  get: "GET",
  list: "LIST",
  watch: "WATCH",
  create: "POST",
  update: "PUT",
  patch: "PATCH",
  delete: "DELETE",
  deletecollection: "DELETECOLLECTION",
};

const COLLECTIONS: ReadonlySet<string> = new Set(["list", "watch", "deletecollection"]);
const CONNECTED: ReadonlySet<string> = new Set(["attach", "exec", "portforward", "proxy"]);

const CHECKS: ReadonlySet<string> = new Set(["/healthz", "/livez", "/readyz"]);

export function labelsOf(
  kinds: ServedKinds,
  request: ApiRequest,
  attributes: Attributes,
): RequestLabels {
  const { group, version, resource, subresource } = attributes;
  const verb = verbOf(request, attributes);
  const isReadOnly = verb === "GET" || verb === "LIST" || verb === "WATCH";
  const kind = attributes.isResource ? kinds.find(group, version, resource) : undefined;
  if (kind === undefined) {
    const path = CHECKS.has(request.path) ? request.path : "";
    const rest = `group="",resource="",scope="",subresource="${path}",verb="${verb}",version=""`;
    return labelled({ component: "", dryRun: "", rest, verb, isReadOnly });
  }
  const below = kind.subresources.some(({ name }) => name === subresource) ? subresource : "";
  const what = `group="${group}",resource="${resource}",scope="${scopeOf(attributes)}"`;
  const rest = `${what},subresource="${below}",verb="${verb}",version="${version}"`;
  const dryRun = isReadOnly ? "" : dryRunOf(request);
  return labelled({ component: "apiserver", dryRun, rest, verb, isReadOnly });
}

interface Parts extends Pick<RequestLabels, "verb" | "isReadOnly"> {
  readonly component: string;
  readonly dryRun: string;
  readonly rest: string;
}

function labelled({ component, dryRun, rest, verb, isReadOnly }: Parts): RequestLabels {
  const text = `component="${component}",dry_run="${dryRun}",${rest}`;
  return { verb, isReadOnly, text, plain: `component="${component}",${rest}` };
}

function verbOf(request: ApiRequest, { verb, subresource }: Attributes): string {
  if (CONNECTED.has(subresource)) return "CONNECT";
  const isApply =
    verb === "patch" &&
    request.header("content-type")?.startsWith("application/apply-patch") === true;
  return isApply ? "APPLY" : (VERBS[verb] ?? "other");
}

function scopeOf({ verb, namespace }: Attributes): string {
  if (!COLLECTIONS.has(verb)) return "resource";
  return namespace === "" ? "cluster" : "namespace";
}

function dryRunOf({ search, query }: ApiRequest): string {
  return search.includes("dryRun=") && query.get("dryRun") === "All" ? "All" : "";
}

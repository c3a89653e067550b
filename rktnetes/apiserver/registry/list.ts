/**
 * Lists: of the present, of a revision, in pages. In: a query. Out: objects and the revision that
 * they show. @throws {StatusFault} 400, 410, 504
 */
import { Fault } from "@shared/base";
import { badRequest, expiredFault, futureFault, StatusFault } from "@rktnetes/api/status-fault";
import { CachedObject } from "./cache/cached-object.ts";
import { inScope } from "./cache/resource-cache.ts";
import { decodeContinue, encodeContinue } from "./options/continue-token.ts";
import { type ListQuery, listRevision } from "./options/list-options.ts";
import type { Registry } from "./registry.ts";
import type { Resource } from "./resource.ts";
import { type Selection, select } from "./select.ts";

export interface ObjectList {
  readonly objects: readonly CachedObject[];
  readonly revision: number;
  /** Empty on the last page. */
  readonly continue: string;
  /** How many objects follow; undefined where nobody counted. */
  readonly remaining: number | undefined;
}

/** A client that asks for what is to come is kept waiting so long. */
const FUTURE_MS = 3000;

export async function list(
  registry: Registry,
  resource: Resource,
  namespace: string,
  query: ListQuery,
): Promise<ObjectList> {
  const revision = listRevision(query);
  const selection = select(resource, namespace, query);
  if (query.continue !== "") {
    if (revision !== undefined && revision !== 0) {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    return await continued(registry, selection, query, revision === 0 ? 0 : query.limit);
  }
  const limit = revision === 0 ? 0 : query.limit;
  if (revision !== undefined && revision > 0) {
    const isExact = query.resourceVersionMatch === "Exact" || (limit > 0 && isUnmatched(query));
    await waitFor(registry, query.resourceVersion);
    if (isExact) return await past(registry, selection, { revision, after: "", limit });
  }
  return await present(registry, resource, selection, { limit, isAny: revision === 0 });
}

function isUnmatched({ resourceVersionMatch }: ListQuery): boolean {
  return resourceVersionMatch === "";
}

/** @throws {StatusFault} 504 for a revision that does not come */
export async function waitFor(registry: Registry, version: string): Promise<void> {
  const revision = Number(version);
  if (revision <= registry.hub.revision) return;
  const stop = new AbortController();
  const inTime = registry.hub.seen(revision).then(() => true);
  const late = registry.host.clock.sleep(FUTURE_MS, stop.signal).then(
    () => false,
    () => false,
  );
  const came = await Promise.race([inTime, late]);
  stop.abort();
  if (!came) throw futureFault(BigInt(version), registry.hub.revision);
}

interface PresentOptions {
  readonly limit: number;
  /** Whatever is in the cache will do. */
  readonly isAny: boolean;
}

async function present(
  registry: Registry,
  resource: Resource,
  { scope, filter }: Selection,
  { limit, isAny }: PresentOptions,
): Promise<ObjectList> {
  const cache = isAny ? await registry.hub.cache(resource.prefix) : await registry.fresh(resource);
  const revision = registry.hub.revisionOf(cache);
  const one = scope.endsWith("/") ? undefined : cache.get(scope);
  const all = scope.endsWith("/") ? cache.range(scope) : one === undefined ? [] : [one];
  return page(all, { scope, filter }, { revision, limit });
}

interface PageOptions {
  readonly revision: number;
  readonly limit: number;
}

/**
 * Cuts the first page off; all objects come in the order of keys. A full page goes on where any
 * object follows, whether it is wanted or not: nobody has looked yet.
 */
function page(
  all: readonly CachedObject[],
  { scope, filter }: Selection,
  { revision, limit }: PageOptions,
): ObjectList {
  const wanted = filter === undefined ? all : all.filter(filter);
  const objects = limit === 0 ? wanted : wanted.slice(0, limit);
  const last = objects.at(-1);
  const isWhole = limit === 0 || objects.length < limit || last === all.at(-1);
  if (last === undefined || isWhole) {
    return { objects, revision, continue: "", remaining: undefined };
  }
  const after = last.key.slice(scope.length);
  const remaining = filter === undefined ? wanted.length - objects.length : undefined;
  return { objects, revision, continue: encodeContinue({ revision, after }), remaining };
}

async function continued(
  registry: Registry,
  selection: Selection,
  query: ListQuery,
  limit: number,
): Promise<ObjectList> {
  const token = decodeContinue(query.continue);
  const revision = token.revision < 0 ? registry.hub.revision : token.revision;
  return await past(registry, selection, { revision, after: token.after, limit });
}

interface PastOptions extends PageOptions {
  /** Relative to the scope; empty for the beginning. */
  readonly after: string;
}

async function past(
  registry: Registry,
  selection: Selection,
  { revision, after, limit }: PastOptions,
): Promise<ObjectList> {
  try {
    return await pastPage(registry, selection, { revision, after, limit });
  } catch (error) {
    throw readFault(error, registry, { revision, after });
  }
}

/** So many objects are read at once where not all are wanted. */
const SEARCH = 500;

/** Reads on until the page is full. */
async function pastPage(
  registry: Registry,
  { scope, filter }: Selection,
  { revision, after, limit }: PastOptions,
): Promise<ObjectList> {
  const isPrefix = scope.endsWith("/");
  const objects: CachedObject[] = [];
  for (let last = after === "" ? "" : `${scope}${after}`; ; ) {
    const most = filter === undefined ? limit - objects.length : SEARCH;
    const read = await registry.hub.store.list(scope, {
      revision,
      ...(last === "" ? {} : { after: last }),
      ...(limit === 0 ? {} : { limit: most }),
    });
    const isWhole = read.remaining === 0 || !isPrefix;
    for (const [at, entry] of read.entries.entries()) {
      const object = CachedObject.of(entry);
      if (!inScope(entry.key, scope) || filter?.(object) === false) continue;
      objects.push(object);
      const follow = read.entries.length - 1 - at + read.remaining;
      if (objects.length !== limit || follow === 0 || !isPrefix) continue;
      const token = encodeContinue({ revision, after: entry.key.slice(scope.length) });
      const remaining = filter === undefined ? follow : undefined;
      return { objects, revision, continue: token, remaining };
    }
    if (isWhole) return { objects, revision, continue: "", remaining: undefined };
    last = read.entries.at(-1)?.key ?? last;
  }
}

const CONSISTENT =
  "The provided continue parameter is too old to display a consistent list result. You can start " +
  "a new list without the continue parameter, or use the continue token in this response to " +
  "retrieve the remainder of the results. Continuing with the provided token results in an " +
  "inconsistent list - objects that were created, modified, or deleted between the time the " +
  "first chunk was returned and now may show up in the list.";

function readFault(
  error: unknown,
  registry: Registry,
  { revision, after }: { readonly revision: number; readonly after: string },
): unknown {
  if (!(error instanceof Fault)) return error;
  if (error.kind === "invalid") return futureFault(BigInt(revision), registry.hub.revision);
  if (error.kind !== "expired") return error;
  if (after === "") return expiredFault("The resourceVersion for the provided list is too old.");
  const { failure } = expiredFault(CONSISTENT);
  return new StatusFault({ ...failure, continue: encodeContinue({ revision: -1, after }) });
}

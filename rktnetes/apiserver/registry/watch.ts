/**
 * Watches: what is there, what came since a revision, and what comes. In: a query. Out: notices to
 * a sink, in the order of revisions, none missing, until the signal aborts. @throws {StatusFault}
 * 400, 500, 504 before the first notice; later ones become an error notice
 */
import { Fault } from "@shared/base";
import { expiredFault, type StatusFault, plainFault } from "@rktnetes/api/status-fault";
import type { StoreEvent } from "../storage/store.ts";
import { CacheEvent, type Notice, type ObjectFilter } from "./cache/cache-event.ts";
import { CachedObject } from "./cache/cached-object.ts";
import { type CacheWatcher, inScope, type ResourceCache } from "./cache/resource-cache.ts";
import { waitFor } from "./list.ts";
import type { ListQuery } from "./options/list-options.ts";
import { revisionProblem } from "./options/query.ts";
import type { Registry } from "./registry.ts";
import type { Resource } from "./resource.ts";
import { type Selection, select } from "./select.ts";

/** Where notices go. None of its calls may throw. */
export interface WatchSink {
  /** Objects that are there; resolves when the client has room for more. */
  initial(objects: readonly CachedObject[]): Promise<void>;
  /** Resolves when the client has read enough of what was sent, or has gone. */
  room(): Promise<void>;
  /** All of `initial` was sent, if the client wants to know; later events have later revisions. */
  bookmark(revision: number, endsInitial: boolean): void;
  events(events: readonly { readonly event: CacheEvent; readonly notice: Notice }[]): void;
  /** Cuts the client off: it is too far behind, and may resume. */
  cut(): void;
  /** The last thing that is sent. */
  error(fault: StatusFault): void;
  /** Nothing more will come. */
  end(): void;
}

export interface WatchRequest {
  readonly namespace: string;
  readonly query: ListQuery;
  readonly sink: WatchSink;
  readonly signal: AbortSignal;
}

/** Bookmarks come so often. */
const BOOKMARK_MS = 60_000;

/** Reads the query, and hands back what begins to send: headers can be answered in between. */
export async function openWatch(
  registry: Registry,
  resource: Resource,
  request: WatchRequest,
): Promise<() => Promise<void>> {
  const { query, namespace } = request;
  const after = watchRevision(query);
  const selection = select(resource, namespace, query);
  const cache =
    query.resourceVersion === "0"
      ? await registry.hub.cache(resource.prefix)
      : await registry.fresh(resource);
  if (query.sendInitialEvents === true && after > 0) await waitFor(registry, query.resourceVersion);
  return async () => {
    const watcher = new LiveWatcher(selection, request.sink);
    await start(registry, cache, { selection, request, watcher, after });
    await keepBookmarks(registry, cache, request);
    cache.remove(watcher);
  };
}

/** 0 where the client does not care. @throws {StatusFault} 500 */
function watchRevision({ resourceVersion }: ListQuery): number {
  if (resourceVersion === "") return 0;
  const problem = revisionProblem(resourceVersion);
  if (problem !== undefined) throw plainFault(500, problem);
  return Number(resourceVersion);
}

interface Starting {
  readonly selection: Selection;
  readonly request: WatchRequest;
  readonly watcher: LiveWatcher;
  readonly after: number;
}

/** Everything up to `cache.add` happens in one moment: no event can fall between. */
async function start(registry: Registry, cache: ResourceCache, starting: Starting): Promise<void> {
  const { selection, request, watcher, after } = starting;
  const { query, sink } = request;
  const now = registry.hub.revisionOf(cache);
  cache.add(watcher);
  if (query.sendInitialEvents === true) {
    await sink.initial(initialObjects(cache, selection));
    if (query.allowWatchBookmarks) sink.bookmark(now, true);
    return await watcher.goLive(now);
  }
  if (after === 0 || after >= now) return await watcher.goLive(Math.max(after, now));
  const kept = cache.eventsAfter(after, selection.scope);
  if (kept !== undefined) {
    await watcher.replay(kept);
    return await watcher.goLive(now);
  }
  await replayFromStore(registry, cache.prefix, { ...starting, now });
}

function initialObjects(cache: ResourceCache, { scope, filter }: Selection): CachedObject[] {
  const one = scope.endsWith("/") ? undefined : cache.get(scope);
  const all = scope.endsWith("/") ? cache.range(scope) : one === undefined ? [] : [one];
  return filter === undefined ? all : all.filter(filter);
}

async function replayFromStore(
  registry: Registry,
  prefix: string,
  { watcher, request, after, now }: Starting & { readonly now: number },
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([request.signal, stop.signal]);
  try {
    for await (const batch of registry.hub.store.watch(prefix, { after, signal })) {
      const mine = batch.events.filter((event) => event.revision <= now);
      await watcher.replay(mine.map(cacheEvent));
      if (batch.revision >= now) stop.abort();
    }
    await watcher.goLive(now);
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== "expired") throw error;
    request.sink.error(tooOld(after, registry.hub.revision));
  }
}

function cacheEvent({ change, revision, previous }: StoreEvent): CacheEvent {
  const before = previous === undefined ? undefined : CachedObject.of(previous);
  const current =
    change.type === "delete" ? undefined : new CachedObject(change.key, change.value, revision);
  return new CacheEvent(change.key, revision, current, before);
}

function tooOld(after: number, oldest: number): StatusFault {
  return expiredFault(`too old resource version: ${after} (${oldest})`);
}

async function keepBookmarks(
  registry: Registry,
  cache: ResourceCache,
  { query, sink, signal }: WatchRequest,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await registry.host.clock.sleep(BOOKMARK_MS, signal);
    } catch {
      return;
    }
    if (query.allowWatchBookmarks) sink.bookmark(registry.hub.revisionOf(cache), false);
  }
}

/** So much is handed over before the client has to have read some. */
const BATCH_BYTES = 1 << 20;

/** Events that come while a client is still sent older ones may take so much. */
const WAITING_BYTES_MAX = 16 << 20;

/** Takes the first events out of a list. */
function takeBatch(events: CacheEvent[]): CacheEvent[] {
  let bytes = 0;
  let count = 0;
  while (count < events.length && bytes < BATCH_BYTES) bytes += events[count++]?.sizeBytes ?? 0;
  return events.splice(0, count);
}

/** Hands events to a sink; keeps those that come before it is their turn. */
class LiveWatcher implements CacheWatcher {
  readonly scope: string;
  readonly #filter: ObjectFilter | undefined;
  readonly #sink: WatchSink;
  #waiting: CacheEvent[] | undefined = [];
  #waitingBytes = 0;
  #after = 0;

  constructor({ scope, filter }: Selection, sink: WatchSink) {
    this.scope = scope;
    this.#filter = filter;
    this.#sink = sink;
  }

  notify(events: readonly CacheEvent[]): void {
    if (this.#waiting === undefined) return this.#send(events);
    this.#waiting.push(...events);
    for (const { sizeBytes } of events) this.#waitingBytes += sizeBytes;
    if (this.#waitingBytes <= WAITING_BYTES_MAX) return;
    this.#waiting = [];
    this.#sink.cut();
  }

  lost(): void {
    this.#sink.error(expiredFault("the server lost track of events; list again"));
  }

  ended(): void {
    this.#sink.end();
  }

  /** Sends events that came before the watch began. */
  async replay(events: readonly CacheEvent[]): Promise<void> {
    const mine = events.filter((event) => inScope(event.key, this.scope));
    while (mine.length > 0) {
      this.#send(takeBatch(mine));
      await this.#sink.room();
    }
  }

  /** From here on events after this revision are sent as they come. */
  async goLive(after: number): Promise<void> {
    this.#after = after;
    for (;;) {
      const batch = takeBatch(this.#waiting ?? []);
      if (batch.length === 0) break;
      for (const { sizeBytes } of batch) this.#waitingBytes -= sizeBytes;
      this.#send(batch);
      await this.#sink.room();
    }
    this.#waiting = undefined;
  }

  #send(events: readonly CacheEvent[]): void {
    const out: { event: CacheEvent; notice: Notice }[] = [];
    for (const event of events) {
      if (event.revision <= this.#after) continue;
      const notice = event.noticeFor(this.#filter);
      if (notice !== undefined) out.push({ event, notice });
    }
    if (out.length > 0) this.#sink.events(out);
  }
}

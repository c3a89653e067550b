/**
 * The present state of one resource and its last events, in memory. In: what the hub reads from the
 * store. Out: objects, ranges of them, events for watchers, all in one moment: nothing here waits.
 */
import { insertKey, keysWithPrefix, removeKey } from "../../storage/memory/sorted-keys.ts";
import type { Page, Revision, StoreEvent } from "../../storage/store.ts";
import { CacheEvent } from "./cache-event.ts";
import { CachedObject } from "./cached-object.ts";

/** Told of every event of its keys, in order, while it is in `watchers`. */
export interface CacheWatcher {
  /** One object's key, or what the keys of a namespace or of the resource begin with. */
  readonly scope: string;
  notify(events: readonly CacheEvent[]): void;
  /** The cache lost track; the client has to begin anew. */
  lost(): void;
  /** Nothing will come any more: what was watched is not shown any longer. As `lost` without it. */
  ended?(): void;
}

/** So many events are kept for watchers that resume. */
const RING_MAX = 5000;

/** So much memory the events that are kept may take; watchers from further back ask the store. */
const RING_BYTES_MAX = 16 << 20;

export class ResourceCache {
  readonly prefix: string;
  readonly #objects = new Map<string, CachedObject>();
  readonly #keys: string[] = [];
  readonly #watchers = new Map<string, Set<CacheWatcher>>();
  #ring: CacheEvent[] = [];
  #ringBytes = 0;
  /** Events after this revision are in the ring. */
  #ringStart: Revision;
  readonly loadedAt: Revision;
  #latest: Revision;

  constructor(prefix: string, page: Page) {
    this.prefix = prefix;
    this.loadedAt = page.revision;
    this.#latest = page.revision;
    this.#ringStart = page.revision;
    for (const entry of page.entries) {
      this.#objects.set(entry.key, CachedObject.of(entry));
      this.#keys.push(entry.key);
    }
  }

  /** Of the last change; rises when anything of the resource changes. */
  get latest(): Revision {
    return this.#latest;
  }

  get(key: string): CachedObject | undefined {
    return this.#objects.get(key);
  }

  /** Objects whose keys begin so, in the order of keys. */
  range(prefix: string, after?: string): CachedObject[] {
    const keys = keysWithPrefix(this.#keys, prefix, after);
    return keys.map((key) => this.#objects.get(key)).filter((object) => object !== undefined);
  }

  /** Takes events of this resource; older ones than what was loaded are dropped. */
  apply(events: readonly StoreEvent[]): void {
    const news = events.filter((event) => event.revision > this.loadedAt).map((e) => this.#take(e));
    if (news.length === 0) return;
    this.#latest = news.at(-1)?.revision ?? this.#latest;
    this.#ring.push(...news);
    for (const event of news) this.#ringBytes += event.sizeBytes;
    if (this.#ring.length > RING_MAX * 1.25 || this.#ringBytes > RING_BYTES_MAX * 1.25) {
      this.#trim();
    }
    for (const [scope, watchers] of this.#watchers) {
      const mine = news.filter((event) => inScope(event.key, scope));
      if (mine.length === 0) continue;
      for (const watcher of [...watchers]) watcher.notify(mine);
    }
    for (const event of news) event.forgetFrames();
  }

  /** Events after a revision, or undefined when the ring no longer has all of them. */
  eventsAfter(revision: Revision, scope: string): CacheEvent[] | undefined {
    if (revision < this.#ringStart) return undefined;
    return this.#ring.filter((event) => event.revision > revision && inScope(event.key, scope));
  }

  add(watcher: CacheWatcher): void {
    const same = this.#watchers.get(watcher.scope);
    if (same === undefined) this.#watchers.set(watcher.scope, new Set([watcher]));
    else same.add(watcher);
  }

  remove(watcher: CacheWatcher): void {
    const same = this.#watchers.get(watcher.scope);
    same?.delete(watcher);
    if (same?.size === 0) this.#watchers.delete(watcher.scope);
  }

  /** Tells all watchers that events were missed. */
  lose(): void {
    for (const watcher of this.#dismissed()) watcher.lost();
  }

  /** Tells all watchers that this is the end. */
  end(): void {
    for (const watcher of this.#dismissed()) {
      if (watcher.ended === undefined) watcher.lost();
      else watcher.ended();
    }
  }

  #dismissed(): readonly CacheWatcher[] {
    const all = [...this.#watchers.values()].flatMap((watchers) => [...watchers]);
    this.#watchers.clear();
    return all;
  }

  #take(event: StoreEvent): CacheEvent {
    const { change, revision } = event;
    const { key } = change;
    const previous = this.#objects.get(key);
    if (change.type === "delete") {
      this.#objects.delete(key);
      removeKey(this.#keys, key);
      return new CacheEvent(key, revision, undefined, previous);
    }
    const current = new CachedObject(key, change.value, revision);
    this.#objects.set(key, current);
    if (previous === undefined) insertKey(this.#keys, key);
    return new CacheEvent(key, revision, current, previous);
  }

  #trim(): void {
    let dropped = 0;
    while (this.#ring.length - dropped > RING_MAX || this.#ringBytes > RING_BYTES_MAX) {
      this.#ringBytes -= this.#ring[dropped++]?.sizeBytes ?? 0;
    }
    this.#ringStart = this.#ring[dropped - 1]?.revision ?? this.#ringStart;
    this.#ring = this.#ring.slice(dropped);
  }
}

/** A scope that ends with "/" covers what lies below it, another one is a key. */
export function inScope(key: string, scope: string): boolean {
  return scope.endsWith("/") ? key.startsWith(scope) : key === scope;
}

/**
 * The one reader of the store's events. In: a store. Out: a cache for each resource that is asked
 * for, and the promise that a cache shows at least a certain revision. A cache is filled when its
 * resource is first used.
 */
import { Fault } from "@shared/base";
import type { Revision, Store, StoreEvent } from "../../storage/store.ts";
import { type AskingView, NO_VIEWS, type Views } from "../version-views.ts";
import { Follower } from "./follower.ts";
import { ResourceCache } from "./resource-cache.ts";

/** All keys of objects begin so. */
export const ROOT = "/registry/";

interface Loading {
  readonly events: StoreEvent[];
  readonly cache: Promise<ResourceCache>;
}

interface Waiter {
  readonly revision: Revision;
  readonly resolve: () => void;
}

export class Hub implements AsyncDisposable {
  readonly store: Store;
  readonly views: Views;
  readonly #followers = new Map<string, Follower>();
  readonly #caches = new Map<string, ResourceCache>();
  readonly #loading = new Map<string, Loading>();
  readonly #stop = new AbortController();
  #waiters: Waiter[] = [];
  #revision: Revision;
  #reading: Promise<void>;

  private constructor(store: Store, views: Views, revision: Revision) {
    this.store = store;
    this.views = views;
    this.#revision = revision;
    this.#reading = this.#read();
  }

  /** `views` are those of the store, if it has any. */
  static async open(store: Store, views: Views = NO_VIEWS): Promise<Hub> {
    return new Hub(store, views, await store.currentRevision());
  }

  /** All events up to this one are in the caches. */
  get revision(): Revision {
    return this.#revision;
  }

  /** All events up to this one are in this cache. */
  revisionOf(cache: ResourceCache): Revision {
    const next = this.#followers.get(cache.prefix)?.next;
    const shown = next === undefined ? this.#revision : Math.min(next - 1, this.#revision);
    return Math.max(shown, cache.loadedAt);
  }

  /** Resolves when the caches show everything that was committed before the call. */
  async catchUp(): Promise<void> {
    const current = await this.store.currentRevision();
    if (current > this.#revision) await this.seen(current);
  }

  /** Resolves when the caches show this revision. */
  seen(revision: Revision): Promise<void> {
    if (revision <= this.#revision) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push({ revision, resolve });
    });
  }

  /** The cache of keys with this prefix, as `/registry/apps/deployments/`. */
  cache(prefix: string): ResourceCache | Promise<ResourceCache> {
    return this.#caches.get(prefix) ?? this.#loading.get(prefix)?.cache ?? this.#load(prefix);
  }

  /** The cache of keys with this prefix, showing everything that was committed before the call. */
  async fresh(prefix: string): Promise<ResourceCache> {
    const cache = await this.cache(prefix);
    await this.catchUp();
    const follower = this.#followers.get(prefix);
    if (follower === undefined) return cache;
    await follower.settled();
    return this.#followers.get(prefix) === follower ? cache : await this.cache(prefix);
  }

  /** Drops a cache whose objects are shown no more; its watches end. */
  forget(prefix: string): void {
    this.#drop(prefix)?.end();
  }

  #drop(prefix: string): ResourceCache | undefined {
    const cache = this.#caches.get(prefix);
    this.#loading.delete(prefix);
    this.#followers.delete(prefix);
    this.#caches.delete(prefix);
    return cache;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }

  #load(prefix: string): Promise<ResourceCache> {
    const events: StoreEvent[] = [];
    const cache = this.store.list(prefix).then((page) => {
      const made = new ResourceCache(prefix, page);
      made.apply(events);
      if (this.#loading.get(prefix)?.events !== events) return made; // forgotten meanwhile
      this.#loading.delete(prefix);
      this.#caches.set(prefix, made);
      return made;
    });
    cache.catch(() => this.#loading.delete(prefix));
    this.#loading.set(prefix, { events, cache });
    return cache;
  }

  async #read(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for await (const batch of this.store.watch(ROOT, { after: this.#revision, signal })) {
          this.#dispatch(batch.events, batch.revision);
        }
      } catch (error) {
        if (!(error instanceof Fault) || error.kind !== "expired") throw error;
        await this.#startOver();
      }
    }
  }

  #dispatch(events: readonly StoreEvent[], revision: Revision): void {
    if (events.length > 0) {
      for (const [prefix, mine] of byResource(events)) {
        this.#loading.get(prefix)?.events.push(...mine);
        this.#caches.get(prefix)?.apply(mine);
        for (const view of this.views.asking(prefix)) this.#follow(view, mine);
      }
    }
    this.#revision = revision;
    if (this.#waiters.length === 0) return;
    const ready = this.#waiters.filter((waiter) => waiter.revision <= revision);
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > revision);
    for (const { resolve } of ready) resolve();
  }

  /** Hands events to a view that somebody reads. */
  #follow(view: AskingView, events: readonly StoreEvent[]): void {
    const { prefix } = view;
    const cache = this.#loading.get(prefix)?.cache ?? this.#caches.get(prefix);
    if (cache === undefined) return;
    const known = this.#followers.get(prefix);
    if (known !== undefined) return known.add(events);
    const follower = new Follower({
      cache: Promise.resolve(cache),
      convert: (some) => this.views.convert(view, some),
      fail: () => this.#drop(prefix)?.lose(),
    });
    this.#followers.set(prefix, follower);
    follower.add(events);
  }

  /** Events were forgotten before they were read: nothing that is cached can be trusted. */
  async #startOver(): Promise<void> {
    const caches = [...this.#caches.values()];
    this.#caches.clear();
    this.#followers.clear();
    for (const cache of caches) cache.lose();
    this.#dispatch([], await this.store.currentRevision());
  }
}

function byResource(events: readonly StoreEvent[]): Map<string, StoreEvent[]> {
  const groups = new Map<string, StoreEvent[]>();
  for (const event of events) {
    const prefix = resourcePrefix(event.change.key);
    const group = groups.get(prefix);
    if (group === undefined) groups.set(prefix, [event]);
    else group.push(event);
  }
  return groups;
}

/** `/registry/apps/deployments/` of `/registry/apps/deployments/default/web`. */
function resourcePrefix(key: string): string {
  const afterGroup = key.indexOf("/", ROOT.length);
  return key.slice(0, key.indexOf("/", afterGroup + 1) + 1);
}

/**
 * Follows the objects of one resource without holding up whoever asks for it: a large cache takes
 * its time to be filled. In: keys. Out: all objects once the cache is there, then events, and all
 * objects again where events were missed. Never throws: where the store is away it tries again.
 */
import type { Registry } from "../registry.ts";
import type { CacheEvent } from "./cache-event.ts";
import type { CacheWatcher, ResourceCache } from "./resource-cache.ts";

const AGAIN_MS = 1000;

export interface Following {
  /** What the keys of the resource begin with. */
  readonly prefix: string;
  /** One object's key, or the prefix. */
  readonly scope: string;
  readonly loaded: (cache: ResourceCache) => void;
  readonly notify: (events: readonly CacheEvent[]) => void;
}

/** Follows until it is disposed of. */
export function follow(registry: Registry, following: Following): Disposable {
  const stop = new AbortController();
  const { signal } = stop;
  const { prefix, scope, loaded, notify } = following;
  const watcher: CacheWatcher = { scope, notify, lost: () => void begin() };
  const begin = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        const cache = await registry.hub.cache(prefix);
        if (signal.aborted) return;
        cache.add(watcher);
        signal.addEventListener("abort", () => cache.remove(watcher), { once: true });
        loaded(cache);
        return;
      } catch {
        await registry.host.clock.sleep(AGAIN_MS, signal).catch(() => undefined);
      }
    }
  };
  void begin();
  return { [Symbol.dispose]: () => stop.abort() };
}

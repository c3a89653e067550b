/**
 * Events of a view that asks somebody else what its objects look like. In: events as the store has
 * them. Out: the same, converted, in the view's cache, in order; several at once where they come
 * faster than answers. When nobody answers the follower fails, and the cache with it.
 */
import type { Revision, StoreEvent } from "../../storage/store.ts";
import type { ResourceCache } from "./resource-cache.ts";

export interface FollowerParts {
  readonly cache: Promise<ResourceCache>;
  readonly convert: (events: readonly StoreEvent[]) => Promise<readonly StoreEvent[]>;
  readonly fail: () => void;
}

export class Follower {
  readonly #parts: FollowerParts;
  readonly #pending: StoreEvent[] = [];
  #work: Promise<void> | undefined;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  /** The first event that the cache does not show yet. */
  get next(): Revision | undefined {
    return this.#pending[0]?.revision;
  }

  add(events: readonly StoreEvent[]): void {
    this.#pending.push(...events);
    this.#work ??= this.#run();
  }

  /** Resolves when the cache shows all that was added. */
  async settled(): Promise<void> {
    await this.#work;
  }

  async #run(): Promise<void> {
    try {
      const cache = await this.#parts.cache;
      while (this.#pending.length > 0) {
        const some = [...this.#pending];
        const converted = await this.#parts.convert(some);
        this.#pending.splice(0, some.length);
        cache.apply(converted);
      }
    } catch {
      // Whoever needs the cache loads it anew, and hears what is wrong.
      this.#parts.fail();
    } finally {
      this.#work = undefined;
    }
  }
}

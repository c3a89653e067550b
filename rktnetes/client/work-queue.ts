/**
 * Keys that wait to be worked on, each by one worker at a time. A key that comes while it is worked
 * on is worked on again; one that fails waits, twice as long each time. In: keys. Out: calls.
 */
import { setImmediate } from "node:timers/promises";
import type { Clock } from "@shared/base";

const FIRST_WAIT_MS = 5;
const LAST_WAIT_MS = 60_000;

/** How a queue works. */
export interface QueueOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly workers: number;
  /** Told of each failure; the key is tried again all the same. */
  readonly failed: (key: string, error: unknown) => void;
}

/** What became of a key: done, or to be looked at again after so many ms. */
export type Outcome = undefined | { readonly againMs: number };

/** Keys, each worked on by one worker at a time, until the signal aborts. */
export class WorkQueue {
  readonly #work: (key: string) => Promise<Outcome>;
  readonly #options: QueueOptions;
  readonly #waiting = new Set<string>();
  readonly #running = new Set<string>();
  readonly #failures = new Map<string, number>();

  constructor(work: (key: string) => Promise<Outcome>, options: QueueOptions) {
    this.#work = work;
    this.#options = options;
  }

  add(key: string): void {
    if (this.#options.signal.aborted) return;
    this.#waiting.add(key);
    this.#start();
  }

  addAfter(key: string, ms: number): void {
    const { clock, signal } = this.#options;
    clock.sleep(ms, signal).then(
      () => this.add(key),
      () => undefined, // the queue has ended
    );
  }

  #start(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#options.workers) return;
      if (this.#running.has(key)) continue;
      this.#waiting.delete(key);
      this.#running.add(key);
      void this.#run(key);
    }
  }

  async #run(key: string): Promise<void> {
    try {
      await setImmediate(); // others get their turn, however many keys there are
      const outcome = await this.#work(key);
      this.#failures.delete(key);
      if (outcome !== undefined) this.addAfter(key, outcome.againMs);
    } catch (error) {
      const failures = this.#failures.get(key) ?? 0;
      this.#failures.set(key, failures + 1);
      if (!this.#options.signal.aborted) this.#options.failed(key, error);
      this.addAfter(key, Math.min(FIRST_WAIT_MS * 2 ** failures, LAST_WAIT_MS));
    } finally {
      this.#running.delete(key);
      if (!this.#options.signal.aborted) this.#start();
    }
  }
}

/** Answers of others, kept for a while. In: keys and how long. Out: answers, asked for once. */
import type { Clock } from "@shared/base";

const ENTRIES_MAX = 8192;

interface Entry<T> {
  readonly value: T;
  readonly untilMs: number;
}

export class Remembered<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `keepMs` says of an answer how long it counts; 0 for not at all. */
  async get(key: string, ask: () => Promise<T>, keepMs: (value: T) => number): Promise<T> {
    const known = this.#entries.get(key);
    if (known !== undefined && known.untilMs > this.#clock.now()) return known.value;
    const value = await ask();
    const forMs = keepMs(value);
    if (forMs > 0) {
      if (this.#entries.size >= ENTRIES_MAX) this.#entries.clear();
      this.#entries.set(key, { value, untilMs: this.#clock.now() + forMs });
    }
    return value;
  }
}

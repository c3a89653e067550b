/**
 * A store whose values of chosen keys nobody can read from the disk. In: another store and rules.
 * Out: the same store to whoever uses it. Values of other keys pass untouched.
 */
import type {
  Change,
  CommitResult,
  Entry,
  EventBatch,
  ListOptions,
  Page,
  Revision,
  Store,
  WatchOptions,
  Write,
} from "../store.ts";
import type { EncryptionRule } from "./encryption-config.ts";
import { isStale, type RandomBytes, seal, unseal } from "./seal.ts";

const PAGE = 500;

/**
 * Reads fail with Fault "corrupt" where a value cannot be decrypted; all else as the inner store.
 */
export class EncryptedStore implements Store {
  readonly #store: Store;
  readonly #rules: readonly EncryptionRule[];
  readonly #random: RandomBytes;
  readonly writesMax?: number;

  constructor(store: Store, rules: readonly EncryptionRule[], random: RandomBytes) {
    this.#store = store;
    if (store.writesMax !== undefined) this.writesMax = store.writesMax;
    this.#rules = rules;
    this.#random = random;
  }

  currentRevision(): Promise<Revision> {
    return this.#store.currentRevision();
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#shown(await this.#store.get(key));
  }

  async list(prefix: string, options?: ListOptions): Promise<Page> {
    const page = await this.#store.list(prefix, options);
    if (!this.#concerns(prefix)) return page;
    return { ...page, entries: page.entries.map((entry) => this.#shownEntry(entry)) };
  }

  async commit(writes: readonly Write[]): Promise<CommitResult> {
    const hidden = writes.map((write) => {
      const { change } = write;
      const rule = change.type === "put" ? this.#ruleOf(change.key) : undefined;
      if (change.type !== "put" || rule === undefined) return write;
      const value = seal(rule, change.key, change.value, this.#random);
      return { ...write, change: { ...change, value } };
    });
    const result = await this.#store.commit(hidden);
    return result.done ? result : { ...result, current: this.#shown(result.current) };
  }

  async *watch(prefix: string, options: WatchOptions): AsyncGenerator<EventBatch> {
    for await (const batch of this.#store.watch(prefix, options)) {
      const isHidden = batch.events.some(({ change }) => this.#ruleOf(change.key) !== undefined);
      yield isHidden ? this.#shownBatch(batch) : batch;
    }
  }

  compact(before: Revision): Promise<void> {
    return this.#store.compact(before);
  }

  /** Writes what was written with another key, or with none, anew; says how many there were. */
  async rewrite(): Promise<number> {
    let count = 0;
    for (const prefix of new Set(this.#rules.flatMap(({ prefixes }) => prefixes))) {
      for (let after = ""; ; ) {
        const { entries, remaining } = await this.#store.list(prefix, { after, limit: PAGE });
        for (const entry of entries) if (await this.#rewriteEntry(entry)) count++;
        if (remaining === 0) break;
        after = entries.at(-1)?.key ?? after;
      }
    }
    return count;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#store[Symbol.asyncDispose]());
  }

  async #rewriteEntry(stored: Entry): Promise<boolean> {
    const rule = this.#ruleOf(stored.key);
    if (rule === undefined || !isStale(rule, stored.value)) return false;
    const { key, value, revision } = this.#shownEntry(stored);
    const result = await this.commit([{ change: { type: "put", key, value }, expected: revision }]);
    // Whoever was faster has written with the first key.
    return result.done;
  }

  #ruleOf(key: string): EncryptionRule | undefined {
    return this.#rules.find(({ prefixes }) => prefixes.some((prefix) => key.startsWith(prefix)));
  }

  #concerns(prefix: string): boolean {
    return this.#rules.some(({ prefixes }) =>
      prefixes.some((mine) => mine.startsWith(prefix) || prefix.startsWith(mine)),
    );
  }

  #shown(entry: Entry | undefined): Entry | undefined {
    return entry === undefined ? undefined : this.#shownEntry(entry);
  }

  #shownEntry(entry: Entry): Entry {
    const rule = this.#ruleOf(entry.key);
    if (rule === undefined) return entry;
    return { ...entry, value: unseal(rule, entry.key, entry.value) };
  }

  #shownBatch({ events, revision }: EventBatch): EventBatch {
    const shown = events.map((event) => ({
      ...event,
      change: this.#shownChange(event.change),
      previous: this.#shown(event.previous),
    }));
    return { events: shown, revision };
  }

  #shownChange(change: Change): Change {
    const rule = change.type === "put" ? this.#ruleOf(change.key) : undefined;
    if (change.type !== "put" || rule === undefined) return change;
    return { ...change, value: unseal(rule, change.key, change.value) };
  }
}

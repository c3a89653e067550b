/**
 * A store in which objects of two versions seem to be there twice: below the prefix of the version
 * that is stored, and below one of its own for the other. In: a store and its views. Out: a store
 * that the registry uses without knowing. Objects are converted where they pass, never kept.
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
  StoreEvent,
  WatchOptions,
  Write,
} from "../storage/store.ts";

export interface VersionView {
  /** Where the other version seems to lie. */
  readonly prefix: string;
  /** Where the objects lie. */
  readonly source: string;
  readonly toStored: (value: Uint8Array) => Uint8Array;
  readonly fromStored: (value: Uint8Array) => Uint8Array;
}

export class ViewedStore implements Store {
  readonly #store: Store;
  readonly #views: VersionView[];
  /** Views that somebody reads: only their events are made. */
  readonly #read = new Set<VersionView>();

  constructor(store: Store, views: readonly VersionView[]) {
    this.#store = store;
    this.#views = [...views];
  }

  /** Custom kinds come and go while the store is read. */
  addView(view: VersionView): void {
    this.#views.push(view);
  }

  removeView(prefix: string): void {
    const at = this.#views.findIndex((view) => view.prefix === prefix);
    const [view] = at < 0 ? [] : this.#views.splice(at, 1);
    if (view !== undefined) this.#read.delete(view);
  }

  currentRevision(): Promise<Revision> {
    return this.#store.currentRevision();
  }

  async get(key: string): Promise<Entry | undefined> {
    const view = this.#viewOf(key);
    if (view === undefined) return await this.#store.get(key);
    return inView(view, await this.#store.get(sourceKey(view, key)));
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    const view = this.#viewOf(prefix);
    if (view === undefined) return await this.#store.list(prefix, options);
    this.#read.add(view);
    const after = options.after === undefined ? {} : { after: sourceKey(view, options.after) };
    const page = await this.#store.list(sourceKey(view, prefix), { ...options, ...after });
    const entries = page.entries
      .map((entry) => inView(view, entry))
      .filter((entry) => entry !== undefined);
    return { ...page, entries };
  }

  async commit(writes: readonly Write[]): Promise<CommitResult> {
    const stored = writes.map(({ change, ...rest }) => ({
      ...rest,
      change: this.#toStored(change),
    }));
    const result = await this.#store.commit(stored);
    if (result.done) return result;
    const at = stored.findIndex(({ change }) => change.key === result.key);
    const key = writes[at]?.change.key ?? result.key;
    const view = this.#viewOf(key);
    return view === undefined ? result : { ...result, key, current: inView(view, result.current) };
  }

  async *watch(prefix: string, options: WatchOptions): AsyncIterable<EventBatch> {
    const view = this.#viewOf(prefix);
    if (view !== undefined) this.#read.add(view);
    const source = view === undefined ? prefix : sourceKey(view, prefix);
    for await (const batch of this.#store.watch(source, options)) {
      const events =
        view === undefined
          ? batch.events.flatMap((event) => this.#withViews(event, prefix))
          : batch.events.map((event) => eventInView(view, event));
      yield { ...batch, events };
    }
  }

  compact(before: Revision): Promise<void> {
    return this.#store.compact(before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }

  #viewOf(key: string): VersionView | undefined {
    return this.#views.find(({ prefix }) => key.startsWith(prefix));
  }

  #toStored(change: Change): Change {
    const view = this.#viewOf(change.key);
    if (view === undefined) return change;
    const key = sourceKey(view, change.key);
    return change.type === "delete"
      ? { ...change, key }
      : { ...change, key, value: view.toStored(change.value) };
  }

  /** The event, and the same in each view that is read and that the watcher sees. */
  #withViews(event: StoreEvent, prefix: string): StoreEvent[] {
    const { key } = event.change;
    const seen = [...this.#read].filter(
      (view) => key.startsWith(view.source) && view.prefix.startsWith(prefix),
    );
    return [event, ...seen.map((view) => eventInView(view, event))];
  }
}

function sourceKey({ prefix, source }: VersionView, key: string): string {
  return source + key.slice(prefix.length);
}

function viewKey({ prefix, source }: VersionView, key: string): string {
  return prefix + key.slice(source.length);
}

function inView(view: VersionView, entry: Entry): Entry;
function inView(view: VersionView, entry: Entry | undefined): Entry | undefined;
function inView(view: VersionView, entry: Entry | undefined): Entry | undefined {
  if (entry === undefined) return undefined;
  return { ...entry, key: viewKey(view, entry.key), value: view.fromStored(entry.value) };
}

function eventInView(view: VersionView, { change, revision, previous }: StoreEvent): StoreEvent {
  const key = viewKey(view, change.key);
  const seen: Change =
    change.type === "delete"
      ? { ...change, key }
      : { ...change, key, value: view.fromStored(change.value) };
  return { change: seen, revision, previous: inView(view, previous) };
}

/**
 * A store in which objects of several versions seem to be there several times: each version below a
 * prefix of its own. In: a store and its views. Out: a store that the registry uses without
 * knowing. Objects are converted where they pass, never kept.
 *
 * A quick view converts by itself; a view that asks waits for somebody else, and its events are
 * left to whoever follows it: nobody waits for them who does not read them.
 */
import { StatusFault } from "@rktnetes/api/status-fault";
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

interface ViewPlace {
  /** Where the other version seems to lie. */
  readonly prefix: string;
  /** Where the objects lie. */
  readonly source: string;
  /** What was written may come back otherwise: it was in another version in between. */
  readonly changes?: boolean;
  /** Whether what this view made of an object was stored in another way than it would be now. */
  readonly isOld?: (value: Uint8Array) => boolean;
}

export interface QuickView extends ViewPlace {
  readonly asks?: false;
  readonly toStored: (value: Uint8Array) => Uint8Array;
  readonly fromStored: (value: Uint8Array) => Uint8Array;
}

export interface AskingView extends ViewPlace {
  readonly asks: true;
  readonly toStored: (value: Uint8Array) => Promise<Uint8Array>;
  /** All or nothing, in the same order. */
  readonly fromStored: (values: readonly Uint8Array[]) => Promise<readonly Uint8Array[]>;
}

export type VersionView = QuickView | AskingView;

/** What readers of a store with views have to know of them. */
export interface Views {
  /** The views that ask, of what lies below a prefix of the store. */
  asking(source: string): readonly AskingView[];
  asks(prefix: string): boolean;
  /** What a reader will see of a value that is written. */
  shown(key: string, value: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Writing the same object again would change what is stored. */
  isOld(key: string, value: Uint8Array): boolean;
  /** Events of what lies below the source of a view, as the view shows them. */
  convert(view: AskingView, events: readonly StoreEvent[]): Promise<readonly StoreEvent[]>;
}

export const NO_VIEWS: Views = {
  asking: () => [],
  asks: () => false,
  shown: (_key, value) => value,
  isOld: () => false,
  convert: (_view, events) => Promise.resolve(events),
};

export class ViewedStore implements Store, Views {
  readonly #store: Store;
  readonly #views: VersionView[];
  /** Views that somebody reads: only their events are made. */
  readonly #read = new Set<QuickView>();
  /** What values of a view are stored as: whoever asks for it is about to write it. */
  readonly #stored = new WeakMap<Uint8Array, Promise<Uint8Array>>();

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
    if (view !== undefined && view.asks !== true) this.#read.delete(view);
  }

  currentRevision(): Promise<Revision> {
    return this.#store.currentRevision();
  }

  async get(key: string): Promise<Entry | undefined> {
    const view = this.#viewOf(key);
    if (view === undefined) return await this.#store.get(key);
    return await entryInView(view, await this.#store.get(sourceKey(view, key)));
  }

  async list(prefix: string, options: ListOptions = {}): Promise<Page> {
    const view = this.#viewOf(prefix);
    if (view === undefined) return await this.#store.list(prefix, options);
    if (view.asks !== true) this.#read.add(view);
    const after = options.after === undefined ? {} : { after: sourceKey(view, options.after) };
    const page = await this.#store.list(sourceKey(view, prefix), { ...options, ...after });
    return { ...page, entries: await entriesInView(view, page.entries) };
  }

  async commit(writes: readonly Write[]): Promise<CommitResult> {
    const hasView = writes.some(({ change }) => this.#viewOf(change.key) !== undefined);
    if (!hasView) return await this.#store.commit(writes);
    const stored: Write[] = [];
    for (const { change, ...rest } of writes) {
      stored.push({ ...rest, change: await this.#toStored(change) });
    }
    const result = await this.#store.commit(stored);
    if (result.done) return result;
    const at = stored.findIndex(({ change }) => change.key === result.key);
    const key = writes[at]?.change.key ?? result.key;
    const view = this.#viewOf(key);
    if (view === undefined) return result;
    return { ...result, key, current: await entryInView(view, result.current) };
  }

  async *watch(prefix: string, options: WatchOptions): AsyncIterable<EventBatch> {
    const view = this.#viewOf(prefix);
    if (view !== undefined && view.asks !== true) this.#read.add(view);
    const source = view === undefined ? prefix : sourceKey(view, prefix);
    for await (const batch of this.#store.watch(source, options)) {
      const events =
        view === undefined
          ? batch.events.flatMap((event) => this.#withViews(event, prefix))
          : await eventsInView(view, batch.events);
      yield { ...batch, events };
    }
  }

  compact(before: Revision): Promise<void> {
    return this.#store.compact(before);
  }

  asking(source: string): readonly AskingView[] {
    return this.#views.filter((view) => view.asks === true && view.source === source) as [];
  }

  asks(prefix: string): boolean {
    return this.#views.some((view) => view.asks === true && view.prefix === prefix);
  }

  shown(key: string, value: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const view = this.#viewOf(key);
    return view?.changes === true ? this.#roundTrip(view, value) : value;
  }

  isOld(key: string, value: Uint8Array): boolean {
    return this.#viewOf(key)?.isOld?.(value) === true;
  }

  convert(view: AskingView, events: readonly StoreEvent[]): Promise<readonly StoreEvent[]> {
    return eventsInView(view, events);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store[Symbol.asyncDispose]();
  }

  #viewOf(key: string): VersionView | undefined {
    const found = this.#views.find(({ prefix }) => key.startsWith(prefix));
    if (found === undefined && key.includes("~") && GONE.test(key)) throw goneView();
    return found;
  }

  async #roundTrip(view: VersionView, value: Uint8Array): Promise<Uint8Array> {
    const [shown] = await valuesInView(view, [await this.#valueToStore(view, value)]);
    return shown ?? value;
  }

  async #toStored(change: Change): Promise<Change> {
    const view = this.#viewOf(change.key);
    if (view === undefined) return change;
    const key = sourceKey(view, change.key);
    if (change.type === "delete") return { ...change, key };
    return { ...change, key, value: await this.#valueToStore(view, change.value) };
  }

  #valueToStore(view: VersionView, value: Uint8Array): Promise<Uint8Array> {
    const known = this.#stored.get(value);
    if (known !== undefined) return known;
    const stored = Promise.resolve(view.toStored(value));
    this.#stored.set(value, stored);
    return stored;
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

/** A view of a custom kind as it was before its definition changed. @see custom/custom-kinds.ts */
const GONE = /^\/registry\/[^/]+\/[^/@]+@[^/~]+~\d+\//;

function goneView(): StatusFault {
  const message = "storage is (re)initializing";
  const details = { retryAfterSeconds: 1 };
  return new StatusFault({ code: 429, reason: "TooManyRequests", message, details });
}

function sourceKey({ prefix, source }: VersionView, key: string): string {
  return source + key.slice(prefix.length);
}

function viewKey({ prefix, source }: VersionView, key: string): string {
  return prefix + key.slice(source.length);
}

async function valuesInView(
  view: VersionView,
  values: readonly Uint8Array[],
): Promise<readonly Uint8Array[]> {
  return view.asks === true ? await view.fromStored(values) : values.map(view.fromStored);
}

async function entriesInView(
  view: VersionView,
  entries: readonly Entry[],
): Promise<readonly Entry[]> {
  const values = await valuesInView(
    view,
    entries.map(({ value }) => value),
  );
  return entries.map((entry, at) => ({
    ...entry,
    key: viewKey(view, entry.key),
    value: values[at] ?? entry.value,
  }));
}

async function entryInView(
  view: VersionView,
  entry: Entry | undefined,
): Promise<Entry | undefined> {
  return entry === undefined ? undefined : (await entriesInView(view, [entry]))[0];
}

function eventInView(view: QuickView, { change, revision, previous }: StoreEvent): StoreEvent {
  const key = viewKey(view, change.key);
  const seen: Change =
    change.type === "delete"
      ? { ...change, key }
      : { ...change, key, value: view.fromStored(change.value) };
  const before =
    previous === undefined
      ? undefined
      : { ...previous, key, value: view.fromStored(previous.value) };
  return { change: seen, revision, previous: before };
}

async function eventsInView(
  view: VersionView,
  events: readonly StoreEvent[],
): Promise<readonly StoreEvent[]> {
  if (view.asks !== true) return events.map((event) => eventInView(view, event));
  const stored = events.flatMap(({ change, previous }) => [
    ...(change.type === "put" ? [change.value] : []),
    ...(previous === undefined ? [] : [previous.value]),
  ]);
  const values = await view.fromStored(stored);
  const shown = new Map(stored.map((value, at) => [value, values[at] ?? value]));
  const quick = { ...view, asks: false, fromStored: lookUp(shown), toStored: same } as const;
  return events.map((event) => eventInView(quick, event));
}

function lookUp(shown: ReadonlyMap<Uint8Array, Uint8Array>): QuickView["fromStored"] {
  return (value) => shown.get(value) ?? value;
}

function same(value: Uint8Array): Uint8Array {
  return value;
}

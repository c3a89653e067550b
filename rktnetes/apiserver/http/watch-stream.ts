/**
 * A watch as bytes on a connection. In: notices of a watch. Out: one frame for each, in the form
 * that the client asked for. A client that does not read is cut off before it costs memory.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { failureStatus } from "@rktnetes/api/status";
import type { StatusFault } from "@rktnetes/api/status-fault";
import { type CacheEvent, jsonFrame, type Notice } from "../registry/cache/cache-event.ts";
import type { CachedObject } from "../registry/cache/cached-object.ts";
import type { WatchSink } from "../registry/watch.ts";
import type { Outlet } from "./api-request.ts";
import { partialOf, tableOf, type ViewContext } from "./views.ts";

/** A client may be behind by so many bytes. */
const WAITING_MAX = 16 * 1024 * 1024;

export interface WatchHooks {
  readonly stop: () => void;
  readonly now: () => number;
  /** Makes frames of documents; JSON without it. */
  readonly encode: ((type: string, document: JsonObject) => Buffer) | undefined;
}

export class WatchStream implements WatchSink {
  readonly #outlet: Outlet;
  readonly #view: ViewContext;
  readonly #stop: () => void;
  readonly #now: () => number;
  readonly #encode: WatchHooks["encode"];
  #hasColumns = false;

  constructor(outlet: Outlet, view: ViewContext, hooks: WatchHooks) {
    this.#outlet = outlet;
    this.#view = view;
    this.#stop = hooks.stop;
    this.#now = hooks.now;
    this.#encode = hooks.encode;
  }

  initial(objects: readonly CachedObject[]): void {
    for (const object of objects) this.#write([this.#frame({ type: "ADDED", object })]);
  }

  bookmark(revision: number, endsInitial: boolean): void {
    const { kind, apiVersion } = this.#view.resource;
    const resourceVersion = String(revision);
    const metadata: JsonObject = { resourceVersion };
    if (endsInitial) metadata["annotations"] = { "k8s.io/initial-events-end": "true" };
    const object = this.#bookmarkObject({ kind: kind.kind, apiVersion, metadata }, resourceVersion);
    this.#write([this.#document("BOOKMARK", object)]);
  }

  events(events: readonly { readonly event: CacheEvent; readonly notice: Notice }[]): void {
    const isPlain = this.#view.form.view === undefined && this.#encode === undefined;
    this.#write(
      events.map(({ event, notice }) => (isPlain ? event.frame(notice) : this.#frame(notice))),
    );
  }

  error(fault: StatusFault): void {
    this.#write([this.#document("ERROR", failureStatus(fault.failure))]);
    this.#stop();
  }

  #frame({ type, object }: Notice): Buffer {
    const { form } = this.#view;
    if (form.view === undefined) {
      return this.#encode === undefined
        ? jsonFrame(type, object.bytes)
        : this.#encode(type, object.object);
    }
    if (form.view !== "Table") return this.#document(type, partialOf(object, form));
    const metadata = { resourceVersion: String(object.revision) };
    const view = { ...this.#view, nowMs: this.#now() };
    const table = tableOf([object], metadata, view, !this.#hasColumns);
    this.#hasColumns = true;
    return this.#document(type, table);
  }

  #document(type: string, document: JsonObject): Buffer {
    if (this.#encode !== undefined) return this.#encode(type, document);
    return jsonFrame(type, Buffer.from(JSON.stringify(document)));
  }

  #bookmarkObject(object: JsonObject, resourceVersion: string): JsonObject {
    const { form } = this.#view;
    if (form.view === undefined) return object;
    const apiVersion = `meta.k8s.io/${form.viewVersion}`;
    if (form.view === "Table") {
      const table = tableOf([{ object }], { resourceVersion }, this.#view, !this.#hasColumns);
      this.#hasColumns = true;
      return table;
    }
    return { ...object, kind: "PartialObjectMetadata", apiVersion };
  }

  #write(frames: readonly Buffer[]): void {
    const [first] = frames;
    if (first === undefined) return;
    this.#outlet.write(frames.length === 1 ? first : Buffer.concat(frames));
    if (this.#outlet.waitingBytes <= WAITING_MAX) return;
    this.#outlet.destroy();
    this.#stop();
  }
}

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

export class WatchStream implements WatchSink {
  readonly #outlet: Outlet;
  readonly #view: ViewContext;
  readonly #stop: () => void;
  readonly #now: () => number;
  #hasColumns = false;

  constructor(
    outlet: Outlet,
    view: ViewContext,
    hooks: { readonly stop: () => void; readonly now: () => number },
  ) {
    this.#outlet = outlet;
    this.#view = view;
    this.#stop = hooks.stop;
    this.#now = hooks.now;
  }

  initial(objects: readonly CachedObject[]): void {
    for (const object of objects) this.#write([this.#frame({ type: "ADDED", object })]);
  }

  bookmark(revision: number, endsInitial: boolean): void {
    const { kind, apiVersion } = this.#view.resource;
    const metadata: JsonObject = { resourceVersion: String(revision) };
    if (endsInitial) metadata["annotations"] = { "k8s.io/initial-events-end": "true" };
    const object = this.#bookmarkObject({ kind: kind.kind, apiVersion, metadata });
    this.#write([jsonFrame("BOOKMARK", Buffer.from(JSON.stringify(object)))]);
  }

  events(events: readonly { readonly event: CacheEvent; readonly notice: Notice }[]): void {
    const isPlain = this.#view.form.view === undefined;
    this.#write(
      events.map(({ event, notice }) => (isPlain ? event.frame(notice) : this.#frame(notice))),
    );
  }

  error(fault: StatusFault): void {
    const status = Buffer.from(JSON.stringify(failureStatus(fault.failure)));
    this.#write([jsonFrame("ERROR", status)]);
    this.#stop();
  }

  #frame({ type, object }: Notice): Buffer {
    const { form } = this.#view;
    if (form.view === undefined) return jsonFrame(type, object.bytes);
    if (form.view !== "Table") {
      return jsonFrame(type, Buffer.from(JSON.stringify(partialOf(object, form))));
    }
    const metadata = { resourceVersion: String(object.revision) };
    const view = { ...this.#view, nowMs: this.#now() };
    const table = tableOf([object], metadata, view, !this.#hasColumns);
    this.#hasColumns = true;
    return jsonFrame(type, Buffer.from(JSON.stringify(table)));
  }

  #bookmarkObject(object: JsonObject): JsonObject {
    const { form } = this.#view;
    if (form.view === undefined) return object;
    const apiVersion = `meta.k8s.io/${form.viewVersion}`;
    if (form.view === "Table") {
      const columnDefinitions = this.#hasColumns ? null : [];
      const { metadata = {} } = object;
      return { kind: "Table", apiVersion, metadata, columnDefinitions, rows: [] };
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

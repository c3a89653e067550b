/**
 * A watch as bytes on a connection. In: notices of a watch. Out: one frame for each, in the form
 * that the client asked for. A client that does not read is cut off before it costs memory.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import type { Clock } from "@shared/base";
import { failureStatus } from "@rktnetes/api/status";
import type { StatusFault } from "@rktnetes/api/status-fault";
import { type CacheEvent, jsonFrame, type Notice } from "../registry/cache/cache-event.ts";
import type { CachedObject } from "../registry/cache/cached-object.ts";
import type { WatchSink } from "../registry/watch.ts";
import type { Outlet } from "./api-request.ts";
import { partialOf, tableOf, type ViewContext } from "./views.ts";

/** A client may be behind by so many bytes. */
const WAITING_MAX = 16 * 1024 * 1024;

/** From so many bytes on the rest of a long beginning waits for the client. */
const AHEAD_MAX = 1024 * 1024;

/** So often the server looks whether the client has read on. */
const LOOK_MS = 2;

export interface WatchHooks {
  readonly stop: () => void;
  readonly clock: Clock;
  /** Aborts when the watch ends. */
  readonly signal: AbortSignal;
  /** Makes frames of documents; JSON without it. */
  readonly encode: ((type: string, document: JsonObject) => Buffer) | undefined;
}

export class WatchStream implements WatchSink {
  readonly #outlet: Outlet;
  readonly #view: ViewContext;
  readonly #stop: () => void;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #encode: WatchHooks["encode"];
  #hasColumns = false;

  constructor(outlet: Outlet, view: ViewContext, hooks: WatchHooks) {
    this.#outlet = outlet;
    this.#view = view;
    this.#stop = hooks.stop;
    this.#clock = hooks.clock;
    this.#signal = hooks.signal;
    this.#encode = hooks.encode;
  }

  async initial(objects: readonly CachedObject[]): Promise<void> {
    for (const object of objects) {
      if (this.#signal.aborted) return;
      this.#write([this.#frame({ type: "ADDED", object })]);
      if (this.#outlet.waitingBytes > AHEAD_MAX) await this.room();
    }
  }

  async room(): Promise<void> {
    while (!this.#signal.aborted && this.#outlet.waitingBytes > AHEAD_MAX) {
      await this.#clock.sleep(LOOK_MS);
    }
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

  cut(): void {
    this.#outlet.destroy();
    this.#stop();
  }

  error(fault: StatusFault): void {
    this.#write([this.#document("ERROR", failureStatus(fault.failure))]);
    this.#stop();
  }

  end(): void {
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
    const view = { ...this.#view, nowMs: this.#clock.now() };
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
    if (this.#outlet.waitingBytes > WAITING_MAX) this.cut();
  }
}

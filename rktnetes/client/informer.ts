/**
 * A resource kept in memory as the server has it. In: a place to watch. Out: every object once,
 * then every change in order, whatever happens to the connection. Forgets nothing that the server
 * told.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { isObject, own } from "@rktnetes/api/patch/values";
import type { Clock } from "@shared/base";
import type { Client, Place, Query, WatchedEvent } from "./client.ts";

/** Told of each change after it is in the cache. */
export interface Listener {
  changed(object: JsonObject, before: JsonObject | undefined): void;
  deleted(object: JsonObject): void;
}

/** Which objects are kept, and until when. */
export interface InformerOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly query?: Query;
  readonly metadataOnly?: boolean;
  /** What stays of an object once it was told of; all of it without this. */
  readonly keep?: (object: JsonObject) => JsonObject;
}

const FIRST_WAIT_MS = 100;
const LAST_WAIT_MS = 30_000;

/** One resource, kept as the server has it until the signal aborts. */
export class Informer {
  readonly #client: Client;
  readonly #place: Place;
  readonly #options: InformerOptions;
  readonly #listener: Listener;
  readonly #objects = new Map<string, JsonObject>();
  readonly #synced = Promise.withResolvers<void>();
  #version = "";

  constructor(client: Client, place: Place, listener: Listener, options: InformerOptions) {
    this.#client = client;
    this.#place = place;
    this.#listener = listener;
    this.#options = options;
  }

  /** By `namespace/name`, or by name where there is no namespace. */
  get objects(): ReadonlyMap<string, JsonObject> {
    return this.#objects;
  }

  /** Resolves when every object that was there at the start has been told of. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Runs until the signal aborts; never throws. */
  async run(): Promise<void> {
    const { clock, signal } = this.#options;
    for (let wait = FIRST_WAIT_MS; !signal.aborted; ) {
      const began = clock.now();
      try {
        await (this.#version === "" ? this.#listAndFollow() : this.#follow());
      } catch {
        this.#version = ""; // too old, or the server is not there: all is told anew
      }
      if (clock.now() - began > LAST_WAIT_MS) wait = FIRST_WAIT_MS;
      await clock.sleep(wait, signal).catch(() => undefined);
      wait = Math.min(wait * 2, LAST_WAIT_MS);
    }
  }

  /** One stream tells what there is, says when that is all, and goes on. */
  async #listAndFollow(): Promise<void> {
    const seen = new Set<string>();
    const query = { sendInitialEvents: "true", resourceVersionMatch: "NotOlderThan" };
    for await (const event of this.#events(query)) {
      if (event.type !== "BOOKMARK") seen.add(keyOf(event.object));
      this.#take(event);
      if (!isInitialEnd(event)) continue;
      for (const [key, object] of this.#objects) if (!seen.has(key)) this.#remove(key, object);
      this.#synced.resolve();
    }
  }

  async #follow(): Promise<void> {
    for await (const event of this.#events({ resourceVersion: this.#version })) this.#take(event);
  }

  #events(own: Query): AsyncIterable<WatchedEvent> {
    const { query, metadataOnly = false, signal } = this.#options;
    const asked = { ...query, ...own, allowWatchBookmarks: "true" };
    return this.#client.watch(this.#place, { query: asked, metadataOnly }, signal);
  }

  #take({ type, object }: WatchedEvent): void {
    if (type === "ERROR") throw new Error(textOf(object, "message"));
    const { keep = whole } = this.#options;
    const key = keyOf(object);
    if (type === "DELETED") this.#remove(key, object);
    else if (type !== "BOOKMARK") {
      const before = this.#objects.get(key);
      this.#objects.set(key, keep(object));
      if (before === undefined || versionOf(before) !== versionOf(object)) {
        this.#listener.changed(object, before);
      }
    }
    this.#version = versionOf(object);
  }

  #remove(key: string, object: JsonObject): void {
    this.#objects.delete(key);
    this.#listener.deleted(object);
  }
}

function whole(object: JsonObject): JsonObject {
  return object;
}

function isInitialEnd({ type, object }: WatchedEvent): boolean {
  const annotations = own(metadataOf(object), "annotations");
  if (type !== "BOOKMARK" || !isObject(annotations)) return false;
  return own(annotations, "k8s.io/initial-events-end") === "true";
}

/** `namespace/name`, or the name alone. */
export function keyOf(object: JsonObject): string {
  const metadata = metadataOf(object);
  const namespace = textOf(metadata, "namespace");
  const name = textOf(metadata, "name");
  return namespace === "" ? name : `${namespace}/${name}`;
}

function versionOf(object: JsonObject): string {
  return textOf(metadataOf(object), "resourceVersion");
}

/** An empty object where there is none. */
export function metadataOf(object: JsonObject): JsonObject {
  const metadata = own(object, "metadata");
  return isObject(metadata) ? metadata : {};
}

/** The text in a field; empty where there is none. */
export function textOf(object: JsonObject, field: string): string {
  const value = own(object, field);
  return typeof value === "string" ? value : "";
}

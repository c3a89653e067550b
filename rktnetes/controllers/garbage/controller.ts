/**
 * The garbage collector: what nobody owns any more goes, and owners wait for what they own where
 * they are asked to. In: the metadata of every object that can be deleted, custom ones included.
 * Out: deletions, and finalizers and owners taken away.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import type { Place } from "@rktnetes/client/client";
import { type Discovered, discover, type ServedResource } from "@rktnetes/client/discovery";
import { Informer } from "@rktnetes/client/informer";
import { WorkQueue } from "@rktnetes/client/work-queue";
import type { Controller, ControllerHost } from "../controller.ts";
import { type Collector, collect } from "./collect.ts";
import { Graph, ORPHAN, type Owned, ownedOf, traceOf, waitsForDependents } from "./graph.ts";

export const GARBAGE: Controller = { name: "garbage-collector-controller", run };

const DEFINITIONS: Place = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
};
/** Definitions come in crowds: what is served is asked for once they have settled. */
const SETTLE_MS = 200;

async function run(host: ControllerHost): Promise<void> {
  const collection = new Collection(host);
  await collection.refresh();
  const definitions = new Informer(
    host.client,
    DEFINITIONS,
    { changed: () => collection.refreshSoon(), deleted: () => collection.refreshSoon() },
    { clock: host.clock, signal: host.signal, metadataOnly: true },
  );
  await definitions.run();
}

class Collection {
  readonly #host: ControllerHost;
  readonly #graph = new Graph();
  readonly #queue: WorkQueue;
  readonly #followed = new Map<string, AbortController>();
  #kinds: ReadonlyMap<string, ServedResource> = new Map();
  #settling = false;

  constructor(host: ControllerHost) {
    this.#host = host;
    const { clock, signal, note } = host;
    const collector: Collector = {
      client: host.client,
      graph: this.#graph,
      resourceOf: (apiVersion, kind) => this.#kinds.get(kindKey(apiVersion, kind)),
      enqueue: (uid) => this.#queue.add(uid),
    };
    this.#queue = new WorkQueue((uid) => collect(collector, uid), {
      clock,
      signal,
      workers: 8,
      failed: (uid, error) => note(`controller: collect ${uid}: ${String(error)}`),
    });
  }

  refreshSoon(): void {
    if (this.#settling) return;
    this.#settling = true;
    this.#refreshSettled().catch((error: unknown) => {
      if (this.#host.signal.aborted) return;
      this.#host.note(`controller: see what is served: ${String(error)}`);
    });
  }

  async #refreshSettled(): Promise<void> {
    await this.#host.clock.sleep(SETTLE_MS, this.#host.signal);
    this.#settling = false;
    await this.refresh();
  }

  /** Follows what is served now, and nothing else. */
  async refresh(): Promise<void> {
    const { resources, failed } = await discover(this.#host.client);
    this.#kinds = new Map(
      resources.map((resource) => [kindKey(apiVersionOf(resource), resource.kind), resource]),
    );
    const wanted = new Map(resources.filter(isCollected).map((one) => [resourceKey(one), one]));
    for (const [key, stop] of this.#followed) {
      if (wanted.has(key) || isOf(failed, key)) continue;
      stop.abort();
      this.#followed.delete(key);
    }
    for (const [key, resource] of wanted) {
      if (!this.#followed.has(key)) this.#follow(key, resource);
    }
  }

  #follow(key: string, resource: ServedResource): void {
    const stop = new AbortController();
    this.#followed.set(key, stop);
    const { client, clock } = this.#host;
    const signal = AbortSignal.any([stop.signal, this.#host.signal]);
    const listener = {
      changed: (object: JsonObject) => this.#changed(resource, object),
      deleted: (object: JsonObject) => this.#deleted(resource, object),
    };
    const options = { clock, signal, metadataOnly: true, keep: traceOf };
    void new Informer(client, resource, listener, options).run();
  }

  #changed(resource: ServedResource, object: JsonObject): void {
    const owned = ownedOf(resource, object);
    const before = this.#graph.get(owned.uid);
    this.#graph.put(owned);
    for (const uid of unblockedOwners(before, owned)) this.#queue.add(uid);
    const lacksOwner = owned.owners.some(({ uid }) => {
      const owner = this.#graph.get(uid);
      return (
        owner === undefined || waitsForDependents(owner) || owner.namespace !== owned.namespace
      );
    });
    const isHeld = owned.isGoing && owned.finalizers.includes(ORPHAN);
    if (lacksOwner || isHeld || waitsForDependents(owned)) this.#queue.add(owned.uid);
    if (!waitsForDependents(owned)) return;
    for (const { uid } of this.#graph.dependentsOf(owned.uid)) this.#queue.add(uid);
  }

  #deleted(resource: ServedResource, object: JsonObject): void {
    const owned = ownedOf(resource, object);
    const dependents = this.#graph.dependentsOf(owned.uid);
    this.#graph.remove(owned.uid);
    for (const { uid } of dependents) this.#queue.add(uid);
    for (const { uid } of owned.owners) this.#queue.add(uid);
  }
}

/** Owners that waited for an object, and need not any more. */
function unblockedOwners(before: Owned | undefined, after: Owned): readonly string[] {
  const blocked = before?.owners.filter(({ blocksDeletion }) => blocksDeletion) ?? [];
  const isBlocked = (owner: string): boolean =>
    after.owners.some(({ uid, blocksDeletion }) => uid === owner && blocksDeletion);
  return blocked.map(({ uid }) => uid).filter((uid) => !isBlocked(uid));
}

/** Events are too many, and nobody owns them. */
function isCollected({ resource, verbs }: ServedResource): boolean {
  return resource !== "events" && ["delete", "list", "watch"].every((verb) => verbs.includes(verb));
}

function apiVersionOf({ group, version }: ServedResource): string {
  return group === "" ? version : `${group}/${version}`;
}

/** Without the version: an owner may be named in any of them. */
function kindKey(apiVersion: string, kind: string): string {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  return `${group}/${kind}`;
}

function resourceKey({ group, version, resource }: ServedResource): string {
  return `${group}/${version}/${resource}`;
}

/** The resource belongs to a group that did not answer: it may well be served. */
function isOf(failed: Discovered["failed"], key: string): boolean {
  return [...failed.keys()].some((groupVersion) => key.startsWith(`${groupVersion}/`));
}

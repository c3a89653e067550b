/**
 * The life of custom kinds. In: definitions as they come, change and go. Out: kinds that are
 * served, the status of definitions, and the end of objects whose definition is deleted. Everything
 * happens in the order of events, one definition at a time.
 */
import { findKind } from "@rktnetes/api/kinds";
import type { Lookup } from "../admission/lookup.ts";
import type { Kind } from "@rktnetes/api/kind";
import { readObject, readText } from "@rktnetes/api/object-at";
import type { JsonObject } from "@rktnetes/api/schema";
import { StatusFault } from "@rktnetes/api/status-fault";
import { setCondition } from "@rktnetes/api/condition";
import { assert } from "@shared/base";
import { timestamp } from "../host.ts";
import type { ServedKinds } from "../served-kinds.ts";
import type { Revision } from "../storage/store.ts";
import type { CachedObject } from "../registry/cache/cached-object.ts";
import type { CacheWatcher, ResourceCache } from "../registry/cache/resource-cache.ts";
import { deleteObject } from "../registry/delete.ts";
import { finalizersOf, metaText, setMeta } from "../registry/metadata.ts";
import { resourcePrefix } from "../registry/keys.ts";
import type { Registry } from "../registry/registry.ts";
import type { Resource } from "../registry/resource.ts";
import { ownRequest } from "../registry/own-request.ts";
import { update } from "../registry/update.ts";
import type { ViewedStore } from "../registry/version-views.ts";
import { type Converter, webhookConverter } from "./convert-by-webhook.ts";
import { kindsOf, versionKindsOf } from "./custom-kinds.ts";
import { customView, sourcePrefix } from "./custom-view.ts";
import { isTrue, settleNames } from "./names.ts";

const CLEANUP = "customresourcecleanup.apiextensions.k8s.io";

/** What definitions act on. */
export interface DefinitionParts {
  readonly registry: Registry;
  readonly kinds: ServedKinds;
  readonly store: ViewedStore;
  readonly lookup: Lookup;
}

interface Served {
  /** What of the definition made these kinds. */
  readonly text: string;
  readonly kinds: readonly Kind[];
}

interface Looked {
  readonly revision: Revision;
  readonly group: string;
}

export class Definitions {
  readonly #parts: DefinitionParts;
  readonly #served = new Map<string, Served>();
  /** What was seen of each definition last. */
  readonly #looked = new Map<string, Looked>();
  /** Definitions that wait for their last objects, by where those lie. */
  readonly #ending = new Map<string, () => void>();
  #work: Promise<void> = Promise.resolve();

  constructor(parts: DefinitionParts) {
    this.#parts = parts;
  }

  /** Serves what is established already, and follows what comes. */
  async start(): Promise<void> {
    const { hub } = this.#parts.registry;
    const prefix = resourcePrefix(definitionKind());
    const cache = await hub.cache(prefix);
    await hub.catchUp();
    const watcher: CacheWatcher = {
      scope: prefix,
      notify: () => this.#settleSoon(cache),
      lost: () => void this.start(),
    };
    cache.add(watcher);
    const there = cache.range(prefix);
    for (const each of there) this.#serve(each.object);
    if (there.length > 0) this.#settleSoon(cache);
  }

  /** Resolves when all that was asked for so far is done. */
  async settled(): Promise<void> {
    await this.#work;
  }

  #settleSoon(cache: ResourceCache): void {
    this.#work = this.#work.then(() => this.#settle(cache));
  }

  /** Looks at what is new, and at what may have waited for it. */
  async #settle(cache: ResourceCache): Promise<void> {
    const resource = await this.#parts.registry.resource(definitionKind());
    const all = cache.range(resource.prefix);
    const present = new Map(all.map(({ object }) => [metaText(object, "name"), object]));
    for (const { object, revision } of this.#unsettled(all, present)) {
      const name = metaText(object, "name");
      if (this.#looked.get(name)?.revision !== revision) this.#serve(object);
      const group = groupOf(object);
      const others = [...present.values()].filter(
        (each) => groupOf(each) === group && metaText(each, "name") !== name,
      );
      const settled = await this.#settleOne(resource, object, others).catch(ignoreRefusal);
      if (settled !== undefined) present.set(name, settled);
      this.#looked.set(name, { revision, group });
    }
  }

  /** New ones, those that go, and those whose names somebody else may have given up. */
  #unsettled(
    all: readonly CachedObject[],
    present: ReadonlyMap<string, JsonObject>,
  ): readonly CachedObject[] {
    const groups = new Set<string>();
    for (const [name, { group }] of this.#looked) {
      if (present.has(name)) continue;
      this.#looked.delete(name);
      groups.add(group);
    }
    for (const name of this.#served.keys()) if (!present.has(name)) this.#forget(name);
    const isNew = ({ object, revision }: CachedObject): boolean =>
      this.#looked.get(metaText(object, "name"))?.revision !== revision;
    for (const each of all) if (isNew(each)) groups.add(groupOf(each.object));
    return all.filter((each) => {
      const { object } = each;
      if (isNew(each) || metaText(object, "deletionTimestamp") !== "") return true;
      return groups.has(groupOf(object)) && !isTrue(object, "NamesAccepted");
    });
  }

  /** The definition as it is then; undefined when it goes. */
  async #settleOne(
    resource: Resource,
    object: JsonObject,
    others: readonly JsonObject[],
  ): Promise<JsonObject | undefined> {
    if (metaText(object, "deletionTimestamp") !== "") {
      await this.#end(resource, object);
      return undefined;
    }
    const now = this.#now();
    const change = (current: JsonObject): void => settleNames(current, others, now);
    const before = readObject(object, "status");
    const wanted: JsonObject = { ...object, status: structuredClone(before) };
    change(wanted);
    if (JSON.stringify(wanted["status"]) === JSON.stringify(before)) return object;
    return await this.#write(resource, object, change);
  }

  #now(): string {
    return timestamp(this.#parts.registry.host.clock.now());
  }

  async #write(
    resource: Resource,
    object: JsonObject,
    change: (current: JsonObject) => void,
  ): Promise<JsonObject> {
    const { registry } = this.#parts;
    const uid = metaText(object, "uid");
    const { object: written } = await update(registry, resource, {
      ...ownRequest({ name: metaText(object, "name"), subresource: "status" }),
      mayCreate: false,
      change: (current = {}) => {
        const next = structuredClone(current);
        if (metaText(current, "uid") === uid) change(next);
        return next;
      },
    });
    this.#serve(written.object);
    return written.object;
  }

  /** Serves a definition that is established, as it is now. */
  #serve(definition: JsonObject): void {
    const name = metaText(definition, "name");
    if (!isTrue(definition, "Established")) return;
    const metadata = readObject(definition, "metadata");
    const text = JSON.stringify([
      definition["spec"],
      readObject(definition, "status")["acceptedNames"],
      readText(metadata, "uid"),
      readText(metadata, "deletionTimestamp") !== "",
    ]);
    if (this.#served.get(name)?.text === text) return;
    const { store, kinds: served } = this.#parts;
    this.#forget(name);
    const kinds = kindsOf(definition);
    const versions = versionKindsOf(definition, kinds);
    if (versions === undefined) return;
    const convert = this.#converterOf(definition);
    for (const kind of kinds) {
      store.addView(customView(kind, { ...versions, convert }));
      served.add(kind);
    }
    this.#served.set(name, { text, kinds });
  }

  #converterOf(definition: JsonObject): Converter | undefined {
    const conversion = readObject(readObject(definition, "spec"), "conversion");
    if (readText(conversion, "strategy") !== "Webhook") return undefined;
    const { lookup, registry } = this.#parts;
    return webhookConverter(conversion, { lookup, host: registry.host });
  }

  #forget(name: string): void {
    const { store, kinds, registry } = this.#parts;
    for (const kind of this.#served.get(name)?.kinds ?? []) {
      kinds.remove(kind);
      const prefix = resourcePrefix(kind);
      store.removeView(prefix);
      registry.hub.forget(prefix);
      registry.forget(kind);
    }
    this.#served.delete(name);
  }

  /** Deletes the objects of a definition that is going away, then lets it go. */
  async #end(resource: Resource, definition: JsonObject): Promise<void> {
    if (!finalizersOf(definition).includes(CLEANUP)) return;
    const versions = versionKindsOf(definition);
    if (versions === undefined || versions.stored.resource === "")
      return await this.#release(resource, definition);
    const { registry, store } = this.#parts;
    const { stored: kind } = versions;
    const view = customView(kind, versions);
    store.addView(view);
    try {
      const objects = await registry.resource(kind);
      const left = (await registry.fresh(objects)).range(objects.prefix);
      if (left.length > 0) await this.#sayEnding(resource, definition);
      for (const each of left) await this.#delete(objects, each);
      const held = (await registry.fresh(objects)).range(objects.prefix);
      if (held.length === 0) return await this.#release(resource, definition);
      await this.#endLater(resource, sourcePrefix(kind));
    } finally {
      store.removeView(view.prefix);
      registry.hub.forget(view.prefix);
      registry.forget(kind);
    }
  }

  async #delete(objects: Resource, { object }: CachedObject): Promise<void> {
    if (metaText(object, "deletionTimestamp") !== "") return;
    const request = ownRequest({ name: metaText(object, "name") });
    try {
      await deleteObject(this.#parts.registry, objects, {
        ...request,
        namespace: metaText(object, "namespace"),
        options: NO_OPTIONS,
      });
    } catch (error) {
      if (!(error instanceof StatusFault) || error.failure.code !== 404) throw error;
    }
  }

  async #sayEnding(resource: Resource, definition: JsonObject): Promise<void> {
    const lastTransitionTime = this.#now();
    await this.#write(resource, definition, (current) => {
      setCondition(current, {
        type: "Terminating",
        status: "True",
        lastTransitionTime,
        reason: "InstanceDeletionInProgress",
        message: "CustomResource deletion is in progress",
      });
    });
  }

  async #release(resource: Resource, definition: JsonObject): Promise<void> {
    const uid = metaText(definition, "uid");
    await update(this.#parts.registry, resource, {
      ...ownRequest({ name: metaText(definition, "name") }),
      mayCreate: false,
      change: (current = {}) => {
        const next = structuredClone(current);
        if (metaText(current, "uid") !== uid) return next;
        const rest = finalizersOf(next).filter((each) => each !== CLEANUP);
        setMeta(next, "finalizers", rest.length === 0 ? undefined : rest);
        return next;
      },
    });
  }

  /** Looks again when one of the objects goes. */
  async #endLater(resource: Resource, source: string): Promise<void> {
    if (this.#ending.has(source)) return;
    const { registry } = this.#parts;
    const cache = await registry.hub.cache(source);
    const definitions = await registry.fresh(resource);
    const stop = (): void => {
      cache.remove(watcher);
      this.#ending.delete(source);
    };
    const watcher: CacheWatcher = {
      scope: source,
      notify: (events) => {
        if (events.every((event) => event.current !== undefined)) return;
        stop();
        this.#settleSoon(definitions);
      },
      lost: stop,
    };
    this.#ending.set(source, stop);
    cache.add(watcher);
    if (cache.range(source).length === 0) {
      stop();
      this.#settleSoon(definitions);
    }
  }
}

const NO_OPTIONS = {
  gracePeriodSeconds: undefined,
  propagationPolicy: undefined,
  orphanDependents: undefined,
  uid: undefined,
  resourceVersion: undefined,
  dryRun: false,
};

/** Names are told apart within a group. */
function groupOf(definition: JsonObject): string {
  return readText(readObject(definition, "spec"), "group");
}

/** The definition went, or somebody wrote it: the event of that comes, and with it another look. */
function ignoreRefusal(error: unknown): undefined {
  if (!(error instanceof StatusFault)) throw error;
}

function definitionKind(): Kind {
  const kind = findKind("apiextensions.k8s.io", "v1", "customresourcedefinitions");
  assert(kind !== undefined, "definitions of custom kinds are a kind");
  return kind;
}

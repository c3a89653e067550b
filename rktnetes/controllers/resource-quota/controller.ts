/**
 * What resource quotas limit, and how much of it is used. In: quotas, and the objects that they are
 * about. Out: the status of quotas: admission raises what is used, this lowers it and puts right
 * what was left over. Only resources that some quota names are watched.
 */
import { countedBy, statusOf } from "./count.ts";
import type { CountedResource } from "@rktnetes/api/quota/usage";
import type { JsonObject } from "@rktnetes/api/schema";
import type { ResourceQuota } from "@rktnetes/api/types/core-v1";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { Place } from "@rktnetes/client/client";
import { discover, type ServedResource } from "@rktnetes/client/discovery";
import { Informer, keyOf, metadataOf, textOf } from "@rktnetes/client/informer";
import { type Outcome, WorkQueue } from "@rktnetes/client/work-queue";
import type { Controller, ControllerHost } from "../controller.ts";

export const RESOURCE_QUOTA: Controller = { name: "resourcequota-controller", run };

const QUOTAS: Place = { group: "", version: "v1", resource: "resourcequotas" };

/** All is counted anew after so long, whatever happened. */
const ALL_AGAIN_MS = 300_000;
/** New objects were counted by admission: what is counted anew after them is what went wrong. */
const AFTER_NEW_MS = 2000;
const DISCOVERED_MS = 2000;
/** A quota may name what is served only later. */
const UNSERVED_MS = 10_000;

async function run(host: ControllerHost): Promise<void> {
  await new Quotas(host).run();
}

class Quotas {
  readonly #host: ControllerHost;
  readonly #queue: WorkQueue;
  readonly #quotas: Informer;
  readonly #watched = new Set<string>();
  readonly #soon = new Set<string>();
  #served: readonly ServedResource[] = [];
  #servedAtMs = -DISCOVERED_MS;

  constructor(host: ControllerHost) {
    this.#host = host;
    const { client, clock, signal, note } = host;
    this.#queue = new WorkQueue((key) => this.#settle(key), {
      clock,
      signal,
      workers: 4,
      failed: (key, error) => {
        const isUsual = error instanceof StatusFault && [404, 409].includes(error.failure.code);
        if (!isUsual) note(`controller: count for quota ${key}: ${String(error)}`);
      },
    });
    const listener = { changed: (quota: JsonObject) => this.#see(quota), deleted: () => {} };
    this.#quotas = new Informer(client, QUOTAS, listener, { clock, signal });
  }

  async run(): Promise<void> {
    const { clock, signal } = this.#host;
    const running = this.#quotas.run();
    while (!signal.aborted) {
      await clock.sleep(ALL_AGAIN_MS, signal).catch(() => undefined);
      for (const key of this.#quotas.objects.keys()) this.#queue.add(key);
    }
    await running;
  }

  /** Amounts that admission raised are right: only what is limited matters here. */
  #see(quota: JsonObject): void {
    const { spec, status } = quota as unknown as ResourceQuota;
    const hard = spec?.hard ?? {};
    const isSettled =
      JSON.stringify(sorted(hard)) === JSON.stringify(sorted(status?.hard ?? {})) &&
      Object.keys(status?.used ?? {}).every((name) => hard[name] !== undefined) &&
      this.#areWatched(Object.keys(hard));
    if (!isSettled) this.#queue.add(keyOf(quota));
  }

  #areWatched(names: readonly string[]): boolean {
    return countedBy(names).every((of) => this.#watched.has(nameOf(of)));
  }

  async #settle(key: string): Promise<Outcome> {
    const { client } = this.#host;
    const [namespace = "", name = ""] = key.split("/");
    const place = { ...QUOTAS, namespace, name };
    const quota = await client.get(place);
    if (quota === undefined) return undefined;
    const { spec } = quota as unknown as ResourceQuota;
    const wanted = countedBy(Object.keys(spec?.hard ?? {}));
    const counted = await this.#servedOf(wanted);
    const outcome = counted.length < wanted.length ? { againMs: UNSERVED_MS } : undefined;
    const lists = new Map<CountedResource, readonly JsonObject[]>();
    for (const each of counted) {
      this.#watch(each);
      lists.set(each, (await client.list({ ...each, namespace })).items);
    }
    const before = (quota as unknown as ResourceQuota).status;
    const status = statusOf(spec ?? {}, before?.used ?? {}, lists);
    if (JSON.stringify(sortedStatus(status)) === JSON.stringify(sortedStatus(before))) {
      return outcome;
    }
    await client.replace(
      { ...place, subresource: "status" },
      {
        ...quota,
        status,
      },
    );
    return outcome;
  }

  /** Those of them that are served, with their versions. */
  async #servedOf(wanted: readonly CountedResource[]): Promise<readonly ServedResource[]> {
    const find = (of: CountedResource): ServedResource | undefined =>
      this.#served.find((each) => each.group === of.group && each.resource === of.resource);
    const { client, clock } = this.#host;
    const isOld = clock.now() - this.#servedAtMs > DISCOVERED_MS;
    if (isOld && wanted.some((of) => find(of) === undefined)) {
      this.#servedAtMs = clock.now();
      this.#served = (await discover(client)).resources;
    }
    return wanted.flatMap((of) => {
      const found = find(of);
      return found?.namespaced === true && found.verbs.includes("list") ? [found] : [];
    });
  }

  /** From now on every object of the resource that goes is a reason to count. */
  #watch(resource: ServedResource): void {
    const name = nameOf(resource);
    if (this.#watched.has(name) || !resource.verbs.includes("watch")) return;
    this.#watched.add(name);
    const { client, clock, signal } = this.#host;
    const listener = {
      changed: (object: JsonObject, before: JsonObject | undefined) => {
        const isOld = before !== undefined;
        if (!isOld) this.#countSoon(namespaceOf(object));
        else if (mayTakeLess(resource, object, before)) this.#count(namespaceOf(object));
      },
      deleted: (object: JsonObject) => this.#count(namespaceOf(object)),
    };
    const isWhole = resource.group === "" && WHOLE.has(resource.resource);
    const options = { clock, signal, metadataOnly: !isWhole };
    void new Informer(client, resource, listener, options).run();
  }

  #count(namespace: string): void {
    const lead = `${namespace}/`;
    for (const key of this.#quotas.objects.keys()) if (key.startsWith(lead)) this.#queue.add(key);
  }

  #countSoon(namespace: string): void {
    if (this.#soon.has(namespace)) return;
    this.#soon.add(namespace);
    void this.#countAfter(namespace);
  }

  async #countAfter(namespace: string): Promise<void> {
    const { clock, signal } = this.#host;
    await clock.sleep(AFTER_NEW_MS, signal).catch(() => undefined);
    this.#soon.delete(namespace);
    if (!signal.aborted) this.#count(namespace);
  }
}

/** Of these the size counts, not only the number. */
const WHOLE: ReadonlySet<string> = new Set(["pods", "services", "persistentvolumeclaims"]);

function mayTakeLess(
  { group, resource }: CountedResource,
  is: JsonObject,
  was: JsonObject,
): boolean {
  if (group !== "" || !WHOLE.has(resource)) return false;
  return JSON.stringify([is["spec"], phaseOf(is)]) !== JSON.stringify([was["spec"], phaseOf(was)]);
}

function phaseOf(object: JsonObject): unknown {
  return (object["status"] as JsonObject | undefined)?.["phase"];
}

function namespaceOf(object: JsonObject): string {
  return textOf(metadataOf(object), "namespace");
}

function nameOf({ group, resource }: CountedResource): string {
  return `${group}/${resource}`;
}

function sorted(amounts: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(amounts).sort(([left], [right]) => (left < right ? -1 : 1));
}

function sortedStatus(status: ResourceQuota["status"]): unknown {
  return [sorted(status?.hard ?? {}), sorted(status?.used ?? {})];
}

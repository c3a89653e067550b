/**
 * Deleting a namespace: first its pods, then all that is in it, custom resources included; then the
 * namespace itself. In: namespaces that are to go. Out: nothing of them, or conditions that say
 * what holds them. A group that does not answer holds the namespace: what cannot be seen is not
 * gone.
 */
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { isObject, own } from "@rktnetes/api/patch/values";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { Place } from "@rktnetes/client/client";
import { discover, type ServedResource } from "@rktnetes/client/discovery";
import { Informer, metadataOf, textOf } from "@rktnetes/client/informer";
import { type Outcome, WorkQueue } from "@rktnetes/client/work-queue";
import type { Controller, ControllerHost } from "../controller.ts";
import { conditionsOf, type Remains } from "./conditions.ts";

export const NAMESPACE: Controller = { name: "namespace-controller", run };

const NAMESPACES: Place = { group: "", version: "v1", resource: "namespaces" };
const FINALIZER = "kubernetes";
/** What is left is looked at again after so long. */
const AGAIN_MS = 500;

async function run(host: ControllerHost): Promise<void> {
  const { client, clock, signal, note } = host;
  const queue = new WorkQueue((name) => empty(host, name), {
    clock,
    signal,
    workers: 4,
    failed: (name, error) => note(`controller: empty namespace ${name}: ${String(error)}`),
  });
  const namespaces = new Informer(
    client,
    NAMESPACES,
    {
      changed: (namespace) => {
        if (isGoing(namespace)) queue.add(textOf(metadataOf(namespace), "name"));
      },
      deleted: () => {},
    },
    { clock, signal },
  );
  await namespaces.run();
}

function isGoing(namespace: JsonObject): boolean {
  return own(metadataOf(namespace), "deletionTimestamp") !== undefined;
}

function finalizersOf(namespace: JsonObject): readonly Json[] {
  const spec = own(namespace, "spec");
  const finalizers = isObject(spec) ? own(spec, "finalizers") : undefined;
  return Array.isArray(finalizers) ? finalizers : [];
}

async function empty(host: ControllerHost, name: string): Promise<Outcome> {
  const place = { ...NAMESPACES, name };
  const namespace = await host.client.get(place);
  if (namespace === undefined || !isGoing(namespace)) return undefined;
  if (!finalizersOf(namespace).includes(FINALIZER)) return undefined;
  const remains = await removeContent(host, name);
  await say(host, namespace, remains.isWaitingForPods ? withoutCounts(remains) : remains);
  if (remains.counts.size > 0 || remains.failures.length > 0 || remains.unseen.size > 0) {
    return { againMs: AGAIN_MS };
  }
  await finish(host, name);
  return undefined;
}

async function removeContent(host: ControllerHost, namespace: string): Promise<Remains> {
  const { resources, failed } = await discover(host.client);
  const content = resources.filter(
    ({ namespaced, verbs }) => namespaced && verbs.includes("delete") && verbs.includes("list"),
  );
  const remains: Remains = {
    unseen: failed,
    failures: [],
    counts: new Map(),
    finalizers: new Map(),
  };
  const pods = content.filter(({ group, resource }) => group === "" && resource === "pods");
  const others = content.filter((resource) => !pods.includes(resource));
  await Promise.all(pods.map((resource) => removeAll(host, namespace, resource, remains)));
  // what pods use goes after them
  if (remains.counts.size > 0) return { ...remains, isWaitingForPods: true };
  await Promise.all(others.map((resource) => removeAll(host, namespace, resource, remains)));
  return remains;
}

/** Clients of Kubernetes are told of what remains once it is more than pods. */
function withoutCounts(remains: Remains): Remains {
  return { ...remains, counts: new Map(), finalizers: new Map() };
}

async function removeAll(
  { client }: ControllerHost,
  namespace: string,
  resource: ServedResource,
  remains: Remains,
): Promise<void> {
  const place = { ...resource, namespace };
  const named =
    resource.group === "" ? resource.resource : `${resource.resource}.${resource.group}`;
  try {
    const before = await client.list(place, { metadataOnly: true });
    if (before.items.length === 0) return;
    await removeItems(client, resource, place, before.items);
    const { items } = await client.list(place, { metadataOnly: true });
    if (items.length === 0) return;
    remains.counts.set(named, items.length);
    for (const item of items) countFinalizers(item, remains);
  } catch (error) {
    remains.failures.push(error instanceof Error ? error.message : String(error));
  }
}

async function removeItems(
  client: ControllerHost["client"],
  resource: ServedResource,
  place: Place,
  items: readonly JsonObject[],
): Promise<void> {
  const options = { propagationPolicy: "Background" };
  if (resource.verbs.includes("deletecollection")) {
    await client.delete(place, options);
    return;
  }
  for (const item of items) {
    await orGone(client.delete({ ...place, name: textOf(metadataOf(item), "name") }, options));
  }
}

function countFinalizers(item: JsonObject, { finalizers }: Remains): void {
  const list = own(metadataOf(item), "finalizers");
  for (const name of Array.isArray(list) ? list : []) {
    if (typeof name === "string") finalizers.set(name, (finalizers.get(name) ?? 0) + 1);
  }
}

async function orGone(deletion: Promise<unknown>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!(error instanceof StatusFault) || error.failure.code !== 404) throw error;
  }
}

/** Writes the conditions where they are not what the namespace says already. */
async function say(host: ControllerHost, namespace: JsonObject, remains: Remains): Promise<void> {
  const status = own(namespace, "status");
  const before = isObject(status) ? status : {};
  const now = `${new Date(host.clock.now()).toISOString().slice(0, 19)}Z`;
  const conditions = conditionsOf(remains, own(before, "conditions"), now);
  if (conditions === undefined) return;
  const place = {
    ...NAMESPACES,
    name: textOf(metadataOf(namespace), "name"),
    subresource: "status",
  };
  await orGone(host.client.replace(place, { ...namespace, status: { ...before, conditions } }));
}

async function finish({ client }: ControllerHost, name: string): Promise<void> {
  const namespace = await client.get({ ...NAMESPACES, name });
  if (namespace === undefined) return;
  const finalizers = finalizersOf(namespace).filter((finalizer) => finalizer !== FINALIZER);
  const place = { ...NAMESPACES, name, subresource: "finalize" };
  await orGone(client.replace(place, { ...namespace, spec: { finalizers } }));
}

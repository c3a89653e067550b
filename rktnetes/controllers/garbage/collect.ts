/**
 * What is to be done about one object: nothing, delete it, or take an owner or a finalizer away.
 * In: the graph, and the server where the graph may be wrong: nothing is deleted by what was seen,
 * only by what is.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { own } from "@rktnetes/api/patch/values";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { Client, Place } from "@rktnetes/client/client";
import type { ServedResource } from "@rktnetes/client/discovery";
import { metadataOf, textOf } from "@rktnetes/client/informer";
import type { Outcome } from "@rktnetes/client/work-queue";
import {
  FOREGROUND,
  type Graph,
  ORPHAN,
  type Owned,
  ownedOf,
  type OwnerReference,
  waitsForDependents,
} from "./graph.ts";

export interface Collector {
  readonly client: Client;
  readonly graph: Graph;
  /** Undefined when nothing of that kind is served, as far as is known. */
  readonly resourceOf: (apiVersion: string, kind: string) => ServedResource | undefined;
  /** Has the object looked at again. */
  readonly enqueue: (uid: string) => void;
}

/** An owner of a kind that nobody serves may be served later: look again after so long. */
const UNKNOWN_KIND_MS = 30_000;

export async function collect(collector: Collector, uid: string): Promise<Outcome> {
  const known = collector.graph.get(uid);
  if (known === undefined) return undefined;
  const object = await collector.client.get(placeOf(known), { metadataOnly: true });
  if (object === undefined || textOf(metadataOf(object), "uid") !== uid) return undefined;
  const live = ownedOf(known.resource, object);
  if (live.isGoing) {
    if (live.finalizers.includes(ORPHAN)) await orphanDependents(collector, live, object);
    else if (waitsForDependents(live)) await deleteDependents(collector, live, object);
    return undefined;
  }
  return await judge(collector, live, object);
}

function placeOf({ resource, namespace, name }: Owned): Place {
  return { ...resource, namespace, name };
}

type OwnerState = "solid" | "gone" | "waiting" | "unknown";

async function judge(collector: Collector, live: Owned, object: JsonObject): Promise<Outcome> {
  if (live.owners.length === 0) return undefined;
  const states = await Promise.all(live.owners.map((owner) => stateOf(collector, live, owner)));
  const of = (state: OwnerState): readonly OwnerReference[] =>
    live.owners.filter((_, at) => states[at] === state);
  if (of("unknown").length > 0) return { againMs: UNKNOWN_KIND_MS };
  if (of("solid").length > 0) {
    const dropped = [
      ...of("gone"),
      ...of("waiting").filter(({ blocksDeletion }) => blocksDeletion),
    ];
    if (dropped.length > 0) await dropOwners(collector, live, object, dropped);
    return undefined;
  }
  const dependents = collector.graph.dependentsOf(live.uid);
  const isWaitedFor = of("waiting").length > 0 && dependents.length > 0;
  // owners that wait for this one, which would wait for one that waits already: perhaps a circle
  if (isWaitedFor && dependents.some(waitsForDependents)) await unblock(collector, live, object);
  await remove(collector, live, isWaitedFor ? "Foreground" : policyOf(live));
  return undefined;
}

/** The owners of the object need not wait for it any more. */
async function unblock({ client }: Collector, live: Owned, object: JsonObject): Promise<void> {
  const references = own(metadataOf(object), "ownerReferences");
  if (!Array.isArray(references) || !live.owners.some((owner) => owner.blocksDeletion)) return;
  const ownerReferences = references.map((reference) => {
    return { ...(reference as JsonObject), blockOwnerDeletion: false };
  });
  const resourceVersion = textOf(metadataOf(object), "resourceVersion");
  const metadata = { uid: live.uid, resourceVersion, ownerReferences };
  await orChanged(client.merge(placeOf(live), { metadata }));
}

function policyOf({ finalizers }: Owned): string {
  if (finalizers.includes(ORPHAN)) return "Orphan";
  return finalizers.includes(FOREGROUND) ? "Foreground" : "Background";
}

async function stateOf(
  { client, graph, resourceOf }: Collector,
  { namespace }: Owned,
  { apiVersion, kind, name, uid }: OwnerReference,
): Promise<OwnerState> {
  const seen = graph.get(uid);
  if (seen !== undefined && (seen.namespace === "" || seen.namespace === namespace)) {
    return waitsForDependents(seen) ? "waiting" : "solid";
  }
  const resource = resourceOf(apiVersion, kind);
  if (resource === undefined) return "unknown";
  if (resource.namespaced && namespace === "") return "gone"; // nobody owns across that border
  const place = { ...resource, namespace: resource.namespaced ? namespace : "", name };
  const owner = await client.get(place, { metadataOnly: true });
  if (owner === undefined || textOf(metadataOf(owner), "uid") !== uid) return "gone";
  return waitsForDependents(ownedOf(resource, owner)) ? "waiting" : "solid";
}

async function remove({ client }: Collector, live: Owned, policy: string): Promise<void> {
  const options = { propagationPolicy: policy, preconditions: { uid: live.uid } };
  await orChanged(client.delete(placeOf(live), options));
}

/** The object may have gone, or be another one by now: then there is nothing to do. */
async function orChanged(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    const isFine = error instanceof StatusFault && error.failure.code === 404;
    if (!isFine) throw error;
  }
}

async function deleteDependents(
  collector: Collector,
  live: Owned,
  object: JsonObject,
): Promise<void> {
  const blocking = collector.graph
    .dependentsOf(live.uid)
    .filter(({ owners }) =>
      owners.some(({ uid, blocksDeletion }) => uid === live.uid && blocksDeletion),
    );
  if (blocking.length === 0) await dropFinalizer(collector, live, object, FOREGROUND);
  for (const dependent of blocking) {
    if (!waitsForDependents(dependent)) collector.enqueue(dependent.uid);
  }
}

async function orphanDependents(
  collector: Collector,
  live: Owned,
  object: JsonObject,
): Promise<void> {
  await Promise.all(
    collector.graph.dependentsOf(live.uid).map(async (dependent) => {
      const current = await collector.client.get(placeOf(dependent), { metadataOnly: true });
      if (current === undefined || textOf(metadataOf(current), "uid") !== dependent.uid) return;
      const owned = ownedOf(dependent.resource, current);
      const dropped = owned.owners.filter(({ uid }) => uid === live.uid);
      if (dropped.length > 0) await dropOwners(collector, owned, current, dropped);
    }),
  );
  await dropFinalizer(collector, live, object, ORPHAN);
}

/** Only if the object is still as it was read. */
async function dropOwners(
  { client }: Collector,
  owned: Owned,
  object: JsonObject,
  dropped: readonly OwnerReference[],
): Promise<void> {
  const references = own(metadataOf(object), "ownerReferences");
  const gone = new Set(dropped.map(({ uid }) => uid));
  const kept = Array.isArray(references)
    ? references.filter((one) => !gone.has(textOf(one as JsonObject, "uid")))
    : [];
  const resourceVersion = textOf(metadataOf(object), "resourceVersion");
  const ownerReferences = kept.length === 0 ? null : kept;
  const metadata = { uid: owned.uid, resourceVersion, ownerReferences };
  await orChanged(client.merge(placeOf(owned), { metadata }));
}

async function dropFinalizer(
  { client }: Collector,
  live: Owned,
  object: JsonObject,
  finalizer: string,
): Promise<void> {
  const finalizers = live.finalizers.filter((each) => each !== finalizer);
  const resourceVersion = textOf(metadataOf(object), "resourceVersion");
  const metadata = { resourceVersion, finalizers: finalizers.length === 0 ? null : finalizers };
  await orChanged(client.merge(placeOf(live), { metadata }));
}

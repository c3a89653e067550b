/**
 * Claims, volumes and classes of volume attributes go when nobody uses them any more. In: those
 * that are to go. Out: the same without the finalizer that held them.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "@rktnetes/api/types/core-v1";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { Client, Place } from "@rktnetes/client/client";
import { Informer, keyOf, metadataOf, textOf } from "@rktnetes/client/informer";
import { type Outcome, WorkQueue } from "@rktnetes/client/work-queue";
import type { Controller, ControllerHost } from "../controller.ts";

interface Protected {
  readonly place: Place;
  readonly finalizer: string;
  readonly isUsed: (client: Client, object: JsonObject) => Promise<boolean>;
}

const CLAIMS: Place = { group: "", version: "v1", resource: "persistentvolumeclaims" };
const VOLUMES: Place = { group: "", version: "v1", resource: "persistentvolumes" };
const PODS: Place = { group: "", version: "v1", resource: "pods" };
const CLASSES: Place = {
  group: "storage.k8s.io",
  version: "v1",
  resource: "volumeattributesclasses",
};

/** Whoever uses an object is asked again after so long. */
const AGAIN_MS = 1000;

export const CLAIM_PROTECTION: Controller = {
  name: "persistentvolumeclaim-protection-controller",
  run: async (host) => {
    await protect(host, {
      place: CLAIMS,
      finalizer: "kubernetes.io/pvc-protection",
      isUsed: isClaimUsed,
    });
  },
};

export const VOLUME_PROTECTION: Controller = {
  name: "persistentvolume-protection-controller",
  run: async (host) => {
    await protect(host, {
      place: VOLUMES,
      finalizer: "kubernetes.io/pv-protection",
      isUsed: (_client, volume) =>
        Promise.resolve((volume as unknown as PersistentVolume).status?.phase === "Bound"),
    });
  },
};

export const CLASS_PROTECTION: Controller = {
  name: "volumeattributesclass-protection-controller",
  run: async (host) => {
    await protect(host, {
      place: CLASSES,
      finalizer: "kubernetes.io/vac-protection",
      isUsed: isClassUsed,
    });
  },
};

async function protect(host: ControllerHost, what: Protected): Promise<void> {
  const { client, clock, signal, note } = host;
  const { place, finalizer } = what;
  const queue = new WorkQueue((key) => release(client, what, informer.objects.get(key)), {
    clock,
    signal,
    workers: 2,
    failed: (key, error) => {
      const isUsual = error instanceof StatusFault && [404, 409].includes(error.failure.code);
      if (!isUsual) note(`controller: release ${place.resource} ${key}: ${String(error)}`);
    },
  });
  const changed = (object: JsonObject): void => {
    if (isGoing(object) && finalizersOf(object).includes(finalizer)) queue.add(keyOf(object));
  };
  const listener = { changed, deleted: () => {} };
  const informer = new Informer(client, place, listener, { clock, signal });
  await informer.run();
}

async function release(
  client: Client,
  { place, finalizer, isUsed }: Protected,
  object: JsonObject | undefined,
): Promise<Outcome> {
  if (object === undefined || !isGoing(object)) return undefined;
  const all = finalizersOf(object);
  if (!all.includes(finalizer)) return undefined;
  if (await isUsed(client, object)) return { againMs: AGAIN_MS };
  const metadata = metadataOf(object);
  const [namespace, name] = [textOf(metadata, "namespace"), textOf(metadata, "name")];
  const finalizers = all.filter((each) => each !== finalizer);
  const next = { ...object, metadata: { ...metadata, finalizers } };
  await client.replace({ ...place, namespace, name }, next);
  return undefined;
}

function isGoing(object: JsonObject): boolean {
  return textOf(metadataOf(object), "deletionTimestamp") !== "";
}

function finalizersOf(object: JsonObject): readonly string[] {
  const { finalizers } = metadataOf(object);
  return Array.isArray(finalizers) ? finalizers.map(String) : [];
}

/** Pods that no node has yet will not start with a claim that is to go. */
async function isClaimUsed(client: Client, object: JsonObject): Promise<boolean> {
  const { metadata } = object as unknown as PersistentVolumeClaim;
  const { name = "", namespace = "", ownerReferences } = metadata;
  const owner = (ownerReferences ?? []).find(({ controller }) => controller === true);
  const { items } = await client.list({ ...PODS, namespace });
  return items.some((item) => {
    const pod = item as unknown as Pod;
    if ((pod.spec?.nodeName ?? "") === "") return false;
    const hasEnded = ["Failed", "Succeeded"].includes(pod.status?.phase ?? "");
    return (pod.spec?.volumes ?? []).some((volume) => {
      if (volume.persistentVolumeClaim?.claimName === name) return true;
      if (hasEnded || volume.ephemeral === undefined) return false;
      return `${pod.metadata.name}-${volume.name}` === name && owner?.uid === pod.metadata.uid;
    });
  });
}

async function isClassUsed(client: Client, object: JsonObject): Promise<boolean> {
  const name = textOf(metadataOf(object), "name");
  const claims = (await client.list(CLAIMS)).items as unknown as readonly PersistentVolumeClaim[];
  const isNamed = ({ spec, status }: PersistentVolumeClaim): boolean =>
    spec?.volumeAttributesClassName === name ||
    status?.currentVolumeAttributesClassName === name ||
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName === name;
  if (claims.some(isNamed)) return true;
  const volumes = (await client.list(VOLUMES)).items as unknown as readonly PersistentVolume[];
  return volumes.some(({ spec }) => spec?.volumeAttributesClassName === name);
}

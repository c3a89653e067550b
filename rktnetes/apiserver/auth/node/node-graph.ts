/**
 * Whether something is of use to a pod on a node: what the pod mounts, reads, runs as or is. In:
 * objects. Out: yes or no. Pods of one namespace are looked through; nothing is kept between
 * questions, so that an answer is never older than the caches.
 */
import type {
  Container,
  PersistentVolume,
  Pod,
  PodSpec,
  Volume,
} from "@rktnetes/api/types/core-v1";
import type { VolumeAttachment } from "@rktnetes/api/types/storage-v1";
import type { Lookup } from "../../admission/lookup.ts";
import type { Attributes } from "../user.ts";

type Named = Pick<Attributes, "group" | "resource" | "namespace" | "name">;

export async function isReachable(lookup: Lookup, node: string, what: Named): Promise<boolean> {
  const { resource, namespace, name } = what;
  if (resource === "persistentvolumes") return await hasVolume(lookup, node, name);
  if (resource === "volumeattachments") {
    const path = "storage.k8s.io/volumeattachments";
    const found = await lookup.find<VolumeAttachment>(path, "", name);
    return found?.spec.nodeName === node;
  }
  const pods = await podsOn(lookup, node, namespace);
  if (pods.some((pod) => refersTo(pod, resource, name))) return true;
  if (resource !== "secrets") return false;
  return await volumeNeeds(lookup, node, { namespace, name });
}

async function podsOn(lookup: Lookup, node: string, namespace: string): Promise<readonly Pod[]> {
  const pods = await lookup.list<Pod>("/pods", namespace);
  return pods.filter(({ spec }) => spec?.nodeName === node);
}

/** A mirror pod reads nothing: whoever runs the node made it up. */
function refersTo(pod: Pod, resource: string, name: string): boolean {
  const { spec, metadata, status } = pod;
  if (resource === "pods") return metadata.name === name;
  if (spec === undefined) return false;
  if (metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined) return false;
  switch (resource) {
    case "serviceaccounts":
      return (spec.serviceAccountName ?? "") === name;
    case "secrets":
      return secretsOf(spec).includes(name);
    case "configmaps":
      return configMapsOf(spec).includes(name);
    case "persistentvolumeclaims":
      return claimsOf(pod).includes(name);
    case "resourceclaims":
      return [
        ...(spec.resourceClaims ?? []).map(({ resourceClaimName }) => resourceClaimName),
        ...(status?.resourceClaimStatuses ?? []).map(({ resourceClaimName }) => resourceClaimName),
      ].includes(name);
    default:
      return false;
  }
}

type Names = readonly (string | undefined)[];

function containersOf(spec: PodSpec): readonly Pick<Container, "env" | "envFrom">[] {
  const { initContainers, containers, ephemeralContainers } = spec;
  return [...(initContainers ?? []), ...(containers ?? []), ...(ephemeralContainers ?? [])];
}

function secretsOf(spec: PodSpec): Names {
  const inContainers = containersOf(spec).flatMap(({ env, envFrom }) => [
    ...(env ?? []).map(({ valueFrom }) => valueFrom?.secretKeyRef?.name),
    ...(envFrom ?? []).map(({ secretRef }) => secretRef?.name),
  ]);
  const pulls = (spec.imagePullSecrets ?? []).map(({ name }) => name);
  return [...inContainers, ...pulls, ...(spec.volumes ?? []).flatMap(secretsOfVolume)];
}

function secretsOfVolume(volume: Volume): Names {
  return [
    volume.secret?.secretName,
    ...(volume.projected?.sources ?? []).map((source) => source.secret?.name),
    volume.csi?.nodePublishSecretRef?.name,
    volume.cephfs?.secretRef?.name,
    volume.flexVolume?.secretRef?.name,
    volume.iscsi?.secretRef?.name,
    volume.rbd?.secretRef?.name,
    volume.scaleIO?.secretRef?.name,
    volume.storageos?.secretRef?.name,
    volume.azureFile?.secretName,
  ];
}

function configMapsOf(spec: PodSpec): Names {
  const inContainers = containersOf(spec).flatMap(({ env, envFrom }) => [
    ...(env ?? []).map(({ valueFrom }) => valueFrom?.configMapKeyRef?.name),
    ...(envFrom ?? []).map(({ configMapRef }) => configMapRef?.name),
  ]);
  const inVolumes = (spec.volumes ?? []).flatMap((volume) => [
    volume.configMap?.name,
    ...(volume.projected?.sources ?? []).map(({ configMap }) => configMap?.name),
  ]);
  return [...inContainers, ...inVolumes];
}

/** Claims of generic ephemeral volumes are named after the pod. */
function claimsOf({ spec, metadata }: Pod): Names {
  return (spec?.volumes ?? []).map((volume) =>
    volume.ephemeral === undefined
      ? volume.persistentVolumeClaim?.claimName
      : `${metadata.name ?? ""}-${volume.name}`,
  );
}

/** A pod on the node uses the claim that the volume is bound to. */
async function hasVolume(lookup: Lookup, node: string, name: string): Promise<boolean> {
  const volume = await lookup.find<PersistentVolume>("/persistentvolumes", "", name);
  const { namespace = "", name: claim = "" } = volume?.spec?.claimRef ?? {};
  if (claim === "") return false;
  const pods = await podsOn(lookup, node, namespace);
  return pods.some((pod) => claimsOf(pod).includes(claim));
}

/** Volumes may need a secret to be mounted, in whichever namespace. */
async function volumeNeeds(
  lookup: Lookup,
  node: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<boolean> {
  for (const { metadata, spec } of await lookup.list<PersistentVolume>("/persistentvolumes")) {
    const home = spec?.claimRef?.namespace ?? "";
    const { nodePublishSecretRef, nodeStageSecretRef, nodeExpandSecretRef } = spec?.csi ?? {};
    const { azureFile } = spec ?? {};
    const references = [
      nodePublishSecretRef,
      nodeStageSecretRef,
      nodeExpandSecretRef,
      spec?.cephfs?.secretRef,
      spec?.flexVolume?.secretRef,
      spec?.iscsi?.secretRef,
      spec?.rbd?.secretRef,
      spec?.scaleIO?.secretRef,
      azureFile && { name: azureFile.secretName, namespace: azureFile.secretNamespace ?? home },
    ];
    const needs = references.some(
      (reference) => reference?.name === name && (reference.namespace ?? home) === namespace,
    );
    if (needs && (await hasVolume(lookup, node, metadata.name ?? ""))) return true;
  }
  return false;
}

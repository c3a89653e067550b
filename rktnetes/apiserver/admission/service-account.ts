/**
 * Every pod runs as a service account: the default one where it names none. Its containers find a
 * token, the cluster's certificate and their namespace at the usual place.
 */
import type { Container, Pod, PodSpec, ServiceAccount, Volume } from "@rktnetes/api/types/core-v1";
import type { ServerHost } from "../host.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { checkMountableSecrets, onlyMountableSecrets } from "./mountable-secrets.ts";
import { isCreate, refused, targetOf, typed } from "./subject.ts";

const VOLUME_PREFIX = "kube-api-access-";
const MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
/** So long that a token outlives the hour that a kubelet needs to renew it. */
const TOKEN_SECONDS = 3607;
const MIRROR = "kubernetes.io/config.mirror";

/** The default account of a new namespace is made soon after it: so often is it looked for. */
const TRIES = 20;
const TRY_EVERY_MS = 50;

export function serviceAccount(lookup: Lookup, host: ServerHost): AdmissionPlugin {
  return {
    name: "ServiceAccount",
    mutate: async (request) => {
      if (!isCreate(request, "/pods")) return;
      const pod = typed<Pod>(request.object);
      if (pod.spec === undefined || isMirror(pod)) return;
      await settle({ lookup, host, request }, pod.spec);
    },
    validate: async (request) => {
      const isEphemeral = targetOf(request) === "/pods/ephemeralcontainers";
      if (!isCreate(request, "/pods") && !isEphemeral) return;
      const pod = typed<Pod>(request.object);
      if (pod.spec === undefined) return;
      if (isMirror(pod)) return checkMirror(request, pod.spec);
      const account = await accountOf({ lookup, host, request }, pod.spec);
      if (onlyMountableSecrets(account)) checkMountableSecrets(request, pod.spec, account);
    },
  };
}

interface Work {
  readonly lookup: Lookup;
  readonly host: ServerHost;
  readonly request: AdmissionRequest;
}

function isMirror({ metadata }: Pod): boolean {
  return metadata?.annotations?.[MIRROR] !== undefined;
}

async function settle(work: Work, spec: PodSpec): Promise<void> {
  if ((spec.serviceAccountName ?? "") === "") spec.serviceAccountName = "default";
  const name = spec.serviceAccountName;
  if (name !== undefined) spec.serviceAccount = name;
  const account = await accountOf(work, spec);
  const mounts = spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
  if (mounts) mountToken(spec, work.host);
  if ((spec.imagePullSecrets ?? []).length > 0) return;
  const secrets = account.imagePullSecrets ?? [];
  if (secrets.length > 0) spec.imagePullSecrets = secrets.map((each) => ({ ...each }));
}

async function accountOf(
  { lookup, host, request }: Work,
  { serviceAccountName: name = "" }: PodSpec,
): Promise<ServiceAccount> {
  const { namespace } = request;
  const tries = name === "default" ? TRIES : 1;
  for (let attempt = 1; attempt <= tries; attempt++) {
    const found = await lookup.find<ServiceAccount>("/serviceaccounts", namespace, name);
    if (found !== undefined) return found;
    if (attempt < tries) await host.clock.sleep(TRY_EVERY_MS);
  }
  const why = `serviceaccount ${JSON.stringify(name)} not found`;
  throw refused(request, `error looking up service account ${namespace}/${name}: ${why}`);
}

function mountToken(spec: PodSpec, host: ServerHost): void {
  const volumes = spec.volumes ?? [];
  const present = volumes.find((volume) => volume.name.startsWith(VOLUME_PREFIX));
  const name = present?.name ?? freeName(volumes, host);
  let isNeeded = false;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    isNeeded = mountInto(container, name) || isNeeded;
  }
  if (isNeeded && present === undefined) spec.volumes = [...volumes, tokenVolume(name)];
}

function freeName(volumes: readonly Volume[], host: ServerHost): string {
  for (;;) {
    const name = `${VOLUME_PREFIX}${host.letters(5)}`;
    if (!volumes.some((volume) => volume.name === name)) return name;
  }
}

/** False for a container that has something else there. */
function mountInto(container: Container, name: string): boolean {
  const mounts = container.volumeMounts ?? [];
  if (mounts.some(({ mountPath }) => mountPath === MOUNT_PATH)) return false;
  container.volumeMounts = [...mounts, { name, readOnly: true, mountPath: MOUNT_PATH }];
  return true;
}

function tokenVolume(name: string): Volume {
  const certificate = { key: "ca.crt", path: "ca.crt" };
  const namespace = {
    path: "namespace",
    fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" },
  };
  const sources = [
    { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: "token" } },
    { configMap: { name: "kube-root-ca.crt", items: [certificate] } },
    { downwardAPI: { items: [namespace] } },
  ];
  return { name, projected: { sources, defaultMode: 0o644 } };
}

/** What a node runs without being told by the API has no secrets from the API. */
function checkMirror(request: AdmissionRequest, spec: PodSpec): void {
  if ((spec.serviceAccountName ?? "") !== "") {
    throw refused(request, "a mirror pod may not reference service accounts");
  }
  const sources = (spec.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
  const isSecret = (spec.volumes ?? []).some(({ secret }) => secret !== undefined);
  const inProjection = sources.some(({ secret }) => secret !== undefined);
  if (isSecret || inProjection || readsSecrets(spec)) {
    throw refused(request, "a mirror pod may not reference secrets");
  }
  if (sources.some(({ serviceAccountToken }) => serviceAccountToken !== undefined)) {
    throw refused(request, "a mirror pod may not use ServiceAccountToken volume projections");
  }
}

function readsSecrets({ initContainers, containers, imagePullSecrets }: PodSpec): boolean {
  if ((imagePullSecrets ?? []).length > 0) return true;
  return [...(initContainers ?? []), ...(containers ?? [])].some(
    ({ env, envFrom }) =>
      (env ?? []).some(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined) ||
      (envFrom ?? []).some(({ secretRef }) => secretRef !== undefined),
  );
}

/**
 * What a pod's author should know, though nothing of it is forbidden. In: a decoded spec, its path.
 * Out: lines for `Warning` headers, in Kubernetes' order. Pure.
 */
import type { JsonObject } from "../../schema/schema.ts";
import { readList, readNumber, readObject, readText } from "../../strategy/object-at.ts";
import { parseQuantity, scaledValue } from "../../values/quantity.ts";
import { goQuote } from "../field-error.ts";

const CONTAINERS = ["initContainers", "containers", "ephemeralContainers"] as const;

/** Volumes that older releases knew what to do with. */
const OLD_VOLUMES: Readonly<Record<string, string>> = {
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  gitRepo: "deprecated in v1.11, and disabled by default in v1.33+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
};

const VOLUME_NAMES: Readonly<Record<string, string>> = { storageos: "storageOS" };

/** Labels of nodes that have got other names. */
const OLD_LABELS: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  "beta.kubernetes.io/instance-type":
    'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
  "failure-domain.beta.kubernetes.io/region":
    'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  "failure-domain.beta.kubernetes.io/zone":
    'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
};

const APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/";
const APP_ARMOR_WHY = 'deprecated since v1.30; use the "appArmorProfile" field instead';

/** Of a new pod. */
export function podWarnings(pod: JsonObject): readonly string[] {
  return podSpecWarnings(readObject(pod, "spec"), "spec");
}

/** Of annotations that have become fields, whether the pod is taken or not. */
export function annotationWarnings(pod: JsonObject): readonly string[] {
  const annotations = readObject(readObject(pod, "metadata"), "annotations");
  const profiles = Object.keys(annotations).filter((key) => key.startsWith(APP_ARMOR));
  return profiles.map((key) => `metadata.annotations[${key}]: ${APP_ARMOR_WHY}`);
}

/** Of a workload whose template is new or changed. */
export function templateWarnings(object: JsonObject): readonly string[] {
  const spec = readObject(readObject(readObject(object, "spec"), "template"), "spec");
  return podSpecWarnings(spec, "spec.template.spec");
}

function podSpecWarnings(spec: JsonObject, field: string): readonly string[] {
  return [
    ...labelWarnings(spec, field),
    ...spreadWarnings(spec, field),
    ...aliasWarnings(spec, field),
    ...volumeWarnings(spec, field),
    ...secretWarnings(spec, field),
    ...CONTAINERS.flatMap((sort) => containersWarnings(spec, field, sort)),
    ...portWarnings(spec, field),
  ];
}

function oldLabel(label: string): string | undefined {
  return Object.hasOwn(OLD_LABELS, label) ? OLD_LABELS[label] : undefined;
}

function labelWarnings(spec: JsonObject, field: string): readonly string[] {
  return Object.keys(readObject(spec, "nodeSelector")).flatMap((label) => {
    const why = oldLabel(label);
    return why === undefined ? [] : [`${field}.nodeSelector[${label}]: ${why}`];
  });
}

function spreadWarnings(spec: JsonObject, field: string): readonly string[] {
  return readList(spec, "topologySpreadConstraints").flatMap((constraint, at) => {
    const path = `${field}.topologySpreadConstraints[${at}]`;
    const why = oldLabel(readText(constraint, "topologyKey"));
    const old = why === undefined ? [] : [`${path}.topologyKey: ${why}`];
    if (constraint["labelSelector"] !== undefined) return old;
    return [...old, `${path}.labelSelector: a null labelSelector results in matching no pod`];
  });
}

function aliasWarnings(spec: JsonObject, field: string): readonly string[] {
  const seen = new Set<string>();
  return readList(spec, "hostAliases").flatMap((alias, at) => {
    const ip = readText(alias, "ip");
    const isAgain = seen.has(ip);
    seen.add(ip);
    return isAgain ? [`${field}.hostAliases[${at}].ip: duplicate ip ${goQuote(ip)}`] : [];
  });
}

function volumeWarnings(spec: JsonObject, field: string): readonly string[] {
  return readList(spec, "volumes").flatMap((volume, at) => {
    const warnings: string[] = [];
    for (const [source, why] of Object.entries(OLD_VOLUMES)) {
      const name = VOLUME_NAMES[source] ?? source;
      if (volume[source] !== undefined) warnings.push(`${field}.volumes[${at}].${name}: ${why}`);
    }
    for (const source of readList(readObject(volume, "projected"), "sources")) {
      const name = goQuote(readText(volume, "name"));
      if (Object.keys(source).length === 0)
        warnings.push(`volume ${name} (Projected) has no sources provided`);
    }
    return warnings;
  });
}

function secretWarnings(spec: JsonObject, field: string): readonly string[] {
  const seen = new Set<string>();
  return readList(spec, "imagePullSecrets").flatMap((secret, at) => {
    const path = `${field}.imagePullSecrets[${at}].name`;
    const name = readText(secret, "name");
    if (name === "") return [`${path}: invalid empty name ""`];
    const isAgain = seen.has(name);
    seen.add(name);
    return isAgain ? [`${path}: duplicate name ${goQuote(name)}`] : [];
  });
}

function containersWarnings(spec: JsonObject, field: string, sort: string): readonly string[] {
  return readList(spec, sort).flatMap((container, at) => {
    const path = `${field}.${sort}[${at}]`;
    return [
      ...fractionWarnings(container, path, "requests"),
      ...fractionWarnings(container, path, "limits"),
      ...envWarnings(container, path),
    ];
  });
}

const BYTES: ReadonlySet<string> = new Set(["memory", "ephemeral-storage"]);

function fractionWarnings(container: JsonObject, field: string, side: string): readonly string[] {
  const amounts = readObject(readObject(container, "resources"), side);
  return Object.entries(amounts).flatMap(([name, amount]) => {
    if (!BYTES.has(name) || typeof amount !== "string") return [];
    if (scaledValue(parseQuantity(amount), -3) % 1000n === 0n) return [];
    const why = `fractional byte value ${goQuote(amount)} is invalid, must be an integer`;
    return [`${field}.resources.${side}[${name}]: ${why}`];
  });
}

/** A later entry may use the earlier one of its name: that is on purpose. */
function envWarnings(container: JsonObject, field: string): readonly string[] {
  const seen = new Set<string>();
  return readList(container, "env").flatMap((entry, at) => {
    const name = readText(entry, "name");
    const isAgain = seen.has(name) && !readText(entry, "value").includes(`$(${name})`);
    seen.add(name);
    if (!isAgain) return [];
    const what = `hides previous definition of ${goQuote(name)}`;
    const why = `${what}, which may be dropped when using apply`;
    return [`${field}.env[${at}]: ${why}`];
  });
}

/** Ports of all containers that run side by side. */
function portWarnings(spec: JsonObject, field: string): readonly string[] {
  const known = new Map<string, string>();
  return (["initContainers", "containers"] as const).flatMap((sort) =>
    readList(spec, sort).flatMap((container, at) => {
      if (sort === "initContainers" && container["restartPolicy"] !== "Always") return [];
      return readList(container, "ports").flatMap((port, index) => {
        const path = `${field}.${sort}[${at}].ports[${index}]`;
        return onePortWarnings(port, path, known);
      });
    }),
  );
}

/** @param known where each port was first seen */
function onePortWarnings(
  port: JsonObject,
  path: string,
  known: Map<string, string>,
): readonly string[] {
  const warnings: string[] = [];
  const host = readNumber(port, "hostPort") ?? 0;
  if (readText(port, "hostIP") !== "" && host === 0)
    warnings.push(`${path}: hostIP set without hostPort: ${shownPort(port)}`);
  const key = portKey(port);
  const first = known.get(key);
  if (first === undefined) known.set(key, path);
  else warnings.push(`${path}: duplicate port definition with ${first}`);
  return warnings;
}

function portKey(port: JsonObject): string {
  const host = `${readText(port, "hostIP")}/${readNumber(port, "hostPort") ?? 0}`;
  return `${readText(port, "protocol")}/${readNumber(port, "containerPort") ?? 0}/${host}`;
}

function shownPort(port: JsonObject): string {
  const parts = [
    `Name:${readText(port, "name")}`,
    `HostPort:${readNumber(port, "hostPort") ?? 0}`,
    `ContainerPort:${readNumber(port, "containerPort") ?? 0}`,
    `Protocol:${readText(port, "protocol")}`,
    `HostIP:${readText(port, "hostIP")}`,
  ];
  return `{${parts.join(" ")}}`;
}

/**
 * The pod manifest of appc: a text flows in, a proven `PodManifest` flows out; and back, byte for
 * byte as rkt prints it. Fields that the specification does not know are ignored and not kept. An
 * absent list prints as `null`, an empty one as `[]`, as in rkt.
 *
 * @see appc 0.8.11, pods.md "Pod Manifest Schema"
 */
import { Fault, quote } from "@shared/base";
import { parseAcIdentifier, parseAcName } from "./ac-name.ts";
import { orderedApp, orderedPair, orderedPort, readApp, readPort } from "./app.ts";
import type { ExposedPort, Mount, PodManifest, RuntimeApp } from "./appc.ts";
import {
  given,
  parseDocument,
  readBoolean,
  readInteger,
  readList,
  readObject,
  readText,
  readTextMap,
} from "./document.ts";
import { type PrintOptions, printGoJson, sortedMap, unlessEmpty } from "./go-json.ts";
import { readIsolator } from "./isolators.ts";
import { firstRepeated, readAnnotations, readLabels } from "./labels.ts";
import { checkKind, parseImageHash, readVersion } from "./manifest-head.ts";
import { orderedVolume, readVolume } from "./volume.ts";
import { ipVersion } from "./ip-address.ts";

/**
 * The manifest that a text of at most 1 MiB holds.
 * Faults: invalid, with rkt's words where rkt has some.
 */
export function parsePodManifest(text: string): PodManifest {
  const document = parseDocument(text, { what: "pod manifest" });
  const acVersion = readVersion(document);
  const manifest = {
    apps: readApps(document["apps"]),
    volumes: readList(document["volumes"], "volumes", readVolume),
    isolators: readList(document["isolators"], "isolators", readIsolator),
    annotations: readAnnotations(document["annotations"], "annotations"),
    ports: readList(document["ports"], "ports", readExposedPort),
    userAnnotations: readTextMap(document["userAnnotations"], "userAnnotations"),
    userLabels: readTextMap(document["userLabels"], "userLabels"),
  };
  checkKind(document, "PodManifest");
  if (acVersion === undefined) throw new Fault("invalid", "acVersion must be set");
  const twice = firstRepeated((manifest.volumes ?? []).map((volume) => volume.name));
  if (twice !== undefined) throw new Fault("invalid", `duplicate volume name ${quote(twice)}`);
  return given<PodManifest>({ acKind: "PodManifest", acVersion, ...manifest });
}

/** The manifest as `rkt cat-manifest` prints it, without a line end. */
export function printPodManifest(manifest: PodManifest, options: PrintOptions): string {
  const { volumes, isolators, annotations, ports } = manifest;
  const ordered = {
    acVersion: manifest.acVersion,
    acKind: manifest.acKind,
    apps: manifest.apps.map(orderedRuntimeApp),
    volumes: volumes?.map(orderedVolume) ?? null,
    isolators: isolators?.map(orderedPair) ?? null,
    annotations: annotations?.map(orderedPair) ?? null,
    ports: ports?.map(orderedExposedPort) ?? null,
    userAnnotations: sortedMap(manifest.userAnnotations),
    userLabels: sortedMap(manifest.userLabels),
  };
  return printGoJson(ordered, options);
}

function readApps(value: unknown): RuntimeApp[] {
  const apps = readList(value, "apps", readRuntimeApp) ?? [];
  const twice = firstRepeated(apps.map((app) => app.name));
  if (twice !== undefined) throw new Fault("invalid", `duplicate apps of name ${quote(twice)}`);
  return apps;
}

function readRuntimeApp(value: unknown, place: string): RuntimeApp {
  const app = readObject(value, place);
  const at = (field: string): [unknown, string] => [app[field], `${place}.${field}`];
  return given<RuntimeApp>({
    name: parseAcName(readText(...at("name")) ?? ""),
    image: readRuntimeImage(app["image"] ?? {}, `${place}.image`),
    app: readApp(...at("app")),
    readOnlyRootFS: readBoolean(...at("readOnlyRootFS")),
    mounts: readList(...at("mounts"), readMount),
    annotations: readAnnotations(...at("annotations")),
  });
}

function readRuntimeImage(value: unknown, place: string): RuntimeApp["image"] {
  const image = readObject(value, place);
  const name = readText(image["name"], `${place}.name`);
  return given<RuntimeApp["image"]>({
    id: parseImageHash(readText(image["id"], `${place}.id`) ?? ""),
    name: name === undefined ? undefined : parseAcIdentifier(name),
    labels: readLabels(image["labels"], `${place}.labels`),
  });
}

function readMount(value: unknown, place: string): Mount {
  const mount = readObject(value, place);
  const volume = readText(mount["volume"], `${place}.volume`);
  const path = readText(mount["path"], `${place}.path`) ?? "";
  if (volume === undefined) throw new Fault("invalid", "volume must be set");
  if (path === "") throw new Fault("invalid", "path must be set");
  const own = mount["appVolume"] ?? undefined;
  return given<Mount>({
    volume: parseAcName(volume),
    path,
    appVolume: own === undefined ? undefined : readVolume(own, `${place}.appVolume`),
  });
}

function readExposedPort(value: unknown, place: string): ExposedPort {
  const port = readObject(value, place);
  const podPort = port["podPort"] ?? undefined;
  const numbers = { min: 0, max: 65_535 };
  return given<ExposedPort>({
    name: parseAcName(readText(port["name"], `${place}.name`) ?? ""),
    hostPort: readInteger(port["hostPort"], `${place}.hostPort`, numbers) ?? 0,
    hostIP: readHostAddress(port["hostIP"], `${place}.hostIP`),
    podPort: podPort === undefined ? undefined : readPort(podPort, `${place}.podPort`),
  });
}

function readHostAddress(value: unknown, place: string): string | undefined {
  const address = readText(value, place) ?? "";
  if (address === "") return undefined;
  if (ipVersion(address) === undefined)
    throw new Fault("invalid", `invalid IP address: ${address}`);
  return address;
}

function orderedRuntimeApp(runtime: RuntimeApp): object {
  const { name, image, app, readOnlyRootFS, mounts, annotations } = runtime;
  const labels = unlessEmpty(image.labels)?.map(orderedPair);
  return {
    name,
    image: { name: image.name, id: image.id, labels },
    app: app && orderedApp(app),
    readOnlyRootFS: readOnlyRootFS === true ? true : undefined,
    mounts: unlessEmpty(mounts)?.map(orderedMount),
    annotations: unlessEmpty(annotations)?.map(orderedPair),
  };
}

function orderedMount({ volume, path, appVolume }: Mount): object {
  return { volume, path, appVolume: appVolume && orderedVolume(appVolume) };
}

function orderedExposedPort({ name, hostPort, hostIP, podPort }: ExposedPort): object {
  return { name, hostPort, hostIP, podPort: podPort && orderedPort(podPort) };
}

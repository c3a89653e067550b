/**
 * The appc view of an OCI or Docker image: its configuration flows in, the image manifest that
 * docker2aci would have written flows out, proven like every other one. Health checks, stop signals
 * and shells have no place in appc.
 *
 * @see docker2aci lib/internal/internal.go, GenerateManifestV22
 */
import { posix } from "node:path";
import { Fault, quote } from "@shared/base";
import { sanitiseAcIdentifier, sanitiseAcName } from "./ac-name.ts";
import {
  APPC_VERSION,
  type App,
  type ImageManifest,
  type ImagePort,
  type NameValue,
} from "./appc.ts";
import type { DockerReference } from "./docker-reference.ts";
import { given } from "./document.ts";
import { printGoJson } from "./go-json.ts";
import { parseImageManifest, printImageManifest } from "./image-manifest.ts";
import type { ImageReference } from "./image-reference.ts";
import { appcArchitecture } from "./labels.ts";
import type { OciConfig, OciDigest, OciProcess } from "./oci-image.ts";

/** Where an OCI image comes from, as far as its appc name depends on it. */
export type OciOrigin = DockerReference | (ImageReference & { kind: "oci" });

/** The annotation that is `true` for an app that says when it is ready. @see sd_notify(3) */
export const NOTIFY_ANNOTATION = "appc.io/executor/supports-systemd-notify";

/** The annotation that holds the entrypoint of an OCI image, a JSON list of words. */
export const ENTRYPOINT_ANNOTATION = "appc.io/docker/entrypoint";

/** The annotation that holds the signal by which an app wants to be asked to end. */
export const STOP_SIGNAL_ANNOTATION = "appc.io/docker/stopsignal";

/** Digests of an image's documents as fetched. */
export interface OciDigests {
  readonly config: OciDigest;
  readonly manifest: OciDigest;
}

/**
 * The image manifest of an OCI image. Name: `REGISTRY/REPOSITORY`, or the directory of a layout;
 * label "version": the tag. Faults: invalid, where the configuration has what appc forbids, e.g. a
 * relative working directory.
 */
export function toImageManifest(
  origin: OciOrigin,
  config: OciConfig,
  digests: OciDigests,
): ImageManifest {
  const manifest = given<ImageManifest>({
    acKind: "ImageManifest",
    acVersion: APPC_VERSION,
    name: nameOf(origin),
    labels: labelsOf(origin, config),
    app: config.process && appOf(config.process),
    annotations: annotationsOf(origin, config, digests),
  });
  return parseImageManifest(printImageManifest(manifest, { pretty: false }));
}

function nameOf(origin: OciOrigin): string {
  if (origin.kind === "docker") {
    return sanitiseAcIdentifier(`${origin.registry}/${origin.repository}`);
  }
  return sanitiseAcIdentifier(posix.basename(posix.resolve("/", origin.directory)) || "layout");
}

/** In the order of their names, empty ones left out. */
function labelsOf(origin: OciOrigin, { platform }: OciConfig): NameValue[] {
  const version = origin.kind === "docker" ? origin.tag : origin.reference;
  return pairs({ arch: appcArchitecture(platform), os: platform.os, version });
}

function annotationsOf(origin: OciOrigin, config: OciConfig, digests: OciDigests): NameValue[] {
  const docker = origin.kind === "docker" ? origin : undefined;
  return pairs({
    author: config.author,
    created: config.created,
    "appc.io/docker/originalname": docker?.text,
    "appc.io/docker/registryurl": docker?.registry,
    "appc.io/docker/repository": docker?.repository,
    "appc.io/docker/imageid": digests.config,
    "appc.io/docker/manifesthash": digests.manifest,
    [ENTRYPOINT_ANNOTATION]: jsonUnlessEmpty(config.process?.entrypoint),
    "appc.io/docker/cmd": jsonUnlessEmpty(config.process?.cmd),
    [STOP_SIGNAL_ANNOTATION]: config.process?.stopSignal,
  });
}

function pairs(values: Readonly<Record<string, string | undefined>>): NameValue[] {
  return Object.entries(values).flatMap(([name, value]) => (value ? [{ name, value }] : []));
}

function jsonUnlessEmpty(words: readonly string[] | undefined): string | undefined {
  return words === undefined || words.length === 0
    ? undefined
    : printGoJson(words, { pretty: false });
}

function appOf(settings: OciProcess): App {
  const [user, group] = userAndGroup(settings.user);
  return given<App>({
    exec: [...settings.entrypoint, ...settings.cmd],
    user,
    group,
    workingDirectory: settings.workingDir,
    environment: environmentOf(settings.env),
    mountPoints: mountPointsOf(settings.volumes),
    ports: settings.exposedPorts.map(portOf).sort(byName),
    userLabels: settings.labels,
  });
}

/** Nobody means root; a user without a group means the group of the same name. */
function userAndGroup(text: string): [string, string] {
  const [user = "", group = ""] = text.split(":");
  const known = user === "" ? "0" : user;
  return [known, group === "" ? known : group];
}

/**
 * A later value of a name replaces the earlier one in its place; entries without `=` say nothing.
 */
function environmentOf(entries: readonly string[]): NameValue[] {
  const values = new Map<string, string>();
  for (const entry of entries) {
    const equals = entry.indexOf("=");
    if (equals > 0) values.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  return [...values].map(([name, value]) => ({ name, value }));
}

/** `/data` → `volume-data`; a second path of the same name gets a number. */
function mountPointsOf(paths: readonly string[]): { name: string; path: string }[] {
  const used = new Map<string, number>();
  const points = [...paths].sort().map((path) => {
    const name = sanitiseAcName(posix.join("volume", path));
    const count = used.get(name) ?? 0;
    used.set(name, count + 1);
    return { name: count === 0 ? name : `${name}-${count}`, path };
  });
  return points.sort(byName);
}

/** `80/tcp`, `53/udp`, `8080`, and a range such as `8000-8010/tcp`. */
function portOf(text: string): ImagePort {
  const [numbers = "", protocol = "tcp"] = text.split("/");
  const [, first, last] = /^([0-9]+)(?:-([0-9]+))?$/.exec(numbers) ?? [];
  const count = Number(last ?? first) - Number(first) + 1;
  if (first === undefined || count < 1) {
    throw new Fault("invalid", `error parsing port ${quote(numbers)}: invalid syntax`);
  }
  const name = sanitiseAcName(text);
  return { name, protocol, port: Number(first), count, socketActivated: false };
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}

/**
 * The documents of OCI images and of Docker's version 2 schema 2: image index, image manifest,
 * image configuration. Texts flow in, proven values flow out: digests well formed, sizes and counts
 * bounded. Fetches nothing, compares no digest.
 *
 * @see OCI image-spec 1.1, image-index.md, manifest.md, config.md; Docker Registry "Image Manifest
 * V 2, Schema 2"
 */
import { Fault, MiB, quote } from "@shared/base";
import {
  given,
  type JsonObject,
  parseDocument,
  readInteger,
  readList,
  readObject,
  readText,
  readTextMap,
  readTexts,
} from "./document.ts";
import type { Platform } from "./labels.ts";

/** `<algorithm>:<hex>` with all digits of the algorithm, in lower case. */
export type OciDigest = `sha256:${string}` | `sha512:${string}`;

/** A reference to a blob. @see OCI image-spec 1.1, descriptor.md */
export interface OciDescriptor {
  readonly mediaType: string;
  readonly digest: OciDigest;
  /** In bytes. */
  readonly size: number;
  /** Only of manifests inside an index. */
  readonly platform?: Platform;
  /** Only of what is no image: a signature, a bill of materials. */
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Manifests of one image for several platforms, or all images of a layout, in their order. */
export interface OciIndex {
  readonly kind: "index";
  readonly manifests: readonly OciDescriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One image for one platform. @see OCI image-spec 1.1, manifest.md */
export interface OciManifest {
  readonly kind: "manifest";
  readonly config: OciDescriptor;
  /** Bottom first. */
  readonly layers: readonly OciDescriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** How an app of the image is run, unless it is told otherwise. */
export interface OciProcess {
  /** `user`, `uid`, `user:group`, `uid:gid`; empty for root. */
  readonly user: string;
  /** `80/tcp`, `53/udp`, `8080`. */
  readonly exposedPorts: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** Paths in the image that are places for volumes. */
  readonly volumes: readonly string[];
  readonly workingDir: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal?: string;
}

/** What an image is made of and how it is run. @see OCI image-spec 1.1, config.md */
export interface OciConfig {
  readonly platform: Platform;
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  /** Absent where the image leaves it open what is run. */
  readonly process?: OciProcess;
  /** Digests of the uncompressed layers, bottom first. */
  readonly diffIds: readonly OciDigest[];
}

const DOCUMENT_LIMIT_BYTES = 4 * MiB;
const MOST_LAYERS = 1000;
const MOST_MANIFESTS = 1000;
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

const INDEX_TYPES: readonly string[] = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const MANIFEST_TYPES: readonly string[] = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
const CONFIG_TYPES: readonly string[] = [
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
];
const OCI_LAYER =
  /^application\/vnd\.oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(?:\+(?:gzip|zstd))?$/;
const DOCKER_LAYER =
  /^application\/vnd\.docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.(?:gzip|zstd))?$/;

/** What to say in `Accept` when a manifest is asked for, best first. */
export const OCI_MANIFEST_TYPES: readonly string[] = [...INDEX_TYPES, ...MANIFEST_TYPES];

/** A digest of which every part is proven. Faults: invalid. */
export function parseOciDigest(text: string): OciDigest {
  if (DIGEST.test(text)) return text as OciDigest;
  const wanted = "want sha256: and 64 hex digits, or sha512: and 128";
  throw new Fault("invalid", `read digest ${quote(text)}: ${wanted}`);
}

/**
 * An index or a manifest, whichever the text is.
 * Faults: invalid; unsupported, for schema 1 and for artifacts that are no images.
 */
export function parseOciDocument(text: string): OciIndex | OciManifest {
  const document = readDocument(text, "image manifest");
  const mediaType = readText(document["mediaType"], "mediaType");
  const isIndex =
    mediaType === undefined ? "manifests" in document : isOneOf(INDEX_TYPES, mediaType);
  return isIndex ? readIndex(document) : readManifest(document);
}

/** An image index or Docker's manifest list. */
export function parseOciIndex(text: string): OciIndex {
  return readIndex(readDocument(text, "image index"));
}

/** An image manifest of OCI or of Docker's schema 2. */
export function parseOciManifest(text: string): OciManifest {
  return readManifest(readDocument(text, "image manifest"));
}

/** An image configuration. Faults: invalid. */
export function parseOciConfig(text: string): OciConfig {
  const document = parseDocument(text, {
    what: "image configuration",
    limitBytes: DOCUMENT_LIMIT_BYTES,
  });
  const rootfs = readObject(document["rootfs"], "rootfs");
  const diffIds = readList(rootfs["diff_ids"], "rootfs.diff_ids", readDigest) ?? [];
  checkCount("layers", diffIds.length, MOST_LAYERS);
  const process = document["config"] ?? undefined;
  return given<OciConfig>({
    platform: readPlatform(document, "configuration"),
    created: readText(document["created"], "created") || undefined,
    author: readText(document["author"], "author") || undefined,
    process: process === undefined ? undefined : readProcess(process, "config"),
    diffIds,
  });
}

/** A layer as fetched, and the digest that it must have once it is uncompressed. */
export interface OciLayer {
  readonly descriptor: OciDescriptor;
  readonly diffId: OciDigest;
}

/**
 * The layers of an image, bottom first. Faults: invalid, where manifest and configuration disagree.
 */
export function pairLayers(manifest: OciManifest, config: OciConfig): readonly OciLayer[] {
  const [layers, ids] = [manifest.layers.length, config.diffIds.length];
  if (layers !== ids) {
    const found = `the manifest has ${layers}, the configuration ${ids}`;
    throw new Fault("invalid", `pair layers with their digests: ${found}`);
  }
  return manifest.layers.map((descriptor, index) => {
    const diffId = config.diffIds[index];
    return { descriptor, diffId: diffId ?? descriptor.digest };
  });
}

function readDocument(text: string, what: string): JsonObject {
  const document = parseDocument(text, { what, limitBytes: DOCUMENT_LIMIT_BYTES });
  const version = document["schemaVersion"];
  if (version === 1) {
    throw new Fault("unsupported", "parse image manifest: schema 1 is not supported", {
      hint: "push the image again with a current tool; schema 1 is long retired",
    });
  }
  if (version !== undefined && version !== 2) {
    const wanted = `want 2, found ${JSON.stringify(version)}`;
    throw new Fault("invalid", `parse ${what}: schemaVersion: ${wanted}`);
  }
  return document;
}

function isOneOf(types: readonly string[], mediaType: string): boolean {
  return types.includes(mediaType);
}

function readIndex(document: JsonObject): OciIndex {
  checkType(document, INDEX_TYPES, "image index");
  const manifests = readList(document["manifests"], "manifests", readDescriptor);
  if (manifests === undefined) {
    throw new Fault("invalid", 'parse image index: "manifests" is missing');
  }
  checkCount("manifests", manifests.length, MOST_MANIFESTS);
  const annotations = readTextMap(document["annotations"], "annotations");
  return given<OciIndex>({ kind: "index", manifests, annotations });
}

function readManifest(document: JsonObject): OciManifest {
  checkType(document, MANIFEST_TYPES, "image manifest");
  const layers = readList(document["layers"], "layers", readDescriptor);
  if (layers === undefined || document["config"] === undefined) {
    const missing = layers === undefined ? "layers" : "config";
    throw new Fault("invalid", `parse image manifest: ${quote(missing)} is missing`);
  }
  const config = readDescriptor(document["config"], "config");
  if (!CONFIG_TYPES.includes(config.mediaType)) {
    const found = `its configuration is ${quote(config.mediaType)}`;
    throw new Fault("unsupported", `parse image manifest: this is no container image: ${found}`);
  }
  checkCount("layers", layers.length, MOST_LAYERS);
  for (const { mediaType } of layers) checkLayerType(mediaType);
  const annotations = readTextMap(document["annotations"], "annotations");
  return given<OciManifest>({ kind: "manifest", config, layers, annotations });
}

function checkType(document: JsonObject, types: readonly string[], what: string): void {
  const mediaType = readText(document["mediaType"], "mediaType");
  if (mediaType === undefined || types.includes(mediaType)) return;
  throw new Fault("unsupported", `parse ${what}: media type ${quote(mediaType)} is not supported`);
}

function checkLayerType(mediaType: string): void {
  if (OCI_LAYER.test(mediaType) || DOCKER_LAYER.test(mediaType)) return;
  const problem = `media type ${quote(mediaType)} is not supported`;
  throw new Fault("unsupported", `parse image manifest: layer: ${problem}`);
}

function checkCount(what: string, count: number, most: number): void {
  if (count > most)
    throw new Fault("invalid", `count ${what}: want at most ${most}, found ${count}`);
}

/** A descriptor at that place of a document. Faults: invalid. */
export function readDescriptor(value: unknown, place: string): OciDescriptor {
  const descriptor = readObject(value, place);
  const size = readInteger(descriptor["size"], `${place}.size`, {
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
  });
  if (size === undefined) throw new Fault("invalid", `read ${quote(place)}: "size" is missing`);
  const platform = descriptor["platform"] ?? undefined;
  return given<OciDescriptor>({
    mediaType: readText(descriptor["mediaType"], `${place}.mediaType`) ?? "",
    digest: readDigest(descriptor["digest"], `${place}.digest`),
    size,
    platform:
      platform === undefined
        ? undefined
        : readPlatform(readObject(platform, `${place}.platform`), `${place}.platform`),
    artifactType: readText(descriptor["artifactType"], `${place}.artifactType`) || undefined,
    annotations: readTextMap(descriptor["annotations"], `${place}.annotations`),
  });
}

function readDigest(value: unknown, place: string): OciDigest {
  return parseOciDigest(readText(value, place) ?? "");
}

function readPlatform(value: JsonObject, place: string): Platform {
  return given<Platform>({
    os: readText(value["os"], `${place}.os`) ?? "",
    architecture: readText(value["architecture"], `${place}.architecture`) ?? "",
    variant: readText(value["variant"], `${place}.variant`) || undefined,
  });
}

function readProcess(value: unknown, place: string): OciProcess {
  const config = readObject(value, place);
  const at = (field: string): [unknown, string] => [config[field], `${place}.${field}`];
  return given<OciProcess>({
    user: readText(...at("User")) ?? "",
    exposedPorts: readKeys(...at("ExposedPorts")),
    env: readTexts(...at("Env")) ?? [],
    entrypoint: readTexts(...at("Entrypoint")) ?? [],
    cmd: readTexts(...at("Cmd")) ?? [],
    volumes: readKeys(...at("Volumes")),
    workingDir: readText(...at("WorkingDir")) ?? "",
    labels: readTextMap(...at("Labels")) ?? {},
    stopSignal: readText(...at("StopSignal")) || undefined,
  });
}

/** A set, which these documents write as an object with empty values. */
function readKeys(value: unknown, place: string): string[] {
  return value === undefined || value === null ? [] : Object.keys(readObject(value, place));
}

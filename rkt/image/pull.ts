/**
 * The spine of this package: an image reference flows in, a stored image flows out.
 *
 *     reference ─▶ store (policy) ─▶ sources ─▶ download ─▶ verified ─▶ stored image
 */
import { fullDockerReference, type ImageReference, type NameValue, type Platform } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { readAciManifest } from "./aci/read-manifest.ts";
import { type Archive, storeArchive } from "./aci/store-archive.ts";
import { discoverImage } from "./discover/discover.ts";
import { type Download, fetchFile, fetchUrl } from "./fetch/archive.ts";
import { openLayout } from "./fetch/layout.ts";
import { pullOci } from "./oci/pull-oci.ts";
import { type Credentials, openRegistry } from "./fetch/registry.ts";
import { type ImageHost, type Insecure, SECURE } from "./host.ts";
import type { LayerId, StoredImage } from "./image.ts";
import { acceptBundled, type Verified, verifyArchive, verifyOci } from "./verify/verify.ts";

/** When a remote place is asked. */
export type PullPolicy =
  | "new" // only for what the store lacks
  | "never"
  | "update"; // always; what the store has already is not fetched twice

/** How a reference is to be pulled. */
export interface PullOptions {
  readonly policy: PullPolicy;
  /** Of the operating system and processor that the image shall run on. */
  readonly platform: Platform;
  /** Everything is checked unless told. */
  readonly insecure?: Insecure;
  /** A file with the detached signature of an ACI; the archive's name with `.asc` unless told. */
  readonly signaturePath?: string;
  /** For registries that ask for them. */
  readonly credentials?: Credentials;
  /** Names of the images that are being fetched because of each other; set by dependencies only. */
  readonly within?: readonly string[];
}

/**
 * Makes sure that an image is in the store, and with an ACI all images that it depends on.
 *
 * @throws {Fault} "not-found", "denied" (no proof of origin), "corrupt", "invalid", "unavailable",
 * "timeout", "exhausted", "unsupported", "canceled"
 * @see rkt Documentation/image-fetching-behavior.md
 */
export async function pull(
  host: ImageHost,
  reference: ImageReference,
  options: PullOptions,
): Promise<StoredImage> {
  const stored = findStored(host, reference, options.policy);
  if (stored !== undefined) return stored;
  if (isFarAway(reference) && options.policy === "never") throw notInStore(reference);
  switch (reference.kind) {
    case "docker":
    case "oci":
      return await pullFromOci(host, reference, options);
    case "file":
      host.note(`image: using image from file ${reference.path}`);
      return await pullArchive(host, reference, options);
    default:
      return await pullArchive(host, reference, options);
  }
}

/** The image as the store has it, where the policy lets that count. */
function findStored(
  host: ImageHost,
  reference: ImageReference,
  policy: PullPolicy,
): StoredImage | undefined {
  if (reference.kind === "hash") return host.store.findById(reference.prefix);
  if (policy === "update" || !isFarAway(reference)) return undefined;
  const found =
    reference.kind === "name"
      ? host.store.findByName(reference.name, reference.labels)
      : host.store.findByReference(referenceText(reference));
  const place = reference.kind === "name" ? "image name" : "url";
  if (found !== undefined) {
    host.note(`image: using image from local store for ${place} ${typedText(reference)}`);
  }
  return found;
}

function isFarAway(reference: ImageReference): boolean {
  return reference.kind === "docker" || reference.kind === "url" || reference.kind === "name";
}

/** Equal for references that mean the same image. */
function referenceText(reference: ImageReference): string {
  return reference.kind === "docker"
    ? `docker://${fullDockerReference(reference)}`
    : typedText(reference);
}

/** As a person would type it. */
function typedText(reference: ImageReference): string {
  if (reference.kind === "docker") return `docker://${reference.text}`;
  if (reference.kind === "url") return reference.url;
  if (reference.kind === "file") return reference.path;
  if (reference.kind === "hash") return reference.prefix;
  if (reference.kind === "name") return nameText(reference.name, reference.labels);
  return ["oci", reference.directory, reference.reference].filter(Boolean).join(":");
}

function nameText(name: string, labels: readonly NameValue[]): string {
  const version = labels.find((label) => label.name === "version");
  const rest = labels.filter((label) => label !== version).map((l) => `,${l.name}=${l.value}`);
  return [name, version === undefined ? "" : `:${version.value}`, ...rest].join("");
}

const NOWHERE =
  "either image was not found in the store or store was disabled and fetching from remote " +
  "yielded nothing or it was disabled";

function notInStore(reference: ImageReference): Fault {
  const kind = reference.kind === "name" ? "image name" : "URL";
  const what = `${kind} ${quote(typedText(reference))}`;
  return new Fault("not-found", `unable to fetch image from ${what}: ${NOWHERE}`);
}

async function pullFromOci(
  host: ImageHost,
  reference: ImageReference & { kind: "docker" | "oci" },
  options: PullOptions,
): Promise<StoredImage> {
  const insecure = options.insecure ?? SECURE;
  const verified = verifyOci(reference, insecure);
  if (reference.kind === "docker") {
    host.note(`image: remote fetching from URL ${quote(typedText(reference))}`);
  }
  const source =
    reference.kind === "docker"
      ? await openRegistry(host, reference, { insecure, credentials: options.credentials })
      : openLayout(reference);
  const { platform } = options;
  return await pullOci(host, verified, {
    source,
    platform,
    referenceText: referenceText(reference),
  });
}

/**
 * Stores an archive that came with the executable, or lies where only root writes: no signature is
 * asked for.
 *
 * @throws {Fault} as `pull`, but never "denied" for lack of proof
 */
export async function pullBundled(
  host: ImageHost,
  path: string,
  platform: Platform,
): Promise<StoredImage> {
  const unsigned = { insecure: { ...SECURE, image: true } };
  using download = await fetchFile(host, path, unsigned);
  const verified = acceptBundled(await readArchive(download));
  return await admit(host, verified, { options: { policy: "new", platform }, references: [] });
}

type ArchiveReference = Exclude<ImageReference, { kind: "docker" | "oci" }>;

async function pullArchive(
  host: ImageHost,
  reference: ArchiveReference,
  options: PullOptions,
): Promise<StoredImage> {
  using download = await fetchArchive(host, reference, options);
  const archive = await readArchive(download);
  const verified = await verifyArchive(host, archive, options.insecure ?? SECURE);
  if (reference.kind === "name") checkIdentity(archive, reference);
  const references = reference.kind === "url" ? [reference.url] : [];
  return await admit(host, verified, { options, references });
}

async function readArchive({ file, signature }: Download): Promise<Archive> {
  const manifest = await readAciManifest(file.path);
  const { name: imageName } = manifest;
  const given = signature === undefined ? {} : { signature };
  return { file, path: file.path, manifest, imageName, ...given };
}

interface Admission {
  readonly options: PullOptions;
  readonly references: readonly string[];
}

async function admit(
  host: ImageHost,
  verified: Verified<Archive>,
  { options, references }: Admission,
): Promise<StoredImage> {
  checkWhitelist(verified.subject);
  const below = await pullDependencies(host, verified.subject, options);
  return await storeArchive(host, verified, { references, below });
}

async function fetchArchive(
  host: ImageHost,
  reference: ArchiveReference,
  options: PullOptions,
): Promise<Download> {
  const { signaturePath, insecure = SECURE } = options;
  const archiveOptions = { insecure, ...(signaturePath !== undefined && { signaturePath }) };
  if (reference.kind === "file") return await fetchFile(host, reference.path, archiveOptions);
  const url = reference.kind === "url" ? reference.url : await findUrl(host, reference, options);
  host.note(`image: remote fetching from URL ${quote(url)}`);
  return await fetchUrl(host, url, archiveOptions);
}

async function findUrl(
  host: ImageHost,
  reference: ArchiveReference,
  options: PullOptions,
): Promise<string> {
  if (reference.kind !== "name") throw new Fault("invalid", "fetch an image by its id");
  const { name, labels } = reference;
  host.note(`image: searching for app image ${name}`);
  const { platform, insecure = SECURE } = options;
  return await discoverImage(host, { name, labels }, { platform, insecure });
}

/** An image fetched by name must be the one that was asked for. */
function checkIdentity(archive: Archive, asked: ImageReference & { kind: "name" }): void {
  const { manifest } = archive;
  if (manifest.name !== asked.name) {
    const found = `got ${quote(manifest.name)}`;
    throw new Fault("denied", `image name differs: asked for ${quote(asked.name)}, ${found}`);
  }
  for (const { name, value } of asked.labels) {
    const found = manifest.labels?.find((label) => label.name === name)?.value;
    if (found === value) continue;
    const words = `asked for ${quote(value)}, got ${quote(found ?? "")}`;
    throw new Fault("denied", `image label ${quote(name)} differs: ${words}`);
  }
}

function checkWhitelist(archive: Archive): void {
  if ((archive.manifest.pathWhitelist ?? []).length === 0) return;
  const message = `store image ${quote(archive.imageName)}: path whitelists are not supported yet`;
  throw new Fault("unsupported", message);
}

/**
 * Layers of all dependencies, depth first in listed order, bottom first; a later one hides an
 * earlier one.
 */
async function pullDependencies(
  host: ImageHost,
  archive: Archive,
  options: PullOptions,
): Promise<LayerId[]> {
  const layers: LayerId[] = [];
  const within = [...(options.within ?? []), archive.imageName];
  for (const { imageName, imageID, labels = [] } of archive.manifest.dependencies ?? []) {
    if (within.includes(imageName)) {
      const circle = [...within, imageName].join(" needs ");
      throw new Fault("invalid", `fetch dependencies: they go round in a circle: ${circle}`);
    }
    const reference: ImageReference = { kind: "name", name: imageName, labels };
    const { signaturePath: _own, ...rest } = options;
    const policy = options.policy === "update" ? "new" : options.policy;
    const image = await pull(host, reference, { ...rest, policy, within });
    if (imageID !== undefined && !imageID.startsWith(image.id)) {
      const message = `dependency ${quote(imageName)}: its id is ${image.id}, not ${imageID}`;
      throw new Fault("denied", message);
    }
    layers.push(...image.layers);
  }
  return layers.filter((layer, index) => layers.lastIndexOf(layer) === index);
}

/**
 * The way of an ACI: a file, a URL or a name flows in, a stored image flows out, with the layers of
 * the images that it depends on below its own.
 */
import type { ImageReference } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { readAciManifest } from "./aci/read-manifest.ts";
import { type Archive, storeArchive } from "./aci/store-archive.ts";
import { discoverImage } from "./discover/discover.ts";
import { type Download, fetchFile, fetchUrl } from "./fetch/archive.ts";
import { type ImageHost, SECURE } from "./host.ts";
import type { LayerId, StoredImage } from "./image.ts";
import type { Pull, PullOptions } from "./pull-options.ts";
import { type Verified, verifyArchive } from "./verify/verify.ts";

/** `pull` itself comes in for the dependencies, which may be of any kind. */
export type ArchiveOptions = PullOptions & { readonly pull: Pull };

type ArchiveReference = Exclude<ImageReference, { kind: "docker" | "oci" }>;

export async function pullArchive(
  host: ImageHost,
  reference: ArchiveReference,
  options: ArchiveOptions,
): Promise<StoredImage> {
  if (reference.kind === "file") host.note(`image: using image from file ${reference.path}`);
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
  readonly options: ArchiveOptions;
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
  options: ArchiveOptions,
): Promise<LayerId[]> {
  const layers: LayerId[] = [];
  const within = [...(options.within ?? []), archive.imageName];
  for (const { imageName, imageID, labels = [] } of archive.manifest.dependencies ?? []) {
    if (within.includes(imageName)) {
      const circle = [...within, imageName].join(" needs ");
      throw new Fault("invalid", `fetch dependencies: they go round in a circle: ${circle}`);
    }
    const reference: ImageReference = { kind: "name", name: imageName, labels };
    const { signaturePath: _own, pull, ...rest } = options;
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

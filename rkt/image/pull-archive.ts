/**
 * The way of an ACI: a file, a URL or a name flows in, a stored image flows out, with the layers of
 * the images that it depends on below its own. What a server said of an archive is kept, so that
 * the next fetch asks only whether it has changed, or not even that.
 */
import { type ImageManifest, type ImageReference, valueOf } from "@rkt/spec";
import { assert, Fault, quote } from "@shared/base";
import { keepArchive } from "./aci/keep-archive.ts";
import { readAciManifest } from "./aci/read-manifest.ts";
import { type Archive, storeArchive } from "./aci/store-archive.ts";
import { discoverImage } from "./discover/discover.ts";
import { type Download, fetchFile, fetchUrl } from "./fetch/archive.ts";
import { isFresh } from "./fetch/freshness.ts";
import { type ImageHost, SECURE } from "./host.ts";
import type { StoredImage } from "./image.ts";
import { type DependencyOptions, pullDependencies } from "./pull-dependencies.ts";
import type { Remote } from "./store/remotes.ts";
import { findKeysForImage } from "./trust/keys-for-image.ts";
import { verifyArchive } from "./verify/verify.ts";

export type ArchiveOptions = DependencyOptions & {
  /** The reference as the store keeps it. */
  readonly text: string;
};

type ArchiveReference = Extract<ImageReference, { kind: "file" | "url" | "name" }>;

/** Where an archive is. */
type Place =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "url"; readonly url: string; readonly signatureUrl?: string };

export async function pullArchive(
  host: ImageHost,
  reference: ArchiveReference,
  options: ArchiveOptions,
): Promise<StoredImage> {
  const place = await findPlace(host, reference, options);
  if (place.kind === "file") return await fetchAnew(host, { reference, place, options });
  const askedMs = host.clock.now();
  const known = findKnown(host, place.url, options);
  if (known !== undefined && isFresh(known.remote, askedMs)) {
    host.note(`image: image for ${place.url} isn't expired, not fetching.`);
    return keepKnown(host, known, reference, options);
  }
  if (reference.kind === "name" && known === undefined) {
    await findKeysForImage(host, reference.name, options.insecure ?? SECURE);
  }
  const signal = host.signal === undefined ? {} : { signal: host.signal };
  const waiting = (): void => host.note(`image: ${WAITING}`);
  using _onlyOne = await host.store.lockUrl(place.url, { ...signal, waiting });
  const now = findKnown(host, place.url, options);
  if (now !== undefined && now.remote.fetchedMs > askedMs) {
    return keepKnown(host, now, reference, options); // another process has just fetched it
  }
  return await fetchAnew(host, { reference, place, options }, now);
}

const WAITING = "another rkt instance is downloading this file, waiting...";

async function fetchAnew(host: ImageHost, request: Admission, known?: Known): Promise<StoredImage> {
  const { reference, place, options } = request;
  using download = await fetchArchive(host, place, known?.remote.etag, options);
  if (download !== undefined) return await admit(host, download, request);
  assert(known !== undefined, "only what is there can be unchanged");
  return keepKnown(host, known, reference, options);
}

async function findPlace(
  host: ImageHost,
  reference: ArchiveReference,
  { platform, insecure = SECURE }: ArchiveOptions,
): Promise<Place> {
  if (reference.kind === "file") {
    host.note(`image: using image from file ${reference.path}`);
    return reference;
  }
  if (reference.kind === "url") return noted(host, reference);
  const { name, labels } = reference;
  host.note(`image: searching for app image ${name}`);
  const found = await discoverImage(host, { name, labels }, { platform, insecure });
  return noted(host, { kind: "url", url: found.archive, signatureUrl: found.signature });
}

function noted(host: ImageHost, place: Place & { kind: "url" }): Place {
  host.note(`image: remote fetching from URL ${quote(place.url)}`);
  return place;
}

/** An archive that was fetched from that URL before. */
interface Known {
  readonly remote: Remote;
  readonly image: StoredImage;
}

/**
 * What was accepted without proof is no answer for somebody who wants proof, and a signature file
 * has to be looked at.
 */
function findKnown(host: ImageHost, url: string, options: ArchiveOptions): Known | undefined {
  const { signaturePath, insecure = SECURE } = options;
  const remote = signaturePath === undefined ? host.store.findRemote(url) : undefined;
  if (remote === undefined) return undefined;
  const image = host.store.findById(remote.imageId);
  const isProven = image.verification.kind === "signature";
  return isProven || insecure.image ? { remote, image } : undefined;
}

function keepKnown(
  host: ImageHost,
  { image }: Known,
  reference: ArchiveReference,
  { text }: ArchiveOptions,
): StoredImage {
  if (reference.kind === "name") checkIdentity(image.manifest, reference);
  for (const each of referencesOf(reference, text)) host.store.addReference(each, image.id);
  return image;
}

async function fetchArchive(
  host: ImageHost,
  place: Place,
  etag: string | undefined,
  options: ArchiveOptions,
): Promise<Download | undefined> {
  const { signaturePath, insecure = SECURE } = options;
  const checks = { insecure, ...(signaturePath !== undefined && { signaturePath }) };
  if (place.kind === "file") return await fetchFile(host, place.path, checks);
  const { url, signatureUrl } = place;
  return await fetchUrl(host, url, {
    ...checks,
    ...(signatureUrl !== undefined && { signatureUrl }),
    ...(etag !== undefined && { etag }),
  });
}

interface Admission {
  readonly reference: ArchiveReference;
  readonly place: Place;
  readonly options: ArchiveOptions;
}

/** Verified, then looked at more closely, then stored with all that it stands on. */
async function admit(
  host: ImageHost,
  download: Download,
  { reference, place, options }: Admission,
): Promise<StoredImage> {
  const archive = await readArchive(download);
  const { manifest } = archive;
  const verified = await verifyArchive(host, archive, options.insecure ?? SECURE);
  if (reference.kind === "name") checkIdentity(manifest, reference);
  const below = await pullDependencies(host, manifest, options);
  const fetchedMs = host.clock.now();
  const references = referencesOf(reference, options.text);
  if (place.kind === "url") references.push(place.url);
  const image =
    host.unprivileged === true
      ? await keepArchive(host, verified, references)
      : await storeArchive(host, verified, { references, below });
  if (place.kind === "url" && download.validity !== undefined) {
    host.store.addRemote({
      ...download.validity,
      url: place.url,
      imageId: image.id,
      fetchedMs,
    });
  }
  return image;
}

async function readArchive({ file, signature }: Download): Promise<Archive> {
  const manifest = await readAciManifest(file.path);
  const { name: imageName } = manifest;
  const given = signature === undefined ? {} : { signature };
  return { file, path: file.path, manifest, imageName, ...given };
}

/**
 * A URL means what was last fetched from there, and a name without a version what was the latest
 * then. Files and versions speak for themselves.
 */
function referencesOf(reference: ArchiveReference, text: string): string[] {
  if (reference.kind === "url") return [reference.url];
  const isLatest = reference.kind === "name" && valueOf(reference.labels, "version") === undefined;
  return isLatest ? [text] : [];
}

/** An image fetched by name must be the one that was asked for. */
function checkIdentity(manifest: ImageManifest, asked: ImageReference & { kind: "name" }): void {
  if (manifest.name !== asked.name) {
    const found = `got ${quote(manifest.name)}`;
    throw new Fault("denied", `image name differs: asked for ${quote(asked.name)}, ${found}`);
  }
  for (const { name, value } of asked.labels) {
    const found = valueOf(manifest.labels, name);
    if (found === value) continue;
    const words = `asked for ${quote(value)}, got ${quote(found ?? "")}`;
    throw new Fault("denied", `image label ${quote(name)} differs: ${words}`);
  }
}

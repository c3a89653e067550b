/**
 * Unpacks an image that somebody without root's rights fetched. In: its record; out: the record
 * with all its layers in place. Everything comes from the store's blobs, whose digests are checked
 * again: members of the group could have changed them. Asks no network.
 */
import { readFileSync } from "node:fs";
import { pairLayers, parseOciConfig, parseOciManifest } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { readAciManifest } from "./aci/read-manifest.ts";
import { unpackArchive } from "./aci/store-archive.ts";
import { digestOf } from "./fetch/oci-source.ts";
import type { ImageHost } from "./host.ts";
import { type BlobDigest, isVouchedFor, type StoredImage } from "./image.ts";
import { fetchLayers } from "./oci/pull-oci.ts";
import { type DependencyOptions, pullDependencies } from "./pull-dependencies.ts";

/** @throws {Fault} "corrupt", "not-found" (a dependency), "exhausted", "canceled" */
export async function unpackStored(
  host: ImageHost,
  image: StoredImage,
  options: DependencyOptions,
): Promise<StoredImage> {
  host.note(`image: unpacking ${image.name}`);
  return image.format === "aci"
    ? await unpackAci(host, image, options)
    : await unpackOci(host, image);
}

async function unpackAci(
  host: ImageHost,
  image: StoredImage,
  options: DependencyOptions,
): Promise<StoredImage> {
  const blobs = host.store.blobsOf(image.id);
  const path = host.store.blobPath(onlyOne(image, blobs));
  const manifest = await readAciManifest(path);
  const below = await pullDependencies(host, manifest, { ...options, policy: "never" });
  using tree = host.store.newTree();
  const { id, layer } = await unpackArchive(host, {
    ...{ path, manifest, tree: tree.path },
    vouched: isVouchedFor(image.verification),
  });
  if (id !== image.id) throw changed(image, `its content has the id ${id}`);
  const layers = [...below, layer];
  return host.store.addImage({ ...image, manifest, layers, blobs, references: [], aliases: [] });
}

async function unpackOci(host: ImageHost, image: StoredImage): Promise<StoredImage> {
  const blobs = host.store.blobsOf(image.id);
  const [manifestDigest, configDigest] = blobs;
  const manifest = parseOciManifest(readDocument(host, image, manifestDigest));
  const config = parseOciConfig(readDocument(host, image, configDigest));
  const never = async (): Promise<never> => {
    throw changed(image, "a layer is missing");
  };
  const source = { document: never, manifest: never, blob: never };
  const layers = await fetchLayers(
    host,
    source,
    pairLayers(manifest, config),
    isVouchedFor(image.verification),
  );
  const aliases = [manifestDigest, configDigest].filter((digest) => digest !== undefined);
  return host.store.addImage({ ...image, layers, blobs, references: [], aliases });
}

function readDocument(host: ImageHost, image: StoredImage, digest: BlobDigest | undefined): string {
  if (digest === undefined) throw changed(image, "a document is missing");
  const bytes = readFileSync(host.store.blobPath(digest));
  if (digestOf(bytes, "sha256") === digest) return new TextDecoder().decode(bytes);
  throw changed(image, `blob ${quote(digest)} is another one`);
}

function onlyOne(image: StoredImage, [blob]: readonly BlobDigest[]): BlobDigest {
  if (blob !== undefined) return blob;
  throw changed(image, "its archive is missing");
}

function changed({ name }: StoredImage, how: string): Fault {
  return new Fault("corrupt", `unpack ${quote(name)} of the store: ${how}`, {
    hint: "fetch it again: rkt fetch --pull-policy=update",
  });
}

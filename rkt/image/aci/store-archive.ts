/**
 * Unpacks and records an ACI. In: a verified download; out: the stored image. The layer is unpacked
 * beside the store's layers, because its id is known only when all of it was read, and takes its
 * place by one rename.
 */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { type ImageManifest, parseImageManifest, valueOf } from "@rkt/spec";
import { assert, Fault } from "@shared/base";
import type { BlobWriter } from "../blob-writer.ts";
import { betterProof, earlierRecord } from "../earlier-record.ts";
import { fileChunks } from "../fetch/file-chunks.ts";
import type { ImageHost } from "../host.ts";
import { type ImageId, isVouchedFor, type LayerId, type StoredImage } from "../image.ts";
import { unpackLayer } from "../layers/unpack.ts";
import type { SignedArchive, Verified } from "../verify/verify.ts";

/** A download of which the manifest was read. */
export interface Archive extends SignedArchive {
  readonly file: BlobWriter;
  readonly manifest: ImageManifest;
}

export interface StoreOptions {
  /** Reference texts that mean this image from now on. */
  readonly references: readonly string[];
  /** Layers of the dependencies, bottom first. */
  readonly below: readonly LayerId[];
}

type StoreHost = Pick<ImageHost, "store" | "self" | "clock" | "signal">;

/** @throws {Fault} "corrupt", "invalid", "exhausted", "canceled" */
export async function storeArchive(
  host: StoreHost,
  verified: Verified<Archive>,
  options: StoreOptions,
): Promise<StoredImage> {
  const { file, manifest, path } = verified.subject;
  using tree = newTree(path);
  const vouched = isVouchedFor(verified.verification);
  const packed = { path, manifest, tree: tree.path, vouched };
  const { id, layer: own } = await unpackArchive(host, packed);
  const blob = file.commit();
  const earlier = earlierRecord(host.store, id);
  return host.store.addImage({
    id,
    format: "aci",
    name: imageTitle(manifest),
    manifest,
    layers: [...options.below, own],
    blobs: [blob],
    sizeBytes: file.bytes,
    importedMs: host.clock.now(),
    verification: betterProof(verified.verification, earlier?.verification),
    references: options.references,
    aliases: [],
  });
}

/** A plain or compressed archive, its manifest as it was verified, and an empty directory. */
export interface PackedArchive {
  readonly path: string;
  readonly manifest: ImageManifest;
  readonly tree: string;
  /** Its origin was proven. */
  readonly vouched: boolean;
}

/** The id of an archive, and its layer in its place: without what its whitelist leaves out. */
export async function unpackArchive(
  host: Pick<ImageHost, "store" | "self" | "signal">,
  { path, manifest, tree, vouched }: PackedArchive,
): Promise<{ readonly id: ImageId; readonly layer: LayerId }> {
  const unpacked = await unpackLayer(host, fileChunks(path), tree, {
    format: "aci",
    digests: ["sha512"],
    vouched,
    ...(host.signal !== undefined && { signal: host.signal }),
  });
  checkManifest(manifest, unpacked.manifest);
  const id = imageIdOf(unpacked.digests.sha512);
  const layer = await host.store.addWhitelistedLayer(id, manifest.pathWhitelist ?? [], tree);
  if (layer === id) {
    await host.store.addLayer(id, async (directory) => renameSync(tree, directory));
  }
  return { id, layer };
}

/** `name:version`, as `image list` shows it. */
export function imageTitle(manifest: ImageManifest): string {
  const version = valueOf(manifest.labels, "version");
  return version === undefined ? manifest.name : `${manifest.name}:${version}`;
}

function imageIdOf(sha512: string | undefined): ImageId {
  assert(sha512 !== undefined, "the digest was asked for");
  return `sha512-${sha512.slice(0, 64)}`;
}

/**
 * What was verified and what was unpacked must be one manifest: readers could disagree about an odd
 * archive.
 */
function checkManifest(verified: ImageManifest, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) throw new Fault("invalid", "missing manifest");
  const unpacked = parseImageManifest(new TextDecoder().decode(bytes));
  if (JSON.stringify(unpacked) === JSON.stringify(verified)) return;
  throw new Fault("corrupt", "read the archive: it holds two different manifests");
}

/** An empty directory beside the download: the same file system as the layers. */
function newTree(path: string): Disposable & { readonly path: string } {
  const tree = `${path}.tree`;
  mkdirSync(tree, { mode: 0o755 });
  return {
    path: tree,
    [Symbol.dispose]: () => rmSync(tree, { recursive: true, force: true }),
  };
}

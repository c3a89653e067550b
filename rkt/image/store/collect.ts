/**
 * Takes away what nothing needs. In: the store's directories, the names in its records, the layers
 * that pods use; out: what was freed. A leftover is told from work in progress by a lock, never by
 * its age. Never changes a record.
 */
import { readdirSync, renameSync, statSync, unlinkSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { BlobDigest, LayerId } from "../image.ts";
import { type LockHost, tryLock } from "./file-lock.ts";
import {
  blobFile,
  digestOfBlobFile,
  importLockFile,
  isLayerId,
  layerDirectory,
  type StorePaths,
} from "./paths.ts";

/** What a removal freed. */
export interface Collected {
  readonly blobs: readonly BlobDigest[];
  readonly layers: readonly LayerId[];
  readonly blobBytes: number;
  /**
   * True when files stayed because another process was importing; a later collection takes them.
   */
  readonly deferred: boolean;
}

export interface Content {
  readonly layers: readonly LayerId[];
  readonly blobs: readonly BlobDigest[];
}

export interface Collector {
  readonly host: LockHost;
  readonly paths: StorePaths;
  /** What the records name at this moment. */
  readonly named: () => { readonly layers: Set<string>; readonly blobs: Set<string> };
}

/**
 * Removes the candidates that neither a record names nor a pod uses; without candidates, all such
 * content and what dead processes left. Whoever imports holds the import lock shared: then nothing
 * is removed.
 */
export async function collectContent(
  collector: Collector,
  layersInUse: ReadonlySet<LayerId>,
  candidates?: Content,
): Promise<Collected> {
  const { host, paths } = collector;
  using lock = tryLock(host, importLockFile(paths), "exclusive");
  if (lock === undefined) return { blobs: [], layers: [], blobBytes: 0, deferred: true };
  const named = collector.named();
  const { blobs, layers } = candidates ?? allContent(paths);
  const deadBlobs = blobs.filter((digest) => !named.blobs.has(digest));
  const deadLayers = layers.filter((id) => !named.layers.has(id) && !layersInUse.has(id));
  if (candidates === undefined) await removeLeftovers(paths);
  let blobBytes = 0;
  for (const digest of deadBlobs) blobBytes += removeBlob(paths, digest);
  for (const id of deadLayers) await removeLayer(paths, id);
  return { blobs: deadBlobs, layers: deadLayers, blobBytes, deferred: false };
}

function allContent(paths: StorePaths): Content {
  const blobs: BlobDigest[] = [];
  for (const entry of readdirSync(paths.blobs, { recursive: true, withFileTypes: true })) {
    const digest = entry.isFile() ? digestOfBlobFile(entry.name) : undefined;
    if (digest !== undefined) blobs.push(digest);
  }
  return { blobs, layers: readdirSync(paths.layers).filter(isLayerId) };
}

function removeBlob(paths: StorePaths, digest: BlobDigest): number {
  const path = blobFile(paths, digest);
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return 0;
  unlinkSync(path);
  return size;
}

/** First out of sight, then gone: a layer that is half removed never has its name. */
async function removeLayer(paths: StorePaths, id: LayerId): Promise<void> {
  const aside = join(paths.temporary, `layer-${id}.removed-${process.pid}`);
  const path = layerDirectory(paths, id);
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return;
  await removeTree(aside);
  renameSync(path, aside);
  await removeTree(aside);
}

/**
 * Temporary files and layer locks: their owners would hold the import lock, so all of them are
 * dead.
 */
async function removeLeftovers(paths: StorePaths): Promise<void> {
  for (const name of readdirSync(paths.locks)) {
    if (name.startsWith("layer-")) unlinkSync(join(paths.locks, name));
  }
  for (const name of readdirSync(paths.temporary)) await removeTree(join(paths.temporary, name));
}

/**
 * Removes a tree. A process that still writes into it is about to notice; meanwhile we try again.
 */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

/**
 * Takes away what nothing needs. In: the store's directories, the names in its records, the layers
 * that pods use; out: what was freed. A leftover is told from work in progress by a lock, never by
 * its age. Never changes a record.
 */
import { lstatSync, readdirSync, renameSync, statSync, unlinkSync } from "node:fs";
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
 * is removed. The lock is held for renames only, and never across a wait, so that an import in the
 * same process cannot wait for us while we wait for it; the trees go afterwards.
 */
export async function collectContent(
  collector: Collector,
  layersInUse: ReadonlySet<LayerId>,
  candidates?: Content,
): Promise<Collected> {
  const collected = takeAway(collector, layersInUse, candidates);
  if (!collected.deferred) await removeDead(collector.paths);
  return collected;
}

/**
 * Removes what dead processes left, without a look at the records: where a disk is so full that the
 * database cannot be opened, this makes room for it. The lock's file must be there already.
 */
export async function collectTemporary(host: LockHost, paths: StorePaths): Promise<void> {
  using lock = tryLock(host, importLockFile(paths), "exclusive");
  if (lock === undefined) return;
  takeLeftovers(paths);
  await removeDead(paths);
}

async function removeDead({ temporary }: StorePaths): Promise<void> {
  for (const name of readdirSync(temporary)) {
    if (name.startsWith(DEAD)) await removeTree(join(temporary, name));
  }
}

function takeAway(
  collector: Collector,
  layersInUse: ReadonlySet<LayerId>,
  candidates: Content | undefined,
): Collected {
  const { host, paths } = collector;
  using lock = tryLock(host, importLockFile(paths), "exclusive");
  if (lock === undefined) return { blobs: [], layers: [], blobBytes: 0, deferred: true };
  const named = collector.named();
  if (candidates === undefined) takeLeftovers(paths);
  const { blobs, layers } = candidates ?? allContent(paths);
  const deadBlobs = blobs.filter((digest) => !named.blobs.has(digest));
  const deadLayers = layers.filter((id) => !named.layers.has(id) && !layersInUse.has(id));
  let blobBytes = 0;
  for (const digest of deadBlobs) blobBytes += removeBlob(paths, digest);
  for (const id of deadLayers) putAside(paths, layerDirectory(paths, id));
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

/** Names in the temporary directory of what is only waiting to be removed. */
const DEAD = "dead-";

/** First out of sight, then gone: a layer that is half removed never has its name. */
function putAside(paths: StorePaths, path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  for (let serial = 0; ; serial++) {
    const aside = join(paths.temporary, `${DEAD}${process.pid}-${serial}`);
    if (lstatSync(aside, { throwIfNoEntry: false }) !== undefined) continue;
    renameSync(path, aside);
    return;
  }
}

/**
 * Temporary files and locks of layers and URLs: their owners would hold the import lock, so all of
 * them are dead.
 */
function takeLeftovers(paths: StorePaths): void {
  for (const name of readdirSync(paths.locks)) {
    if (/^(?:layer|url)-/.test(name)) unlinkSync(join(paths.locks, name));
  }
  for (const name of readdirSync(paths.temporary)) {
    if (!name.startsWith(DEAD)) putAside(paths, join(paths.temporary, name));
  }
}

/**
 * Removes a tree. A process that still writes into it is about to notice; meanwhile we try again.
 */
export async function removeTree(path: string): Promise<void> {
  const { rm } = await import("node:fs/promises");
  await rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

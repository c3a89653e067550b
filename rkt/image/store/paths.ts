/**
 * Where the store keeps what. In: a data directory and ids; out: absolute paths. An id becomes a
 * path only after it has proven to be an algorithm and hex digits. Touches no disk.
 */
import { join } from "node:path";
import { Fault, quote } from "@shared/base";
import type { BlobDigest, ImageId, LayerId } from "../image.ts";

/** The directories and fixed files of a store. */
export interface StorePaths {
  readonly cas: string;
  readonly database: string;
  readonly blobs: string;
  readonly layers: string;
  /** Everything that is not yet, or no longer, whole. */
  readonly temporary: string;
  readonly locks: string;
  /** One empty file per image that was used; its mtime tells when. */
  readonly uses: string;
}

export function storePaths(dataDir: string): StorePaths {
  const cas = join(dataDir, "cas");
  return {
    cas,
    database: join(cas, "store.db"),
    blobs: join(cas, "blob"),
    layers: join(cas, "layers"),
    temporary: join(cas, "tmp"),
    locks: join(cas, "locks"),
    uses: join(cas, "uses"),
  };
}

const BLOB_DIGEST = /^(?:(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128}|[0-9a-f]{64}))$/;
const LAYER_ID = /^(?:sha256-[0-9a-f]{64}|sha512-(?:[0-9a-f]{128}|[0-9a-f]{64}))$/;

/**
 * `<blobs>/sha256/ab/sha256-ab…`. A SHA-512 may be cut to its first half, as the id of an ACI is.
 */
export function blobFile(paths: StorePaths, digest: BlobDigest): string {
  const match = BLOB_DIGEST.exec(digest);
  const algorithm = match?.[1] ?? match?.[3];
  const hex = match?.[2] ?? match?.[4];
  if (algorithm === undefined || hex === undefined) {
    throw new Fault("invalid", `use blob digest ${quote(digest)}: not <algorithm>:<hex>`);
  }
  return join(paths.blobs, algorithm, hex.slice(0, 2), `${algorithm}-${hex}`);
}

/** The digest that a blob's file name stands for; undefined for a name that is none. */
export function digestOfBlobFile(name: string): BlobDigest | undefined {
  const digest = name.replace("-", ":");
  return BLOB_DIGEST.test(digest) ? (digest as BlobDigest) : undefined;
}

export function isLayerId(text: string): text is LayerId {
  return LAYER_ID.test(text);
}

export function layerDirectory(paths: StorePaths, id: LayerId): string {
  return join(paths.layers, checkedLayerId(id));
}

export function layerLockFile(paths: StorePaths, id: LayerId): string {
  return join(paths.locks, `layer-${checkedLayerId(id)}`);
}

export function urlLockFile(paths: StorePaths, url: string): string {
  return join(paths.locks, `url-${new Bun.CryptoHasher("sha256").update(url).digest("hex")}`);
}

/**
 * Held shared while something is imported, exclusively while files that no record names are
 * removed.
 */
export function importLockFile(paths: StorePaths): string {
  return join(paths.locks, "import");
}

function checkedLayerId(id: LayerId): LayerId {
  if (isLayerId(id)) return id;
  throw new Fault("invalid", `use layer id ${quote(id)}: not <algorithm>-<hex>`);
}

export function useFile(paths: StorePaths, id: ImageId): string {
  if (/^sha512-[0-9a-f]{64}$/.test(id)) return join(paths.uses, id);
  throw new Fault("invalid", `use image id ${quote(id)}: not sha512-<hex>`);
}

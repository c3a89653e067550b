/**
 * Takes over the images of a store that rkt 1.30 made. In: its data directory; out: the same
 * images, with the same ids, in ours. Of the old store only the blobs are read, which are plain
 * archives named by their ids; it stays as it is.
 *
 * @see rkt store/imagestore/store.go, "blob" and "hashPrefix"
 */
import { createHash, type Hash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { ImageManifest } from "@rkt/spec";
import { describeFault, Fault, GiB, quote } from "@shared/base";
import { readAciManifest } from "./aci/read-manifest.ts";
import { storeArchive } from "./aci/store-archive.ts";
import { BlobWriter } from "./blob-writer.ts";
import { fileChunks } from "./fetch/file-chunks.ts";
import type { ImageHost } from "./host.ts";
import type { ImageId, StoredImage } from "./image.ts";
import { type DependencyOptions, pullDependencies } from "./pull-dependencies.ts";
import { acceptImported } from "./verify/verify.ts";

/** An archive of the old store. */
interface OldImage {
  readonly id: ImageId;
  readonly path: string;
}

interface Candidate extends OldImage {
  readonly manifest: ImageManifest;
}

/** An image that could not be taken over, and why. */
export interface LeftOut {
  readonly name: string;
  readonly reason: string;
}

/** What came of taking over a store. */
export interface ImportedStore {
  readonly images: readonly StoredImage[];
  readonly leftOut: readonly LeftOut[];
}

const BLOB_NAME = /^sha512-([0-9a-f]{64})(?:[0-9a-f]{64})?$/;
const ARCHIVE_BYTES_MAX: number = 64 * GiB;

/** @throws {Fault} "not-found" where there is no such store, "exhausted", "canceled" */
export async function importStore(
  host: ImageHost,
  directory: string,
  options: DependencyOptions,
): Promise<ImportedStore> {
  const images: StoredImage[] = [];
  const leftOut: LeftOut[] = [];
  const waiting: Candidate[] = [];
  for (const old of findImages(directory)) {
    try {
      waiting.push({ ...old, manifest: await readAciManifest(old.path) });
    } catch (error) {
      leftOut.push({ name: old.id, reason: reasonOf(error) });
    }
  }
  for (const candidate of inOrder(waiting)) {
    try {
      images.push(await importOne(host, candidate, { ...options, policy: "never" }));
    } catch (error) {
      leftOut.push({ name: candidate.manifest.name, reason: reasonOf(error) });
    }
  }
  return { images, leftOut };
}

/** Faults of one image leave the others alone; a full disk does not. */
function reasonOf(error: unknown): string {
  const { kind } = Fault.from(error);
  if (kind === "exhausted" || kind === "canceled" || kind === "internal") throw error;
  return describeFault(error);
}

function findImages(directory: string): OldImage[] {
  const blobs = join(directory, "cas/blob/sha512");
  if (!existsSync(join(directory, "cas/db/ql.db"))) {
    throw new Fault(
      "not-found",
      `import ${quote(directory)}: it is no data directory of rkt 1.30`,
      {
        hint: "such a directory has a file cas/db/ql.db",
      },
    );
  }
  if (!existsSync(blobs)) return [];
  return readdirSync(blobs, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const hex = BLOB_NAME.exec(entry.name)?.[1];
    if (!entry.isFile() || hex === undefined) return [];
    return [{ id: `sha512-${hex}` as const, path: join(entry.parentPath, entry.name) }];
  });
}

/** Images after those that they stand on, as far as the old store has them. */
function inOrder(candidates: readonly Candidate[]): Candidate[] {
  const ordered = new Set<Candidate>();
  const begun = new Set<Candidate>();
  const visit = (candidate: Candidate): void => {
    if (begun.has(candidate)) return;
    begun.add(candidate);
    for (const { imageName } of candidate.manifest.dependencies ?? []) {
      for (const other of candidates) if (other.manifest.name === imageName) visit(other);
    }
    ordered.add(candidate);
  };
  for (const candidate of candidates) visit(candidate);
  return [...ordered];
}

async function importOne(
  host: ImageHost,
  { id, path, manifest }: Candidate,
  options: DependencyOptions,
): Promise<StoredImage> {
  using file = new BlobWriter(host.store, { what: path, bytesMax: ARCHIVE_BYTES_MAX });
  const hash = createHash("sha512");
  await file.take(hashed(fileChunks(path), hash));
  const found = hash.digest("hex").slice(0, 64);
  if (id !== `sha512-${found}`) {
    throw new Fault("corrupt", `read ${quote(path)}: its content has the id sha512-${found}`);
  }
  const below = await pullDependencies(host, manifest, options);
  const archive = { file, path: file.path, manifest, imageName: manifest.name };
  return await storeArchive(host, acceptImported(archive), { references: [], below });
}

async function* hashed(
  input: AsyncIterable<Uint8Array>,
  hash: Hash,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of input) {
    hash.update(chunk);
    yield chunk;
  }
}

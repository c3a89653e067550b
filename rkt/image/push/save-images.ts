/**
 * Stored container images as one archive for other tools. In: images and a form; out: a file, there
 * whole or not at all. Reproducible: no time and no owner of ours is in it.
 *
 * @see OCI Image Specification 1.1, image-layout.md; moby, image/spec/v1.2.md
 */
import { closeSync, existsSync, openSync, renameSync, rmSync } from "node:fs";
import { type DockerReference, fullDockerReference, type OciLayer } from "@rkt/spec";
import { Fault, quote, writeAll } from "@shared/base";
import { fileChunks } from "../fetch/file-chunks.ts";
import { isVouchedFor } from "../image.ts";
import { decompress } from "../layers/decompress.ts";
import { TAR_END, tarHeader, tarPadding } from "../layers/tar-writer.ts";
import type { Store } from "../store/store.ts";
import { manifestDescriptor, type StoredOci } from "./stored-oci.ts";

/** Forms of archives that other tools read. */
export type SaveFormat = "oci-archive" | "docker-archive";

/** Where to, and in which form. */
export interface SaveOptions {
  readonly path: string;
  readonly format: SaveFormat;
  readonly overwrite: boolean;
}

type SaveStore = Pick<Store, "blobPath" | "newBlobFile">;

/** @throws {Fault} "already-exists", "exhausted" */
export async function saveImages(
  store: SaveStore,
  images: readonly StoredOci[],
  { path, format, overwrite }: SaveOptions,
): Promise<void> {
  if (!overwrite && existsSync(path)) {
    throw new Fault("already-exists", `save to ${quote(path)}: it exists (try --overwrite)`);
  }
  const beside = `${path}.${process.pid}.part`;
  const fd = openSync(beside, "wx", 0o644);
  try {
    try {
      const archive = new ArchiveFile(fd);
      if (format === "oci-archive") await writeLayout(archive, store, images);
      else await writeDockerArchive(archive, store, images);
      writeAll(fd, TAR_END);
    } finally {
      closeSync(fd);
    }
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

/** Entries of an archive, each name once. */
class ArchiveFile {
  readonly #fd: number;
  readonly #names = new Set<string>();

  constructor(fd: number) {
    this.#fd = fd;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  add(name: string, content: Uint8Array): void {
    if (this.has(name)) return;
    this.#begin(name, content.length);
    writeAll(this.#fd, content);
    writeAll(this.#fd, tarPadding(content.length));
  }

  addJson(name: string, value: unknown): void {
    this.add(name, Buffer.from(JSON.stringify(value)));
  }

  async addFile(name: string, path: string): Promise<void> {
    if (this.has(name)) return;
    const { size } = Bun.file(path);
    this.#begin(name, size);
    for await (const chunk of fileChunks(path)) writeAll(this.#fd, chunk);
    writeAll(this.#fd, tarPadding(size));
  }

  #begin(name: string, size: number): void {
    this.#names.add(name);
    writeAll(this.#fd, tarHeader({ type: "file", path: name }, size));
  }
}

async function writeLayout(
  archive: ArchiveFile,
  store: SaveStore,
  images: readonly StoredOci[],
): Promise<void> {
  archive.addJson("oci-layout", { imageLayoutVersion: "1.0.0" });
  const manifests = images.map((stored) => ({
    ...manifestDescriptor(stored),
    ...(stored.name !== undefined && { annotations: annotationsOf(stored.name) }),
  }));
  const mediaType = "application/vnd.oci.image.index.v1+json";
  archive.addJson("index.json", { schemaVersion: 2, mediaType, manifests });
  for (const stored of images) {
    const { digest } = manifestDescriptor(stored);
    archive.add(blobName(digest), stored.manifestBytes);
    archive.add(blobName(stored.manifest.config.digest), stored.configBytes);
    for (const { descriptor } of stored.layers) {
      await archive.addFile(blobName(descriptor.digest), store.blobPath(descriptor.digest));
    }
  }
}

function blobName(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/** Readers look for one or the other; podman and skopeo take the whole name for both. */
function annotationsOf(reference: DockerReference): Readonly<Record<string, string>> {
  const name = publicName(reference);
  return { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name };
}

/** `docker.io/library/busybox:latest`: Docker's registry by the name that people know. */
function publicName(reference: DockerReference): string {
  return fullDockerReference(reference).replace(/^registry-1\.docker\.io\//, "docker.io/");
}

async function writeDockerArchive(
  archive: ArchiveFile,
  store: SaveStore,
  images: readonly StoredOci[],
): Promise<void> {
  const table: unknown[] = [];
  for (const stored of images) {
    const config = `${hexOf(stored.manifest.config.digest)}.json`;
    archive.add(config, stored.configBytes);
    const layers: string[] = [];
    const vouched = isVouchedFor(stored.image.verification);
    for (const layer of stored.layers) {
      layers.push(await addPlainLayer(archive, store, { ...layer, vouched }));
    }
    const named = stored.name !== undefined && stored.name.digest === undefined;
    table.push({
      Config: config,
      RepoTags: named ? [publicName(stored.name)] : null,
      Layers: layers,
    });
  }
  archive.addJson("manifest.json", table);
}

/** In this form layers are not compressed; how large one is, is known only afterwards. */
async function addPlainLayer(
  archive: ArchiveFile,
  store: SaveStore,
  { descriptor, diffId, vouched }: OciLayer & { readonly vouched: boolean },
): Promise<string> {
  const name = `${hexOf(diffId)}.tar`;
  if (archive.has(name)) return name;
  const plain = store.newBlobFile();
  try {
    const { output } = await decompress(fileChunks(store.blobPath(descriptor.digest)), { vouched });
    for await (const chunk of output) writeAll(plain.fd, chunk);
    await archive.addFile(name, plain.path);
  } finally {
    closeSync(plain.fd);
    rmSync(plain.path, { force: true });
  }
  return name;
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1);
}

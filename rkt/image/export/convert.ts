/**
 * A container image as ACIs, as docker2aci writes them: squashed into one, or one for each layer.
 * In: a stored image; out: files in a directory. Never changes the store.
 *
 * @see docker2aci lib/internal/internal.go (names of files), lib/docker2aci.go (squashing)
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import {
  type Dependency,
  type ImageManifest,
  type NameValue,
  printImageManifest,
  valueOf,
} from "@rkt/spec";
import type { ImageId, LayerId, StoredImage } from "../image.ts";
import { type ArchiveHost, aciOf } from "./image-archive.ts";
import { isOpaque, isWhiteout, layerTree, mergedTree, type TreeHost } from "./merged-tree.ts";
import { treeArchive } from "./tree-archive.ts";
import { writeArchiveFile } from "./write-out.ts";

/** What is written, and how. */
export interface ConvertOptions {
  /** Where the files go. */
  readonly directory: string;
  /** One ACI for all layers, instead of one for each. */
  readonly squash: boolean;
  readonly compression: "gzip" | "none";
}

/**
 * What docker2aci makes of these names where an image has them: nspawn connects standard streams to
 * what cannot be opened again by name.
 */
const DEVICE_LINKS: ReadonlyMap<string, string> = new Map([
  ["dev/stdin", "/proc/self/fd/0"],
  ["dev/stdout", "/dev/console"],
  ["dev/stderr", "/dev/console"],
  ["dev/fd", "/proc/self/fd"],
]);

/**
 * Writes the image and returns the names of the files, lower layers first. A file of the same name
 * is replaced.
 */
export async function convertImage(
  host: ArchiveHost,
  image: StoredImage,
  options: ConvertOptions,
): Promise<readonly string[]> {
  const stem = stemOf(image.manifest);
  if (!options.squash) return await convertLayers(host, image, options);
  const layers = image.layers.map((id) => host.store.layerPath(id));
  const archive = aciOf(host, image.manifest, layers, DEVICE_LINKS);
  await write(archive, `${stem}.aci`, options);
  return [`${stem}.aci`];
}

/** `library-busybox-latest` */
function stemOf(manifest: ImageManifest): string {
  const repository = valueOf(manifest.annotations, "appc.io/docker/repository") ?? manifest.name;
  const version = valueOf(manifest.labels, "version");
  const stem = version === undefined ? repository : `${repository}-${version}`;
  return stem.replaceAll(/[^A-Za-z0-9._-]/g, "-").replace(/^[.-]+/, "");
}

async function convertLayers(
  host: ArchiveHost,
  image: StoredImage,
  options: ConvertOptions,
): Promise<string[]> {
  const { manifest, layers } = image;
  const { os, arch } = { os: label(manifest, "os"), arch: label(manifest, "arch") };
  const platform = [os, arch].map(({ value }) => value).join("-");
  const names: string[] = [];
  const dependencies: Dependency[] = [];
  for (const [index, layer] of layers.entries()) {
    const isTop = index === layers.length - 1;
    const own = isTop
      ? topManifest(host, image, dependencies)
      : layerManifest(manifest, layer, [os, arch]);
    const name = `${stemOf(manifest)}-${platform}-${index}.aci`;
    const content = Buffer.from(printImageManifest(own, { pretty: false }));
    const archive = treeArchive(host, withoutWhiteouts(host.store.layerPath(layer)), {
      below: "rootfs",
      first: [{ path: "manifest", content }],
      links: DEVICE_LINKS,
    });
    const imageID = await write(archive, name, options);
    dependencies.push({ imageName: own.name, imageID, labels: own.labels ?? [] });
    names.push(name);
  }
  return names;
}

function label({ labels }: ImageManifest, name: "os" | "arch"): NameValue {
  return { name, value: valueOf(labels, name) ?? (name === "os" ? "linux" : "amd64") };
}

function layerManifest(
  manifest: ImageManifest,
  layer: LayerId,
  labels: readonly NameValue[],
): ImageManifest {
  const { acKind, acVersion, name } = manifest;
  return { acKind, acVersion, name: `${name}-${layer}`, labels };
}

/** Stands on all others. What layers hide is hidden by listing everything else. */
function topManifest(
  host: ArchiveHost,
  image: StoredImage,
  dependencies: readonly Dependency[],
): ImageManifest {
  const layers = image.layers.map((id) => host.store.layerPath(id));
  const hides = layers.some((layer) => hidesSomething(host, layer));
  return {
    ...image.manifest,
    ...(dependencies.length > 0 && { dependencies }),
    ...(hides && { pathWhitelist: visiblePaths(host, layers) }),
  };
}

function hidesSomething(host: TreeHost, layer: string): boolean {
  for (const { at, stat } of layerTree(layer)) {
    if (isWhiteout(stat) || (stat.isDirectory() && isOpaque(host, at))) return true;
  }
  return false;
}

/**
 * Absolute paths of all that is visible in these layers: appc's only way to hide a file of a
 * dependency. @see appc 0.8.11 aci.md, pathWhitelist
 */
export function visiblePaths(host: TreeHost, layers: readonly string[]): string[] {
  const paths = [...mergedTree(host, layers)].map(({ path }) => path).filter(Boolean);
  return paths.map((path) => `/${Buffer.from(path, "latin1").toString()}`);
}

function* withoutWhiteouts(layer: string): ReturnType<typeof layerTree> {
  for (const node of layerTree(layer)) if (!isWhiteout(node.stat)) yield node;
}

/** @returns the id that the ACI has */
async function write(
  archive: AsyncIterable<Uint8Array>,
  name: string,
  { directory, compression }: ConvertOptions,
): Promise<ImageId> {
  const hash = createHash("sha512");
  const plain = hashed(archive, hash);
  const bytes = compression === "gzip" ? gzipped(plain) : plain;
  await writeArchiveFile(bytes, join(directory, name), { overwrite: true });
  return `sha512-${hash.digest("hex").slice(0, 64)}`;
}

async function* hashed(
  bytes: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

/** Compressed; the same bytes for the same bytes. */
export async function* gzipped(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(bytes, { objectMode: true });
  const engine = createGzip();
  source.on("error", (error) => engine.destroy(error));
  source.pipe(engine);
  for await (const chunk of engine) yield chunk as Uint8Array;
}

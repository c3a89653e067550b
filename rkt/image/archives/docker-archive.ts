/**
 * What `docker save` writes, as a source. In: an indexed archive and a name in it; out: the
 * documents of an image, of which the manifest is made here, because the archive has none. Checks
 * no digest but what it computes.
 *
 * @see moby, image/spec/v1.2.md, "Combined Image JSON + Filesystem Changeset Format"
 */
import { createHash } from "node:crypto";
import {
  type OciDescriptor,
  type OciDigest,
  parseDockerReference,
  fullDockerReference,
  parseOciConfig,
  readList,
  readObject,
  readText,
  readTexts,
} from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { DOCUMENT_BYTES_MAX, digestOf, type OciSource } from "../fetch/oci-source.ts";
import { sniffCompression } from "../layers/decompress.ts";
import type { TarIndex } from "./tar-index.ts";

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG = "application/vnd.docker.container.image.v1+json";
const LAYER = "application/vnd.docker.image.rootfs.diff.tar";
const TABLE = "manifest.json";

/** One image of an archive. */
export interface SavedImage {
  /** As people named it: `busybox:latest`, `registry.test/app:1`. */
  readonly tags: readonly string[];
  readonly config: string;
  readonly layers: readonly string[];
}

/** What is in the archive. @throws {Fault} "not-found", "invalid" */
export function savedImages(index: TarIndex): readonly SavedImage[] {
  const text = new TextDecoder().decode(index.read(TABLE, DOCUMENT_BYTES_MAX));
  try {
    return readList(JSON.parse(text) as unknown, TABLE, readSaved) ?? [];
  } catch (cause) {
    throw new Fault("invalid", `open ${quote(index.place)}: read ${quote(TABLE)}`, { cause });
  }
}

function readSaved(value: unknown, place: string): SavedImage {
  const image = readObject(value, place);
  return {
    tags: readTexts(image["RepoTags"], `${place}.RepoTags`) ?? [],
    config: readText(image["Config"], `${place}.Config`) ?? "",
    layers: readTexts(image["Layers"], `${place}.Layers`) ?? [],
  };
}

/** The image of that name; without a name the only one. @throws {Fault} "not-found", "ambiguous" */
export function findSaved(index: TarIndex, reference: string | undefined): SavedImage {
  const images = savedImages(index);
  const found = images.filter(
    ({ tags }) => reference === undefined || tags.some((tag) => sameName(tag, reference)),
  );
  const [first, second] = found;
  const what = reference === undefined ? "the image" : `image ${quote(reference)}`;
  const names = images.flatMap(({ tags }) => tags).map(quote);
  const hint = `it has ${names.length === 0 ? "no named images" : names.slice(0, 20).join(", ")}`;
  const where = `in ${quote(index.place)}`;
  if (first === undefined) throw new Fault("not-found", `find ${what} ${where}`, { hint });
  if (second === undefined || reference !== undefined) return first;
  throw new Fault("ambiguous", `find ${what} ${where}: it holds ${found.length}`, { hint });
}

function sameName(tag: string, reference: string): boolean {
  return tag === reference || fullName(tag) === fullName(reference);
}

function fullName(text: string): string | undefined {
  try {
    return fullDockerReference(parseDockerReference(text));
  } catch {
    return undefined; // what is no name equals none
  }
}

/** One image of an archive as a source. */
export function dockerArchiveSource(index: TarIndex, image: SavedImage): OciSource {
  const names = new Map<OciDigest, string>();
  return {
    document: async () => {
      const bytes = index.read(image.config, DOCUMENT_BYTES_MAX);
      const { diffIds } = parseOciConfig(new TextDecoder().decode(bytes));
      const config = { mediaType: CONFIG, digest: digestOf(bytes, "sha256"), size: bytes.length };
      names.set(config.digest, image.config);
      const layers: OciDescriptor[] = [];
      for (const [at, name] of image.layers.entries()) {
        const layer = await describeLayer(index, name, diffIds[at]);
        names.set(layer.digest, name);
        layers.push(layer);
      }
      const manifest = { schemaVersion: 2, mediaType: MANIFEST, config, layers };
      return Buffer.from(JSON.stringify(manifest));
    },
    manifest: () => Promise.reject(new Fault("not-found", "find a manifest in a docker archive")),
    blob: ({ digest }, from = 0) => {
      const name = names.get(digest);
      if (name !== undefined) return Promise.resolve(index.chunks(name, from));
      return Promise.reject(new Fault("not-found", `find ${quote(digest)} in a docker archive`));
    },
  };
}

/** An uncompressed layer has the digest that the configuration says: it is checked on its way. */
async function describeLayer(
  index: TarIndex,
  name: string,
  diffId: OciDigest | undefined,
): Promise<OciDescriptor> {
  const size = index.sizeOf(name);
  const compression = await compressionOf(index, name);
  if (compression === "none" && diffId !== undefined) {
    return { mediaType: LAYER, digest: diffId, size };
  }
  const hash = createHash("sha256");
  for await (const chunk of index.chunks(name, 0)) hash.update(chunk);
  return { mediaType: `${LAYER}.gzip`, digest: `sha256:${hash.digest("hex")}`, size };
}

async function compressionOf(index: TarIndex, name: string): Promise<string> {
  for await (const chunk of index.chunks(name, 0)) return sniffCompression(chunk);
  return "none";
}

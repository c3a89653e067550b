/**
 * Fetches an OCI or Docker image. In: a place that serves its documents and blobs; out: the stored
 * image. Layers are downloaded, checked and unpacked in one pass, three at a time; what the store
 * has is not asked for.
 *
 * @see OCI Image Specification 1.1; OCI Distribution Specification 1.1
 */
import { createHash } from "node:crypto";
import {
  describePlatform,
  fullDockerReference,
  type OciLayer,
  type OciManifest,
  type OciOrigin,
  type Platform,
  pairLayers,
  parseOciConfig,
  toImageManifest,
} from "@rkt/spec";
import { Fault, type FaultKind, GiB, quote } from "@shared/base";
import { betterProof, earlierRecord } from "../earlier-record.ts";
import { BlobWriter } from "../blob-writer.ts";
import { fileChunks } from "../fetch/file-chunks.ts";
import { DOCUMENT_BYTES_MAX, digestOf, type OciSource } from "../fetch/oci-source.ts";
import { reported } from "../fetch/progress.ts";
import { readSmallBlob } from "../fetch/small-blob.ts";
import type { ImageHost } from "../host.ts";
import {
  type BlobDigest,
  type ImageId,
  isVouchedFor,
  type LayerId,
  type StoredImage,
} from "../image.ts";
import { spareUnpacker, unpackLayer, type UnpackHost } from "../layers/unpack.ts";
import type { NewImage } from "../store/store.ts";
import { keepLayers, layerIdOf } from "./keep-layers.ts";
import type { ResolvedImage } from "./resolve-oci.ts";
import type { Verified } from "../verify/verify.ts";

export interface OciPullOptions {
  readonly source: OciSource;
  /** Means this image from now on. */
  readonly referenceText: string;
  /** An image for another one is refused. */
  readonly platform?: Platform;
}

type OciHost = UnpackHost &
  Pick<ImageHost, "store" | "clock" | "signal" | "progress" | "note" | "unprivileged">;

const LAYER_BYTES_MAX: number = 64 * GiB;
const PARALLEL_MAX = 3;

/**
 * @throws {Fault} "corrupt" (wrong digest, truncated), "invalid", "not-found", "unsupported", and
 * the source's faults
 */
export async function pullOci(
  host: OciHost,
  verified: Verified<ResolvedImage>,
  options: OciPullOptions,
): Promise<StoredImage> {
  const { source } = options;
  const { origin, bytes, manifest } = verified.subject;
  const idle = host.unprivileged === true || manifest.layers.every(isThere(host));
  await using spare = idle ? undefined : spareUnpacker(host);
  const configBytes = await readSmallBlob(source, manifest.config);
  const config = parseOciConfig(textOf(configBytes));
  if (options.platform !== undefined) checkPlatform(config.platform, options.platform);
  const digests = { manifest: digestOf(bytes, "sha256"), config: manifest.config.digest };
  const translated = toImageManifest(origin, config, digests);
  const paired = pairLayers(manifest, config);
  const layers =
    host.unprivileged === true
      ? await keepLayers(host, source, paired)
      : await fetchLayers(
          spare === undefined ? host : { ...host, spare },
          source,
          paired,
          isVouchedFor(verified.verification),
        );
  const documents = [await storeSmall(host, bytes), await storeSmall(host, configBytes)];
  const blobs = manifest.layers.map(({ digest }) => digest).filter((d) => host.store.hasBlob(d));
  const id = imageIdOf(bytes);
  const earlier = earlierRecord(host.store, id);
  // A tag is a name that people gave; a digest or a directory does not replace it.
  const named = isTagged(origin) ? undefined : earlier;
  const record: NewImage = {
    id,
    format: "oci",
    name: named?.name ?? titleOf(origin),
    manifest: named?.manifest ?? translated,
    layers,
    blobs: [...new Set<BlobDigest>([...documents, ...blobs])],
    sizeBytes: sizeOf(manifest, bytes.length),
    importedMs: host.clock.now(),
    verification: betterProof(verified.verification, earlier?.verification),
    references: [options.referenceText],
    aliases: [...new Set([digests.manifest, digests.config])],
  };
  if (host.unprivileged === true) return host.store.addPackedImage(record);
  return host.store.addImage(record);
}

/** Mostly then its layer is there as well. */
function isThere({ store }: OciHost): (layer: OciManifest["layers"][number]) => boolean {
  return ({ digest }) => store.hasBlob(digest);
}

function checkPlatform(found: Platform, wanted: Platform): void {
  const same = found.os === wanted.os && found.architecture === wanted.architecture;
  if (same && (wanted.variant ?? found.variant) === found.variant) return;
  const words = `it is for ${describePlatform(found)}, not for ${describePlatform(wanted)}`;
  throw new Fault("not-found", `fetch the image: ${words}`);
}

/** The bytes count once each, however often a layer occurs. */
function sizeOf(manifest: OciManifest, manifestBytes: number): number {
  const sizes = new Map([manifest.config, ...manifest.layers].map((d) => [d.digest, d.size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, manifestBytes);
}

function isTagged(origin: OciOrigin): boolean {
  return origin.kind === "docker" && origin.digest === undefined;
}

function titleOf(origin: OciOrigin): string {
  if (origin.kind === "docker") return fullDockerReference(origin);
  return origin.reference === undefined
    ? origin.directory
    : `${origin.directory}:${origin.reference}`;
}

function imageIdOf(manifest: Uint8Array): ImageId {
  return `sha512-${createHash("sha512").update(manifest).digest("hex").slice(0, 64)}`;
}

async function storeSmall(host: OciHost, bytes: Uint8Array): Promise<BlobDigest> {
  const digest = digestOf(bytes, "sha256");
  if (host.store.hasBlob(digest)) return digest;
  using file = new BlobWriter(host.store, { what: digest, digest, bytesMax: DOCUMENT_BYTES_MAX });
  await file.take(one(bytes));
  return file.commit();
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** All layers, bottom first. The first failure ends the others. */
export async function fetchLayers(
  host: OciHost,
  source: OciSource,
  layers: readonly OciLayer[],
  vouched: boolean,
): Promise<LayerId[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([
    stop.signal,
    ...(host.signal === undefined ? [] : [host.signal]),
  ]);
  const waiting = [...new Map(layers.map((layer) => [layer.diffId, layer])).values()];
  const worker = async (): Promise<void> => {
    for (let layer = waiting.shift(); layer !== undefined; layer = waiting.shift()) {
      signal.throwIfAborted();
      await fetchLayer({ ...host, signal, vouched }, source, layer);
    }
  };
  const workers = Array.from({ length: PARALLEL_MAX }, worker);
  try {
    await Promise.all(workers);
  } catch (error) {
    stop.abort();
    await Promise.allSettled(workers);
    throw error;
  }
  return layers.map(layerIdOf);
}

const WAITING = "image: another rkt instance is downloading this file, waiting...";

/** What all layers of one image have in common. */
type LayerHost = OciHost & { readonly vouched: boolean };

async function fetchLayer(host: LayerHost, source: OciSource, layer: OciLayer): Promise<void> {
  const { digest } = layer.descriptor;
  let resumed = false;
  const unpack = async (directory: string): Promise<void> => {
    if (host.store.hasBlob(digest)) {
      await unpackInto(host, fileChunks(host.store.blobPath(digest)), layer, directory);
      return;
    }
    using file = partialFile(host, layer);
    resumed = file.resumed;
    await downloadInto(host, source, { layer, file, directory });
  };
  const signal = host.signal === undefined ? {} : { signal: host.signal };
  const options = { ...signal, waiting: () => host.note(WAITING), synced: true };
  const add = async (): Promise<void> =>
    await host.store.addLayer(layerIdOf(layer), unpack, options);
  try {
    await add();
  } catch (error) {
    // What a killed process left may be damaged: then it is gone now.
    if (!resumed || Fault.from(error).kind !== "corrupt") throw error;
    await add();
  }
}

function partialFile({ store }: OciHost, { descriptor }: OciLayer): BlobWriter {
  const { digest, size } = descriptor;
  const bytesMax = LAYER_BYTES_MAX;
  return new BlobWriter(store, {
    what: digest,
    digest,
    sizeBytes: size,
    bytesMax,
    resumable: true,
  });
}

interface Download {
  readonly layer: OciLayer;
  readonly file: BlobWriter;
  readonly directory: string;
}

/** Failures that say nothing against the bytes that came. */
const KEEPING: readonly FaultKind[] = ["unavailable", "timeout", "canceled"];

async function downloadInto(
  host: LayerHost,
  source: OciSource,
  { layer, file, directory }: Download,
): Promise<void> {
  try {
    await unpackInto(host, arriving(host, source, { layer, file }), layer, directory);
  } catch (error) {
    if (KEEPING.includes(Fault.from(error).kind)) file.keep();
    throw error;
  }
  const { digest } = layer.descriptor;
  if (!file.complete) throw new Fault("corrupt", `fetch ${quote(digest)}: bytes after its end`);
  file.commit();
}

/** The whole blob: what an earlier process left, then the rest from the source. */
async function* arriving(
  host: OciHost,
  source: OciSource,
  { layer, file }: Pick<Download, "layer" | "file">,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { digest, size } = layer.descriptor;
  yield* file.earlier();
  const label = `Downloading ${digest.slice(0, "sha256:".length + 11)}`;
  const progress = { id: digest, label, totalBytes: size, doneBytes: file.bytes };
  const rest = file.bytes === size ? [] : await source.blob(layer.descriptor, file.bytes);
  yield* file.pass(reported(host, chunksOf(rest), progress));
}

async function* chunksOf(
  chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[],
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
}

async function unpackInto(
  host: LayerHost,
  input: AsyncIterable<Uint8Array>,
  layer: OciLayer,
  directory: string,
): Promise<void> {
  const { diffId } = layer;
  const algorithm = diffId.startsWith("sha512:") ? "sha512" : "sha256";
  const signal = host.signal === undefined ? {} : { signal: host.signal };
  const { vouched } = host;
  const options = { format: "oci", digests: [algorithm], sync: true, vouched, ...signal } as const;
  const { digests } = await unpackLayer(host, input, directory, options);
  const found = `${algorithm}:${digests[algorithm]}`;
  if (found === diffId) return;
  throw new Fault(
    "corrupt",
    `unpack layer ${quote(diffId)}: the digest of its content is ${found}`,
  );
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

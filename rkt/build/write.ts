/**
 * The image that was built, as a file. In: a build; out: a compressed ACI, or an OCI image in an
 * archive or in a directory. The build goes on afterwards.
 *
 * @see OCI image-spec 1.1, image-layout.md
 */
import { createHash, type Hash } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { type ImageHost, openStore, type PullOptions, type Store } from "@rkt/image";
import {
  aciOf,
  gzipped,
  layerArchive,
  layerTree,
  treeArchive,
  visiblePaths,
  writeArchiveFile,
} from "@rkt/image/trees";
import type { ImageManifest, OciDescriptor, OciDigest } from "@rkt/spec";
import { type Clock, Fault, quote, writeAll } from "@shared/base";
import { UNNAMED } from "./begin.ts";
import { type Build, type BuildHost, layerPathIn, saveDraft } from "./build-directory.ts";
import { allLowerLayers, idOf } from "./lower-layers.ts";
import type { OciDraft } from "./oci-draft.ts";

/** Where an image goes, and what fetching dependencies for it needs. */
export interface WriteOptions {
  readonly path: string;
  readonly overwrite: boolean;
  readonly pull: PullOptions;
  readonly imageHost: (store: ImageHost["store"]) => ImageHost;
  readonly clock: Clock;
}

/** @throws {Fault} "already-exists", "invalid" for an image that is not complete */
export async function writeImage(
  host: BuildHost,
  build: Build,
  options: WriteOptions,
): Promise<void> {
  const { path, overwrite } = options;
  if (!overwrite && existsSync(path)) {
    throw new Fault("already-exists", `write ${quote(path)}: it exists (try --overwrite)`);
  }
  if (build.draft.mode === "appc") await writeAci(host, build, options);
  else await writeOci(host, build, options);
}

async function writeAci(host: BuildHost, build: Build, options: WriteOptions): Promise<void> {
  const { draft, paths } = build;
  if (draft.mode !== "appc") return;
  if (draft.manifest.name === UNNAMED) {
    throw new Fault("invalid", "can't write ACI, name was never set", {
      hint: "give it one: acbuild set-name example.com/app",
    });
  }
  const manifest = await withWhitelist(host, build, { manifest: draft.manifest, options });
  await writeArchiveFile(gzipped(aciOf(host, manifest, [paths.top])), options.path, options);
}

/** What a step removed of a dependency's files is hidden by listing everything else. */
async function withWhitelist(
  host: BuildHost,
  { draft, paths }: Build,
  { manifest, options }: { manifest: ImageManifest; options: WriteOptions },
): Promise<ImageManifest> {
  const isWhiteout = (rdev: number, isDevice: boolean): boolean => isDevice && rdev === 0;
  const nodes = [...layerTree(paths.top)];
  const hides = nodes.some(({ stat }) => isWhiteout(stat.rdev, stat.isCharacterDevice()));
  if (!hides || (manifest.dependencies ?? []).length === 0) return manifest;
  using store = openStore(host, paths.data);
  const lower = await allLowerLayers(options.imageHost(store), draft, options.pull);
  const layers = [...lower.map((id) => layerPathIn(paths, id)), paths.top];
  return { ...manifest, pathWhitelist: visiblePaths(host, layers) };
}

/** Closes the open layer of an OCI image: what comes next is a layer of its own. */
export async function closeLayer(host: BuildHost, build: Build, clock: Clock): Promise<OciDraft> {
  const { draft, paths } = build;
  if (draft.mode !== "oci") {
    throw new Fault("unsupported", "close a layer: an ACI has only one", {
      hint: "begin with --build-mode=oci",
    });
  }
  if (readdirSync(paths.top).length === 0) return draft.oci;
  using store = openStore(host, paths.data);
  const { descriptor, diffId } = await storeLayer(host, store, paths.top);
  await store.addLayer(idOf(diffId), async (directory) => renameSync(paths.top, directory));
  rmSync(paths.top, { recursive: true, force: true });
  mkdirSync(paths.top, { mode: 0o755 });
  const step = { created: timeOf(clock), created_by: "acbuild" };
  const history = [...completeHistory(draft.oci), step];
  const oci: OciDraft = {
    ...draft.oci,
    config: { ...draft.oci.config, history },
    layers: [...draft.oci.layers, { descriptor, diffId }],
  };
  saveDraft(paths, { mode: "oci", oci });
  return oci;
}

/** One step for each layer: an earlier image need not tell of all of its own. */
function completeHistory({ config, layers }: OciDraft): unknown[] {
  const told = Array.isArray(config["history"]) ? (config["history"] as unknown[]) : [];
  const changing = told.filter((step) => (step as { empty_layer?: unknown }).empty_layer !== true);
  // Readers expect a time in each.
  const untold = { created: config["created"] ?? "1970-01-01T00:00:00Z", created_by: "" };
  return [...layers.slice(changing.length).map(() => untold), ...told];
}

function timeOf(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}

const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

async function storeLayer(
  host: BuildHost,
  store: Store,
  top: string,
): Promise<{ descriptor: OciDescriptor; diffId: OciDigest }> {
  const [plain, packed] = [createHash("sha256"), createHash("sha256")];
  const file = store.newBlobFile();
  let size = 0;
  try {
    for await (const chunk of gzipped(hashed(layerArchive(host, layerTree(top)), plain))) {
      packed.update(chunk);
      size += chunk.length;
      writeAll(file.fd, chunk);
    }
  } finally {
    closeSync(file.fd);
  }
  const digest: OciDigest = `sha256:${packed.digest("hex")}`;
  store.addBlob(digest, file.path);
  return {
    descriptor: { mediaType: LAYER, digest, size },
    diffId: `sha256:${plain.digest("hex")}`,
  };
}

async function* hashed(bytes: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
}

/** A directory is a layout; every other path is an archive of one. */
async function writeOci(host: BuildHost, build: Build, options: WriteOptions): Promise<void> {
  const { path } = options;
  const oci = await closeLayer(host, build, options.clock);
  const isDirectory =
    path.endsWith("/") || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const target = path.replace(/\/+$/, "");
  const layout = isDirectory ? `${target}.${process.pid}.part` : join(build.paths.state, "layout");
  rmSync(layout, { recursive: true, force: true });
  try {
    using store = openStore(host, build.paths.data);
    writeLayout(store, oci, layout, timeOf(options.clock));
    if (isDirectory) {
      rmSync(target, { recursive: true, force: true });
      mkdirSync(dirname(target), { recursive: true });
      renameSync(layout, target);
    } else {
      await writeArchiveFile(treeArchive(host, layerTree(layout)), path, options);
    }
  } finally {
    rmSync(layout, { recursive: true, force: true });
  }
}

const IMAGE = "application/vnd.oci.image";

function writeLayout(store: Store, oci: OciDraft, layout: string, created: string): void {
  const blobs = join(layout, "blobs/sha256");
  mkdirSync(blobs, { recursive: true, mode: 0o755 });
  for (const { descriptor } of oci.layers) {
    copyFileSync(store.blobPath(descriptor.digest), join(layout, "blobs", pathOf(descriptor)));
  }
  const document = (mediaType: string, value: object): OciDescriptor => {
    const bytes = Buffer.from(JSON.stringify(value));
    const hex = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const config = document(`${IMAGE}.config.v1+json`, {
    ...oci.config,
    created,
    rootfs: { type: "layers", diff_ids: oci.layers.map(({ diffId }) => diffId) },
  });
  const mediaType = `${IMAGE}.manifest.v1+json`;
  const layers = oci.layers.map(({ descriptor }) => ({
    ...descriptor,
    mediaType: ociLayerType(descriptor.mediaType),
  }));
  const { annotations } = oci;
  const more = Object.keys(annotations).length === 0 ? {} : { annotations };
  const manifest = document(mediaType, { schemaVersion: 2, mediaType, config, layers, ...more });
  const named = { "org.opencontainers.image.ref.name": oci.tag || "latest" };
  const entry = { ...manifest, annotations: named };
  writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const index = { schemaVersion: 2, mediaType: `${IMAGE}.index.v1+json`, manifests: [entry] };
  writeFileSync(join(layout, "index.json"), JSON.stringify(index));
}

function pathOf({ digest }: OciDescriptor): string {
  return digest.replace(":", "/");
}

/** Layers of Docker's are the same bytes under another name. */
function ociLayerType(mediaType: string): string {
  const packed = /(?:gzip|zstd)$/.exec(mediaType)?.[0];
  if (!mediaType.startsWith("application/vnd.docker.")) return mediaType;
  return packed === undefined ? `${IMAGE}.layer.v1.tar` : `${IMAGE}.layer.v1.tar+${packed}`;
}

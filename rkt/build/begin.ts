/**
 * The beginning of a build. In: nothing, a directory, an archive of files, or an image; out: a
 * build that starts from it.
 */
import { createReadStream, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { type ImageHost, openStore, pull, type PullOptions, type StoredImage } from "@rkt/image";
import { layerTree, ownArchive, treeArchive, unpackLayer } from "@rkt/image/trees";
import {
  APPC_VERSION,
  appcArchitecture,
  type ImageManifest,
  pairLayers,
  parseImageReference,
  parseOciConfig,
  parseOciManifest,
  type Platform,
} from "@rkt/spec";
import { assert, Fault, quote } from "@shared/base";
import {
  type Build,
  type BuildHost,
  type BuildMode,
  buildPaths,
  createBuild,
  type Draft,
  openBuild,
  removeBuild,
  saveDraft,
} from "./build-directory.ts";
import { type Json, newDraft } from "./oci-draft.ts";

/** How a build begins. */
export interface BeginOptions {
  readonly workPath: string;
  readonly mode: BuildMode;
  readonly platform: Platform;
  /** A path, or an image as rkt's users name it; nothing for an empty build. */
  readonly from?: string;
  /** Of images that are not on this machine. */
  readonly pull: PullOptions;
  /** The rest of what pulling needs, for a store. */
  readonly imageHost: (store: ImageHost["store"]) => ImageHost;
}

/** A build without a name has this one, and is not written. */
export const UNNAMED = "acbuild-unnamed";

/**
 * Begins a build and leaves nothing when that fails.
 *
 * @throws {Fault} "already-exists", and what its beginning meets
 */
export async function beginBuild(host: BuildHost, options: BeginOptions): Promise<void> {
  using build = createBuild(host, options.workPath, emptyDraft(options));
  try {
    if (options.from !== undefined) await fill(host, build, { ...options, from: options.from });
  } catch (error) {
    removeBuild(build);
    throw error;
  }
}

function emptyDraft({ mode, platform }: BeginOptions): Draft {
  return mode === "oci"
    ? { mode, oci: newDraft(platform) }
    : { mode, manifest: emptyManifest(platform) };
}

function emptyManifest(platform: Platform): ImageManifest {
  const arch = appcArchitecture(platform);
  return {
    acKind: "ImageManifest",
    acVersion: APPC_VERSION,
    name: UNNAMED,
    labels: [
      ...(arch === undefined ? [] : [{ name: "arch", value: arch }]),
      { name: "os", value: platform.os },
    ],
    app: { exec: [], user: "0", group: "0" },
  };
}

type From = BeginOptions & { readonly from: string };

async function fill(host: BuildHost, build: Build, options: From): Promise<void> {
  const { from } = options;
  const isPath = /^\.{0,2}\//.test(from) || from === "." || from === "..";
  const stat = statSync(from, { throwIfNoEntry: false });
  if (isPath && stat === undefined) throw new Fault("not-found", `begin with ${quote(from)}`);
  if (stat?.isDirectory() === true) {
    const nodes = layerTree(resolve(from));
    await unpackLayer(host, treeArchive(host, nodes), build.paths.top, { format: "oci" });
  } else if (stat?.isFile() === true && !from.endsWith(".aci")) {
    const bytes = createReadStream(from) as AsyncIterable<Uint8Array>;
    await unpackLayer(host, bytes, build.paths.top, { format: "oci" });
  } else await fillFromImage(host, build, options);
}

/** An image keeps what it says of itself; in OCI's form its layers too. */
async function fillFromImage(host: BuildHost, build: Build, options: From): Promise<void> {
  using store = openStore(host, build.paths.data);
  const image = await pullImage(options, store);
  if (options.mode === "oci") {
    if (image.format !== "oci") {
      throw new Fault("unsupported", `begin with ${quote(options.from)}: it is no OCI image`, {
        hint: "begin with --build-mode=appc",
      });
    }
    saveDraft(build.paths, { mode: "oci", oci: draftOf(store, image) });
    return;
  }
  const archive = await ownArchive({ ...host, store }, image);
  await unpackLayer(host, archive, build.paths.top, { format: "aci" });
  saveDraft(build.paths, { mode: "appc", manifest: image.manifest });
}

/** A file that a person names is taken as it is; all else needs rkt's proof of origin. */
async function pullImage(options: From, store: ImageHost["store"]): Promise<StoredImage> {
  const isFile = (path: string): boolean =>
    statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  const reference = parseImageReference(options.from, { exists: isFile });
  const { insecure } = options.pull;
  const isLocal = !["docker", "url", "name", "hash"].includes(reference.kind);
  const trust = { http: false, tls: false, pubkey: false, ...insecure };
  const image = isLocal || insecure?.image === true;
  return await pull(options.imageHost(store), reference, {
    ...options.pull,
    insecure: { ...trust, image },
  });
}

function draftOf(store: ImageHost["store"], image: StoredImage): (Draft & { mode: "oci" })["oci"] {
  const [manifestDigest, configDigest] = store.blobsOf(image.id);
  assert(manifestDigest !== undefined && configDigest !== undefined, "both documents are stored");
  const manifest = parseOciManifest(readFileSync(store.blobPath(manifestDigest), "utf8"));
  const configText = readFileSync(store.blobPath(configDigest), "utf8");
  const layers = pairLayers(manifest, parseOciConfig(configText));
  return {
    tag: "",
    config: JSON.parse(configText) as Json,
    annotations: manifest.annotations ?? {},
    layers: layers.map(({ descriptor, diffId }) => ({ descriptor, diffId })),
  };
}

/** Ends the build of a directory: nothing of it stays. @throws {Fault} "not-found" */
export function endBuild(host: BuildHost, workPath: string): void {
  using build = openBuild(host, workPath);
  assert(build.paths.state === buildPaths(workPath).state, "the build is that of the directory");
  removeBuild(build);
}

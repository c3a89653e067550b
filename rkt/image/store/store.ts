/**
 * The image store. In: verified blobs, unpacked layers, image records; out: images by reference,
 * name or id, and the paths of their layers. A blob or a layer has its final name only when it is
 * whole; an image has a record only when all that it names is there. Never fetches, never verifies,
 * never mounts.
 */
import type { Database } from "bun:sqlite";
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fdatasyncSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { NameValue } from "@rkt/spec";
import { assert, type Clock, crashPoint, Fault, quote, syncDirectory } from "@shared/base";
import type { Kernel } from "@shared/linux";
import type { BlobDigest, ImageId, LayerId, StoredImage } from "../image.ts";
import { type Collected, collectContent, collectTemporary, removeTree } from "./collect.ts";
import { type FileLock, lockNow, waitForLock } from "./file-lock.ts";
import {
  blobFile,
  importLockFile,
  layerDirectory,
  layerLockFile,
  urlLockFile,
  useFile,
  type StorePaths,
  storePaths,
} from "./paths.ts";
import {
  makeSharedDirectory,
  makeStoreDirectory,
  openShared,
  openToGroup,
  sharingGroup,
} from "./shared-modes.ts";
import * as records from "./records.ts";
import { type Remote, recordRemote, selectRemote } from "./remotes.ts";
import { syncTree } from "./sync-tree.ts";
import { linkWhitelisted, whitelistedLayerId } from "./whitelist.ts";

export type { Collected } from "./collect.ts";
export type { NewImage } from "./records.ts";

/** What the store needs of the machine. */
export interface StoreHost {
  readonly kernel: Pick<
    Kernel,
    "exchange" | "flock" | "getXattr" | "listXattrs" | "setXattr" | "setTimes" | "syncFileSystem"
  >;
  readonly clock: Pick<Clock, "sleep">;
}

/** A file in the making; it belongs to this store until `addBlob` or the end of the store. */
export interface BlobFile {
  readonly path: string;
  readonly fd: number;
}

/** Layers that pods use: they stay, whatever the records say. */
export interface InUse {
  readonly layersInUse: ReadonlySet<LayerId>;
}

export interface AddLayerOptions {
  readonly signal?: AbortSignal;
  /** Called once when another process is at this layer, before it is waited for. */
  readonly waiting?: () => void;
  /** What fills the directory sees to it itself that all of it is on disk. */
  readonly synced?: boolean;
}

/**
 * Opens the store below a data directory and makes it where there is none. One store per command or
 * request: what one adds is safe from collectors until it is closed.
 *
 * @throws {Fault} "unsupported" for a database of a newer version, "corrupt", "denied", "exhausted"
 */
export function openStore(host: StoreHost, dataDir: string): Store {
  const paths = storePaths(dataDir);
  const made = existsSync(paths.database);
  if (!made) {
    refuseOldStore(dataDir, paths);
    makeDirectories(dataDir, paths);
  }
  const db = records.openDatabase(paths.database, (make) => {
    using _lock = lockNow(host, join(paths.locks, "schema"), "exclusive");
    make();
    chmodSync(paths.database, 0o660);
  });
  return new Store(host, paths, db);
}

/**
 * Makes room in a store that cannot be opened because its disk is full: takes away what commands
 * that were killed left. @throws {Fault} "not-found" where there is no store
 */
export async function makeRoom(host: StoreHost, dataDir: string): Promise<void> {
  await collectTemporary(host, storePaths(dataDir));
}

/** A store of rkt 1.30 keeps its records where only rkt finds them. */
function refuseOldStore(dataDir: string, paths: StorePaths): void {
  if (!existsSync(join(paths.cas, "db/ql.db"))) return;
  const aside = `${dataDir}-1.30`;
  const commands = `mv ${dataDir} ${aside} && rkt image import-store ${aside}`;
  throw new Fault("unsupported", `open ${quote(paths.cas)}: rkt 1.30 made it`, {
    hint: `move it aside and take its images over: ${commands}`,
  });
}

/** Members of group `rkt` may add images; what is unpacked belongs to root. */
function makeDirectories(dataDir: string, paths: StorePaths): void {
  const group = sharingGroup();
  mkdirSync(dataDir, { recursive: true, mode: 0o750 });
  openToGroup(dataDir, group);
  makeStoreDirectory(paths.cas, 0o770, group);
  for (const path of [paths.blobs, paths.temporary, paths.locks, paths.uses]) {
    makeStoreDirectory(path, 0o770, group);
  }
  makeStoreDirectory(paths.layers, 0o755, group);
}

/** An open store. Dispose it: that ends its database connection and its claim on what it added. */
export class Store implements Disposable {
  readonly #host: StoreHost;
  readonly #paths: StorePaths;
  readonly #db: Database;
  #importLock: FileLock | undefined;
  #serial = 0;

  constructor(host: StoreHost, paths: StorePaths, db: Database) {
    this.#host = host;
    this.#paths = paths;
    this.#db = db;
  }

  /**
   * Makes sure that there is a layer of only these paths of another one; returns its id. Without a
   * list it is the other one. @param tree the other one's files, where they are not yet in the
   * store
   */
  async addWhitelistedLayer(
    layer: LayerId,
    whitelist: readonly string[],
    tree: string = this.layerPath(layer),
  ): Promise<LayerId> {
    if (whitelist.length === 0) return layer;
    const id = whitelistedLayerId(layer, whitelist);
    await this.addLayer(id, async (target) => {
      linkWhitelisted(this.#host, tree, target, whitelist);
    });
    return id;
  }

  /** A reference text means this image from now on; the image must have a record. */
  addReference(text: string, id: ImageId): void {
    records.insertReference(this.#db, text, id);
  }

  /** The image that was last fetched under exactly this normalised reference text. */
  findByReference(text: string): StoredImage | undefined {
    return this.#withUse(records.selectByReference(this.#db, text));
  }

  /** What the server of an archive's URL said when the archive was last fetched from there. */
  findRemote(url: string): Remote | undefined {
    return selectRemote(this.#db, url);
  }

  /** Notes what a server said of an archive; its image must have a record. */
  addRemote(remote: Remote): void {
    recordRemote(this.#db, remote);
  }

  /** The newest import of that appc name that has all these labels. */
  findByName(name: string, labels: readonly NameValue[]): StoredImage | undefined {
    return this.#withUse(records.selectByName(this.#db, name, labels));
  }

  /**
   * The one image whose id starts so. `sha512-…` longer than an id is cut to its length, as rkt
   * does; `sha256:…` and `sha256-…` look among the digests of OCI manifests and configurations.
   *
   * @throws {Fault} "invalid" (wrong or too short), "not-found", "ambiguous"
   */
  findById(prefix: string): StoredImage {
    const [, algorithm, hex = ""] = /^(sha512-|sha256[:-])(.*)$/s.exec(prefix) ?? [];
    if (algorithm === undefined) throw new Fault("invalid", "wrong key prefix");
    if (hex.length < 2) throw new Fault("invalid", "image ID too short");
    const found =
      algorithm === "sha512-"
        ? records.selectByIdPrefix(this.#db, prefix.slice(0, ID_LENGTH))
        : records.selectByAliasPrefix(this.#db, `sha256:${hex}`);
    if (found[0] === undefined) throw new Fault("not-found", "no image IDs found");
    if (found.length > 1) throw new Fault("ambiguous", `ambiguous image ID: ${quote(prefix)}`);
    return this.#withUse(found[0]);
  }

  /**
   * The blobs of an image: the ACI itself; or manifest, configuration and layers of an OCI image.
   */
  blobsOf(id: ImageId): BlobDigest[] {
    return records.selectBlobs(this.#db, id);
  }

  /** The normalised reference texts under which an image was fetched. */
  referencesOf(id: ImageId): string[] {
    return records.selectReferences(this.#db, id);
  }

  /** All images, oldest import first. */
  list(): StoredImage[] {
    return records.selectAll(this.#db).map((image) => this.#withUse(image));
  }

  /** Notes that an image was used: without a transaction, because every start of a pod does it. */
  touch(id: ImageId, nowMs: number): void {
    const path = useFile(this.#paths, id);
    makeSharedDirectory(this.#paths.uses);
    closeSync(openShared(path, "a"));
    utimesSync(path, nowMs / 1000, nowMs / 1000);
  }

  /** An image was last used when it was touched, and before that when it was imported. */
  #withUse<T extends StoredImage | undefined>(image: T): T {
    if (image === undefined) return image;
    const use = statSync(useFile(this.#paths, image.id), { throwIfNoEntry: false });
    return use === undefined ? image : { ...image, lastUsedMs: Math.round(use.mtimeMs) };
  }

  /**
   * Whether a blob is there. It stays, for an import that relies on it, while this store is open.
   */
  hasBlob(digest: BlobDigest): boolean {
    this.#claimImports();
    return existsSync(this.blobPath(digest));
  }

  /** Where a blob lies or would lie. @throws {Fault} "invalid" */
  blobPath(digest: BlobDigest): string {
    return blobFile(this.#paths, digest);
  }

  /**
   * A new empty file in the store's file system. The caller writes and closes it, then calls
   * `addBlob`.
   */
  newBlobFile(): BlobFile {
    this.#claimImports();
    const path = this.#temporaryPath("blob");
    return { path, fd: openShared(path, "wx+") };
  }

  /**
   * The file that this blob is fetched into, at its end, with what an earlier process left of it; a
   * new one where another process is at it now. While it is open nobody else gets it.
   */
  partialBlobFile(digest: BlobDigest): BlobFile {
    this.#claimImports();
    const path = join(this.#paths.temporary, `partial-${digest.replace(":", "-")}`);
    const { O_RDWR, O_CREAT, O_APPEND } = constants;
    const fd = openShared(path, O_RDWR | O_CREAT | O_APPEND);
    const mine = this.#host.kernel.flock(fd, "exclusive", { wait: false });
    // Its last owner may have given it another name between our two steps.
    const { ino } = fstatSync(fd);
    if (mine && statSync(path, { throwIfNoEntry: false })?.ino === ino) return { path, fd };
    closeSync(fd);
    return this.newBlobFile();
  }

  /** One process at a time fetches an archive from a URL: held until it is disposed of. */
  async lockUrl(
    url: string,
    options: { readonly signal?: AbortSignal; readonly waiting?: () => void },
  ): Promise<Disposable> {
    this.#claimImports();
    const path = urlLockFile(this.#paths, url);
    return await waitForLock(this.#host, path, { mode: "exclusive", ...options });
  }

  /**
   * Gives a complete and checked file its final name. @param path from `newBlobFile`, gone
   * afterwards
   */
  addBlob(digest: BlobDigest, path: string): void {
    this.#claimImports();
    const target = this.blobPath(digest);
    const fd = openSync(path, "r");
    try {
      fdatasyncSync(fd);
    } finally {
      closeSync(fd);
    }
    makeSharedDirectory(dirname(target));
    renameSync(path, target);
    syncDirectory(dirname(target));
    crashPoint("fetch-blob-renamed");
  }

  hasLayer(id: LayerId): boolean {
    return existsSync(this.layerPath(id));
  }

  /** Where an unpacked layer lies or would lie. @throws {Fault} "invalid" */
  layerPath(id: LayerId): string {
    return layerDirectory(this.#paths, id);
  }

  /**
   * Makes sure that a layer is there. `unpack` fills an empty directory; it is not called when the
   * layer exists or when another process finishes it meanwhile. A failure leaves nothing.
   */
  async addLayer(
    id: LayerId,
    unpack: (directory: string) => Promise<void>,
    options: AddLayerOptions = {},
  ): Promise<void> {
    this.#claimImports();
    if (this.hasLayer(id)) return;
    const lockFile = layerLockFile(this.#paths, id);
    using _lock = await waitForLock(this.#host, lockFile, { mode: "exclusive", ...options });
    if (this.hasLayer(id)) return;
    const beside = this.#temporaryPath(`layer-${id}`);
    mkdirSync(beside, { mode: 0o755 });
    try {
      await unpack(beside);
      crashPoint("fetch-layer-complete");
      if (options.synced !== true) await syncTree(this.#host, beside);
      renameSync(beside, this.layerPath(id));
    } catch (error) {
      await removeTree(beside);
      throw error;
    }
    syncDirectory(this.#paths.layers);
    crashPoint("fetch-layer-renamed");
  }

  /** An empty directory beside the layers, gone at the end of the scope with all that it holds. */
  newTree(): Disposable & { readonly path: string } {
    this.#claimImports();
    const path = this.#temporaryPath("tree");
    mkdirSync(path, { mode: 0o755 });
    return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
  }

  /**
   * Puts a tree from `newTree` in the place of a layer that is damaged, which becomes that tree.
   * Only while no pod uses the layer and none is prepared.
   */
  async replaceLayer(id: LayerId, tree: string): Promise<void> {
    using _lock = await waitForLock(this.#host, layerLockFile(this.#paths, id), {
      mode: "exclusive",
    });
    await syncTree(this.#host, tree);
    const place = this.layerPath(id);
    if (!this.#host.kernel.exchange(place, tree)) {
      const aside = this.#temporaryPath("dead");
      renameSync(place, aside); // after a crash here it is made anew at its next use
      renameSync(tree, place);
      await removeTree(aside);
    }
    syncDirectory(this.#paths.layers);
    crashPoint("image-verify-replaced");
  }

  /**
   * Records an image whose blobs and layers are in the store; replaces an older record of the same
   * id. Layers below one that hides everything are left out of the record.
   */
  addImage(image: records.NewImage): StoredImage {
    for (const layer of image.layers) assert(this.hasLayer(layer), `layer ${layer} is missing`);
    return this.#record({ ...image, layers: this.#visibleLayers(image.layers) });
  }

  /** Records an image of which root will unpack the layers when it is first used. */
  addPackedImage(image: records.NewImage): StoredImage {
    return this.#record(image);
  }

  /** Whether all that an image is made of is unpacked. */
  isUnpacked({ layers }: StoredImage): boolean {
    return layers.every((layer) => this.hasLayer(layer));
  }

  #record(image: records.NewImage): StoredImage {
    for (const blob of image.blobs) assert(this.hasBlob(blob), `blob ${blob} is missing`);
    rmSync(useFile(this.#paths, image.id), { force: true });
    records.insertImage(this.#db, image);
    crashPoint("fetch-image-recorded");
    const { references: _references, aliases: _aliases, blobs: _blobs, ...stored } = image;
    return { ...stored, lastUsedMs: image.importedMs };
  }

  /** The kernel does not look at the mark of opacity on the top directory of a lower layer. */
  #visibleLayers(layers: readonly LayerId[]): readonly LayerId[] {
    const { kernel } = this.#host;
    const hiding = layers.findLastIndex((id) =>
      kernel.getXattr(this.layerPath(id), "trusted.overlay.opaque")?.includes(0x79),
    );
    return hiding > 0 ? layers.slice(hiding) : layers;
  }

  /**
   * Removes an image: its record first, then what no other image and no pod uses. Removing what is
   * not there is done at once. While another process imports images the files stay, to be collected
   * later (`deferred`).
   */
  async removeImage(id: ImageId, use: InUse): Promise<Collected> {
    const content = records.deleteImage(this.#db, id);
    rmSync(useFile(this.#paths, id), { force: true });
    if (content === undefined) return { blobs: [], layers: [], blobBytes: 0, deferred: false };
    crashPoint("image-rm-recorded");
    return await collectContent(this.#collector(), use.layersInUse, content);
  }

  /**
   * Removes leftovers of dead processes, and blobs and layers that no record names and no pod uses.
   */
  async collectOrphans(use: InUse): Promise<Collected> {
    return await collectContent(this.#collector(), use.layersInUse);
  }

  [Symbol.dispose](): void {
    this.#importLock?.[Symbol.dispose]();
    this.#importLock = undefined;
    this.#db.close();
  }

  #collector(): Parameters<typeof collectContent>[0] {
    assert(this.#importLock === undefined, "a store that imports must not collect");
    return { host: this.#host, paths: this.#paths, named: () => records.namedContent(this.#db) };
  }

  #claimImports(): void {
    this.#importLock ??= lockNow(this.#host, importLockFile(this.#paths), "shared");
  }

  /**
   * Unique: a process id is not reused while its process lives, and a dead one's leftover is
   * skipped over.
   */
  #temporaryPath(stem: string): string {
    for (;;) {
      const path = join(this.#paths.temporary, `${stem}.${process.pid}-${this.#serial++}`);
      if (!existsSync(path)) return path;
    }
  }
}

const ID_LENGTH = "sha512-".length + 64;

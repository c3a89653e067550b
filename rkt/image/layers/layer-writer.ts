/**
 * Writes the entries of a layer's archive as files. In: entries and their content; out: a tree
 * below the root directory of this process, which must be the layer's own (chroot): that, and not
 * this code, is what keeps hostile names and links inside. Owners are numbers; a later entry
 * replaces an earlier one. Only synchronous calls, few per entry.
 *
 * @see OCI image-spec 1.1, layer.md
 * @see Linux Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories"
 */
import * as fs from "node:fs";
import { errnoKind, errnoWords, Fault, GiB, MiB, quote } from "@shared/base";
import type { Kernel } from "@shared/linux";
import { type LayerFormat, linkedPath, placeOf } from "./layer-place.ts";
import type { TarHandler } from "./tar.ts";
import {
  bytesOf,
  isAscii,
  readable,
  type TarEntry,
  type TarTime,
  type Xattr,
} from "./tar-entry.ts";

export interface WriterHost {
  readonly kernel: Pick<Kernel, "mknod" | "setXattr" | "setTimes">;
}

const MANIFEST_BYTES_MAX: number = MiB;
/** Of one file with its holes: the most that ext4 holds. */
const FILE_BYTES_MAX: number = 16 * 1024 * GiB;
/** Of the names of all directories, which are held in memory: those of a million of them. */
const DIRECTORY_NAMES_MAX: number = 64 * MiB;
const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, S_IFCHR, S_IFBLK, S_IFIFO } = fs.constants;
const O_NEW_FILE = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
const WHITEOUT_DEVICE = { major: 0, minor: 0 } as const;
/** Of directories that no archive names: the same archive makes the same tree. */
const EPOCH: TarTime = { seconds: 0, nanoseconds: 0 };
const YES: Uint8Array = Buffer.from("y");

/** A name for `node:fs` and the kernel: bytes where the name is not plain ASCII. */
type DiskPath = string | Buffer;

export class LayerWriter implements TarHandler {
  readonly #kernel: WriterHost["kernel"];
  readonly #format: LayerFormat;
  /**
   * Directories that the archive names, with their times: set last, because their files change
   * them.
   */
  readonly #directories = new Map<string, TarTime>();
  /** Directories that it does not name, the top one unless it does. */
  readonly #implied = new Set<string>([""]);
  #directoryNames = 0;
  #entry: TarEntry | undefined;
  #path: DiskPath = "/";
  #fd = -1;
  #written = 0;
  #manifest: Buffer[] | undefined;
  #readsManifest = false;
  /** Entries that became part of the tree. */
  files = 0;

  constructor(host: WriterHost, format: LayerFormat) {
    this.#kernel = host.kernel;
    this.#format = format;
  }

  /** The `manifest` of an ACI, once it has been read. */
  get manifest(): Buffer | undefined {
    return this.#manifest === undefined ? undefined : Buffer.concat(this.#manifest);
  }

  entry(entry: TarEntry): void {
    this.#entry = entry;
    this.#about(() => {
      const place = placeOf(this.#format, entry.path);
      if (place.kind === "manifest") this.#beginManifest(entry);
      else if (place.kind === "whiteout") this.#hide(place.path);
      else if (place.kind === "opaque") this.#makeOpaque(place.path);
      else if (place.kind === "node") this.#make(entry, place.path);
    });
  }

  data(chunk: Uint8Array, offset: number): void {
    if (this.#fd >= 0) this.#about(() => this.#write(chunk, offset));
    else if (this.#readsManifest) this.#manifest?.push(Buffer.from(chunk));
  }

  end(): void {
    if (this.#fd >= 0) this.#about(() => this.#finishFile());
    this.#readsManifest = false;
  }

  /** Sets the times of the directories. Call it after the last entry. */
  finish(): void {
    for (const path of this.#implied) {
      if (!this.#directories.has(path)) this.#directories.set(path, EPOCH);
    }
    for (const [path, time] of this.#directories) {
      const at = diskPath(path);
      const stat = fs.lstatSync(at, { throwIfNoEntry: false });
      if (stat?.isDirectory() === true) this.#kernel.setTimes(at, time);
    }
  }

  /** Adds to a failure which entry it was about. */
  #about(work: () => void): void {
    try {
      work();
    } catch (error) {
      const name = quote(readable(this.#entry?.path ?? ""));
      const errno = errnoOf(error);
      if (errno === undefined && error instanceof Fault) throw error;
      if (errno === undefined) throw error;
      throw new Fault(errnoKind(errno), `unpack ${name}: ${errnoWords(errno)}`);
    }
  }

  #beginManifest(entry: TarEntry): void {
    if (entry.type !== "file") throw new Fault("invalid", "manifest is not a file");
    if (this.#manifest !== undefined) throw duplicate("manifest");
    if (entry.size > MANIFEST_BYTES_MAX)
      throw new Fault("exhausted", "image manifest is too large");
    this.#manifest = [];
    this.#readsManifest = true;
  }

  #make(entry: TarEntry, path: string): void {
    this.files++;
    if (entry.type === "directory") return this.#makeDirectory(entry, path);
    if (path === "") throw new Fault("invalid", "rootfs is not a directory");
    const at = diskPath(path);
    switch (entry.type) {
      case "file":
        return this.#beginFile(entry, path, at);
      case "hard-link": {
        const target = diskPath(linkedPath(this.#format, entry.linkPath));
        return this.#create(path, () => fs.linkSync(target, at));
      }
      case "symlink":
        this.#create(path, () => fs.symlinkSync(diskText(entry.linkPath), at));
        fs.lchownSync(at, entry.uid, entry.gid);
        break;
      default:
        this.#create(path, () => this.#kernel.mknod(at, nodeMode(entry), entry.device));
        fs.lchownSync(at, entry.uid, entry.gid);
        fs.chmodSync(at, entry.mode);
    }
    this.#setXattrs(at, entry);
    this.#kernel.setTimes(at, entry.mtime);
  }

  #beginFile(entry: TarEntry, path: string, at: DiskPath): void {
    if (entry.size > FILE_BYTES_MAX) {
      throw new Fault("exhausted", `unpack ${quote(readable(path))}: file too large`);
    }
    this.#create(path, () => {
      this.#fd = fs.openSync(at, O_NEW_FILE, entry.mode & 0o1777);
    });
    this.#path = at;
    this.#written = 0;
  }

  #write(chunk: Uint8Array, offset: number): void {
    for (let done = 0; done < chunk.length; ) {
      done += fs.writeSync(this.#fd, chunk, done, chunk.length - done, offset + done);
    }
    this.#written = offset + chunk.length;
  }

  /** chown(2) takes setuid bits and capabilities away, so it comes first. */
  #finishFile(): void {
    const [fd, entry] = [this.#fd, this.#entry];
    this.#fd = -1;
    try {
      if (entry === undefined) return;
      if (this.#written !== entry.size) fs.ftruncateSync(fd, entry.size);
      fs.fchownSync(fd, entry.uid, entry.gid);
      if ((entry.mode & 0o6000) !== 0) fs.fchmodSync(fd, entry.mode);
      this.#setXattrs(this.#path, entry);
      this.#kernel.setTimes(this.#path, entry.mtime);
    } finally {
      fs.closeSync(fd);
    }
  }

  #makeDirectory(entry: TarEntry, path: string): void {
    if (this.#format === "aci" && this.#directories.has(path)) throw duplicate(path);
    const at = diskPath(path);
    if (path !== "") this.#ensureDirectory(path);
    fs.chownSync(at, entry.uid, entry.gid);
    fs.chmodSync(at, entry.mode);
    this.#setXattrs(at, entry);
    if (!this.#directories.has(path)) this.#directoryNames += path.length;
    if (this.#directoryNames > DIRECTORY_NAMES_MAX) {
      throw new Fault("exhausted", "unpack the archive: it holds too many directories");
    }
    this.#directories.set(path, entry.mtime);
  }

  /** A directory that replaces a whiteout still hides what lower layers have below it. */
  #ensureDirectory(path: string): void {
    const at = diskPath(path);
    try {
      fs.mkdirSync(at, 0o755);
      return;
    } catch (error) {
      if (errnoOf(error) === "ENOENT") this.#ensureParents(path);
      else if (errnoOf(error) !== "EEXIST") throw error;
    }
    const existing = fs.lstatSync(at, { throwIfNoEntry: false });
    if (existing?.isDirectory() === true) return;
    if (existing !== undefined && this.#format === "aci") throw duplicate(path);
    if (existing !== undefined) fs.unlinkSync(at);
    fs.mkdirSync(at, 0o755);
    if (isWhiteout(existing)) this.#kernel.setXattr(at, "trusted.overlay.opaque", YES);
  }

  /**
   * Directories that the archive does not name belong to root, 0755. What is a link is followed,
   * inside the root.
   */
  #ensureParents(path: string): void {
    for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
      const at = diskPath(path.slice(0, slash));
      const existing = fs.lstatSync(at, { throwIfNoEntry: false });
      if (existing !== undefined && !isWhiteout(existing)) continue;
      if (existing !== undefined) fs.unlinkSync(at);
      fs.mkdirSync(at, 0o755);
      fs.chownSync(at, 0, 0);
      fs.chmodSync(at, 0o755);
      this.#implied.add(path.slice(0, slash));
      if (existing !== undefined) this.#kernel.setXattr(at, "trusted.overlay.opaque", YES);
    }
  }

  /**
   * Makes something new at `path`; first its parents where they lack, and room where something
   * stands.
   */
  #create(path: string, make: () => void): void {
    for (let attempt = 0; ; attempt++) {
      try {
        return make();
      } catch (error) {
        const errno = errnoOf(error);
        if (attempt === 2) throw error;
        if (errno === "EEXIST") this.#clear(path);
        else if (errno === "ENOENT" || errno === "ENOTDIR") this.#ensureParents(path);
        else throw error;
      }
    }
  }

  #clear(path: string): void {
    if (this.#format === "aci") throw duplicate(path);
    const at = diskPath(path);
    if (lstatOrNothing(at)?.isDirectory() === true) fs.rmSync(at, { recursive: true });
    else fs.unlinkSync(at);
  }

  /** A whiteout speaks of lower layers only: what this layer has itself stays. */
  #hide(path: string): void {
    const at = diskPath(path);
    const existing = lstatOrNothing(at);
    if (existing?.isDirectory() === true) return this.#setOpaque(at);
    if (existing !== undefined) return;
    this.#create(path, () => this.#kernel.mknod(at, S_IFCHR, WHITEOUT_DEVICE));
    this.files++;
  }

  #makeOpaque(path: string): void {
    if (path !== "") this.#ensureDirectory(path);
    this.#setOpaque(diskPath(path));
  }

  #setOpaque(at: DiskPath): void {
    this.#kernel.setXattr(at, "trusted.overlay.opaque", YES);
  }

  #setXattrs(at: DiskPath, entry: TarEntry): void {
    for (const xattr of entry.xattrs) {
      if (isWanted(xattr, entry)) this.#kernel.setXattr(at, xattr.name, xattr.value);
    }
  }
}

/** Capabilities, and what users write. Never `trusted.*`: overlayfs would take it for its own. */
function isWanted(xattr: Xattr, entry: TarEntry): boolean {
  if (xattr.name === "security.capability") return entry.type === "file";
  if (!xattr.name.startsWith("user.") || xattr.name.startsWith("user.overlay.")) return false;
  return entry.type === "file" || entry.type === "directory";
}

const TYPE_BITS: Readonly<Record<string, number>> = {
  "character-device": S_IFCHR,
  "block-device": S_IFBLK,
  fifo: S_IFIFO,
};

function nodeMode(entry: TarEntry): number {
  return (TYPE_BITS[entry.type] ?? 0) | (entry.mode & 0o777);
}

function isWhiteout(stat: fs.Stats | undefined): boolean {
  return stat?.isCharacterDevice() === true && stat.rdev === 0;
}

function lstatOrNothing(at: DiskPath): fs.Stats | undefined {
  try {
    return fs.lstatSync(at, { throwIfNoEntry: false });
  } catch (error) {
    if (errnoOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

function diskPath(path: string): DiskPath {
  return diskText(`/${path}`);
}

function diskText(text: string): DiskPath {
  return isAscii(text) ? text : bytesOf(text);
}

function errnoOf(error: unknown): string | undefined {
  if (error instanceof Fault) {
    const { errno } = error.details;
    return typeof errno === "string" ? errno : undefined;
  }
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

function duplicate(path: string): Fault {
  return new Fault("invalid", `duplicate file entry in archive: ${quote(readable(path))}`);
}

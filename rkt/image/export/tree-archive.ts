/**
 * A tree as a tar archive. In: entries of a tree; out: the bytes of the archive, the same for the
 * same tree: owners, modes, times (in whole seconds), links, devices and attributes as they are on
 * disk. Never asks who the owners are, never follows a link.
 */
import { closeSync, openSync, readlinkSync, readSync, type Stats } from "node:fs";
import { Fault, MiB, quote } from "@shared/base";
import { readable, type TarEntryType, type Xattr } from "../layers/tar-entry.ts";
import { type NewTarEntry, TAR_END, tarHeader, tarPadding } from "../layers/tar-writer.ts";
import { isOpaque, isWhiteout, type TreeHost, type TreeNode } from "./merged-tree.ts";

export interface TreeArchiveOptions {
  /** Stands before every path, e.g. `rootfs`; nothing unless told. */
  readonly below?: string;
  /** Entries that come first. */
  readonly first?: readonly { readonly path: string; readonly content: Uint8Array }[];
  /** Paths of the tree that become symbolic links to these targets. */
  readonly links?: ReadonlyMap<string, string>;
}

const CHUNK_BYTES: number = MiB;

/** A whole archive, with its end. */
export async function* treeArchive(
  host: TreeHost,
  nodes: Iterable<TreeNode>,
  options: TreeArchiveOptions = {},
): AsyncGenerator<Uint8Array> {
  for (const { path, content } of options.first ?? []) {
    yield tarHeader({ type: "file", path }, content.length);
    yield content;
    yield tarPadding(content.length);
  }
  const paths = new Map<string, string>();
  for (const node of nodes) {
    const path = pathBelow(options.below, node.path);
    const link = options.links?.get(node.path);
    if (link !== undefined) {
      const attributes = { ...attributesOf(node.stat), mode: 0o777 };
      yield tarHeader({ ...attributes, type: "symlink", path, linkPath: link }, 0);
    } else if (path !== "") yield* entry(host, { ...node, path }, paths);
  }
  yield TAR_END;
}

/**
 * One layer as an archive of OCI: what the layer hides is written as whiteouts. The nodes are those
 * of `layerTree`.
 */
export async function* layerArchive(
  host: TreeHost,
  nodes: Iterable<TreeNode>,
): AsyncGenerator<Uint8Array> {
  const paths = new Map<string, string>();
  for (const node of nodes) {
    const { path, at, stat } = node;
    const slash = path.lastIndexOf("/") + 1;
    const mark = (name: string): Uint8Array =>
      tarHeader({ type: "file", path: name, inBytes: true }, 0);
    if (isWhiteout(stat)) {
      yield mark(`${path.slice(0, slash)}.wh.${path.slice(slash)}`);
      continue;
    }
    if (path !== "") yield* entry(host, node, paths);
    if (stat.isDirectory() && isOpaque(host, at)) yield mark(pathBelow(path, ".wh..wh..opq"));
  }
  yield TAR_END;
}

function pathBelow(directory: string | undefined, path: string): string {
  return [directory, path].filter(Boolean).join("/");
}

/** `paths` remembers, by inode, where a file with several names was written first. */
async function* entry(
  host: TreeHost,
  node: TreeNode,
  paths: Map<string, string>,
): AsyncGenerator<Uint8Array> {
  const { path, at, stat } = node;
  const type = typeOf(stat);
  if (type === undefined) return; // a socket belongs to a process, not to an image
  const inode = `${stat.dev}:${stat.ino}`;
  const earlier = stat.nlink > 1 && type !== "directory" ? paths.get(inode) : undefined;
  if (earlier !== undefined) {
    yield tarHeader({ ...attributesOf(stat), type: "hard-link", path, linkPath: earlier }, 0);
    return;
  }
  if (stat.nlink > 1) paths.set(inode, path);
  const xattrs = xattrsOf(host, node, type);
  const header: NewTarEntry = { ...attributesOf(stat), type, path, xattrs };
  if (type === "file") yield* file(header, at, stat.size);
  else if (type === "symlink") {
    const linkPath = readlinkSync(at, { encoding: "latin1" });
    yield tarHeader({ ...header, linkPath }, 0);
  } else yield tarHeader({ ...header, device: deviceOf(stat) }, 0);
}

function attributesOf(
  stat: Stats,
): Pick<NewTarEntry, "mode" | "uid" | "gid" | "mtimeSeconds" | "inBytes"> {
  const { mode, uid, gid, mtimeMs } = stat;
  const mtimeSeconds = Math.floor(mtimeMs / 1000);
  return { mode: mode & 0o7777, uid, gid, mtimeSeconds, inBytes: true };
}

async function* file(
  header: NewTarEntry,
  at: string | Buffer,
  size: number,
): AsyncGenerator<Uint8Array> {
  yield tarHeader(header, size);
  const fd = openSync(at, "r");
  try {
    for (let done = 0; done < size; ) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - done));
      const count = readSync(fd, chunk, 0, chunk.length, done);
      if (count === 0) {
        const name = quote(readable(header.path));
        throw new Fault("precondition", `archive ${name}: it became shorter meanwhile`);
      }
      done += count;
      yield chunk.subarray(0, count);
    }
  } finally {
    closeSync(fd);
  }
  yield tarPadding(size);
}

function typeOf(stat: Stats): TarEntryType | undefined {
  if (stat.isFile()) return "file";
  if (stat.isDirectory()) return "directory";
  if (stat.isSymbolicLink()) return "symlink";
  if (stat.isCharacterDevice()) return "character-device";
  if (stat.isBlockDevice()) return "block-device";
  return stat.isFIFO() ? "fifo" : undefined;
}

/** What a device node stands for. */
export function deviceOf({ rdev }: Stats): { major: number; minor: number } {
  const number = BigInt(rdev);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn);
  const minor = (number & 0xffn) | ((number >> 12n) & ~0xffn);
  return { major: Number(major), minor: Number(minor & 0xffff_ffffn) };
}

/** What unpacking a layer would set again: capabilities of files, and what users wrote. */
function xattrsOf(host: TreeHost, { at }: TreeNode, type: TarEntryType): Xattr[] {
  if (type !== "file" && type !== "directory") return [];
  const kept = (name: string): boolean =>
    name === "security.capability" ||
    (name.startsWith("user.") && !name.startsWith("user.overlay."));
  return host.kernel
    .listXattrs(at)
    .filter(kept)
    .sort()
    .flatMap((name) => {
      const value = host.kernel.getXattr(at, name);
      return value === undefined ? [] : [{ name, value }];
    });
}

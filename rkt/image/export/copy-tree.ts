/**
 * Layers as one plain directory, for machines and people without overlayfs. In: directories of
 * unpacked layers; out: what an app sees of them, with owners, modes, times, links, devices and
 * attributes. Follows no link. Synchronous.
 */
import {
  chmodSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readlinkSync,
  type Stats,
  symlinkSync,
} from "node:fs";
import type { Kernel } from "@shared/linux";
import { byteString } from "../layers/tar-entry.ts";
import { diskPath, mergedTree, type TreeNode } from "./merged-tree.ts";
import { deviceOf } from "./tree-archive.ts";

/** What copying asks of the kernel. */
export interface CopyHost {
  readonly kernel: Pick<Kernel, "getXattr" | "listXattrs" | "setXattr" | "setTimes" | "mknod">;
}

/**
 * Copies what the layers show into a directory that is there.
 *
 * @param layers absolute paths, bottom first
 */
export function copyTree(host: CopyHost, layers: readonly string[], target: string): void {
  const copied = new Map<string, string | Buffer>();
  const directories: [TreeNode, string | Buffer][] = [];
  for (const node of mergedTree(host, layers)) {
    const to = placeOf(target, node.path);
    if (node.stat.isDirectory()) {
      if (node.path !== "") mkdirSync(to, { mode: 0o700 });
      directories.push([node, to]);
      continue;
    }
    const inode = `${node.stat.dev}:${node.stat.ino}`;
    const earlier = copied.get(inode);
    if (earlier !== undefined) linkSync(earlier, to);
    else if (copyNode(host, node, to)) setAttributes(host, node, to);
    else continue;
    if (node.stat.nlink > 1) copied.set(inode, to);
  }
  // What is made in a directory changes its time: the innermost come last.
  for (const [node, to] of directories.reverse()) setAttributes(host, node, to);
}

function placeOf(target: string, path: string): string | Buffer {
  return path === "" ? target : diskPath(`${byteString(target)}/${path}`);
}

/** False for what cannot be copied: a socket belongs to a process. */
function copyNode({ kernel }: CopyHost, { at, stat }: TreeNode, to: string | Buffer): boolean {
  if (stat.isFile()) copyFileSync(at, to, constants.COPYFILE_FICLONE);
  else if (stat.isSymbolicLink()) symlinkSync(readlinkSync(at, { encoding: "buffer" }), to);
  else if (stat.isSocket()) return false;
  else kernel.mknod(to, stat.mode, deviceOf(stat));
  return true;
}

function setAttributes(host: CopyHost, { at, stat }: TreeNode, to: string | Buffer): void {
  lchownSync(to, stat.uid, stat.gid);
  if (!stat.isSymbolicLink()) {
    chmodSync(to, stat.mode & 0o7777);
    if (stat.isFile() || stat.isDirectory()) copyXattrs(host, at, to);
  }
  host.kernel.setTimes(to, timeOf(stat));
}

/** After the owner: to change it takes capabilities of a file away. */
function copyXattrs({ kernel }: CopyHost, at: string | Buffer, to: string | Buffer): void {
  for (const name of kernel.listXattrs(at)) {
    if (name !== "security.capability" && !name.startsWith("user.")) continue;
    const value = kernel.getXattr(at, name);
    if (value !== undefined) kernel.setXattr(to, name, value);
  }
}

function timeOf({ mtimeMs }: Stats): { seconds: number; nanoseconds: number } {
  const seconds = Math.floor(mtimeMs / 1000);
  return { seconds, nanoseconds: Math.round((mtimeMs - seconds * 1000) * 1e6) % 1e9 };
}

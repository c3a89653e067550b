/**
 * Two trees that should be one and the same. In: the directories of two unpacked layers; out: the
 * first difference, in words, or nothing. Content, owners, modes, times, links, devices and
 * attributes count; inodes and the layout on disk do not.
 */
import { closeSync, openSync, readlinkSync, readSync } from "node:fs";
import { MiB, quote } from "@shared/base";
import { layerTree, type TreeHost, type TreeNode } from "../export/merged-tree.ts";
import { readable } from "../layers/tar-entry.ts";

const CHUNK_BYTES: number = MiB;

/** `"etc/passwd" differs in its content`; undefined where the trees are equal. */
export function firstDifference(
  host: TreeHost,
  expected: string,
  found: string,
): string | undefined {
  const [left, right] = [layerTree(expected), layerTree(found)];
  const names = [new Map<number, string>(), new Map<number, string>()] as const;
  for (;;) {
    const [want, have] = [left.next().value, right.next().value] as [
      TreeNode | undefined,
      TreeNode | undefined,
    ];
    if (want === undefined && have === undefined) return undefined;
    if (want === undefined || (have !== undefined && have.path < want.path)) {
      return `${name(have)} is too much`;
    }
    if (have === undefined || have.path > want.path) return `${name(want)} is missing`;
    if (firstName(names[0], want) !== firstName(names[1], have)) {
      return `${name(want)} differs in what is another name of it`;
    }
    const aspect = differingAspect(host, want, have);
    if (aspect !== undefined) return `${name(want)} differs in its ${aspect}`;
  }
}

/** The first path of the tree under which the same file was seen. */
function firstName(seen: Map<number, string>, { path, stat }: TreeNode): string {
  if (stat.isDirectory() || stat.nlink === 1) return path;
  const earlier = seen.get(stat.ino);
  if (earlier === undefined) seen.set(stat.ino, path);
  return earlier ?? path;
}

function name(node: TreeNode | undefined): string {
  return quote(`/${readable(node?.path ?? "")}`);
}

const ASPECTS: readonly (readonly [string, (node: TreeNode, host: TreeHost) => unknown])[] = [
  ["type", ({ stat }) => stat.mode & 0o170000],
  ["mode", ({ stat }) => stat.mode],
  ["owner", ({ stat }) => `${stat.uid}:${stat.gid}`],
  ["time of change", ({ stat }) => (isNameless(stat) ? 0 : stat.mtimeMs)],
  ["size", ({ stat }) => (stat.isFile() ? stat.size : 0)],
  ["device numbers", ({ stat }) => stat.rdev],
  ["target", targetOf],
  ["attributes", attributesOf],
];

/** A whiteout has no time of its own. */
function isNameless({ rdev, mode }: TreeNode["stat"]): boolean {
  return (mode & 0o170000) === 0o020000 && rdev === 0;
}

function differingAspect(host: TreeHost, want: TreeNode, have: TreeNode): string | undefined {
  const aspect = ASPECTS.find(([, of]) => of(want, host) !== of(have, host));
  if (aspect !== undefined) return aspect[0];
  return want.stat.isFile() && !haveEqualContent(want, have) ? "content" : undefined;
}

function targetOf({ at, stat }: TreeNode): string {
  return stat.isSymbolicLink() ? readlinkSync(at, { encoding: "latin1" }) : "";
}

function attributesOf({ at, stat }: TreeNode, { kernel }: TreeHost): string {
  if (!stat.isFile() && !stat.isDirectory()) return "";
  const names = kernel.listXattrs(at).filter((each) => !each.startsWith("security.selinux"));
  return names
    .sort()
    .map((each) => `${each}=${Buffer.from(kernel.getXattr(at, each) ?? []).toString("hex")}`)
    .join(",");
}

function haveEqualContent(want: TreeNode, have: TreeNode): boolean {
  const fds = [openSync(want.at, "r"), openSync(have.at, "r")] as const;
  const chunks = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)] as const;
  try {
    for (;;) {
      const counts = [readSync(fds[0], chunks[0]), readSync(fds[1], chunks[1])] as const;
      if (counts[0] !== counts[1]) return false;
      if (counts[0] === 0) return true;
      if (!chunks[0].subarray(0, counts[0]).equals(chunks[1].subarray(0, counts[1]))) return false;
    }
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}

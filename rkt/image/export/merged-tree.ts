/**
 * What an app would see of layers that lie on each other. In: directories of unpacked layers; out:
 * every entry that is visible, parents first, names in byte order. Nothing is mounted and nothing
 * is written.
 *
 * @see Linux Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories"
 */
import { lstatSync, readdirSync, type Stats } from "node:fs";
import { Fault } from "@shared/base";
import type { Kernel } from "@shared/linux";
import { bytesOf, byteString, isAscii } from "../layers/tar-entry.ts";

/** What reading trees needs of the machine. */
export interface TreeHost {
  readonly kernel: Pick<Kernel, "getXattr" | "listXattrs">;
}

/** An entry of the merged tree. */
export interface TreeNode {
  /** Byte string without a slash at either end; the root is the empty one. */
  readonly path: string;
  /** Where it lies, as `node:fs` takes it. */
  readonly at: string | Buffer;
  readonly stat: Stats;
}

/** A path in bytes as `node:fs` and the kernel take it. */
export function diskPath(path: string): string | Buffer {
  return isAscii(path) ? path : bytesOf(path);
}

/** @param layers absolute paths, bottom first; the first one is there */
export function* mergedTree(host: TreeHost, layers: readonly string[]): Generator<TreeNode> {
  const roots = visible(host, layers.map(byteString).reverse());
  const [top] = roots;
  if (top === undefined) return;
  yield { path: "", at: diskPath(top), stat: lstatSync(diskPath(top)) };
  yield* inside(host, "", roots);
}

/** The entries below a directory that lies in all of `places`, the top one first. */
function* inside(host: TreeHost, path: string, places: readonly string[]): Generator<TreeNode> {
  const holders = new Map<string, string[]>();
  for (const place of places) {
    for (const name of readdirSync(diskPath(place), { encoding: "latin1" })) {
      const found = holders.get(name);
      if (found === undefined) holders.set(name, [`${place}/${name}`]);
      else found.push(`${place}/${name}`);
    }
  }
  for (const name of [...holders.keys()].sort()) {
    const candidates = holders.get(name) ?? [];
    const at = diskPath(candidates[0] ?? "");
    const stat = lstatSync(at);
    if (isWhiteout(stat)) continue;
    const own = path === "" ? name : `${path}/${name}`;
    yield { path: own, at, stat };
    if (stat.isDirectory()) yield* inside(host, own, visible(host, candidates));
  }
}

/** The directories from the top down to the first one that hides what lies below it. */
function visible(host: TreeHost, places: readonly string[]): string[] {
  const seen: string[] = [];
  for (const place of places) {
    if (!lstatSync(diskPath(place)).isDirectory()) break;
    seen.push(place);
    if (isOpaque(host, diskPath(place))) break;
  }
  return seen;
}

/** Whether an entry stands for "there is nothing here". */
export function isWhiteout(stat: Stats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0;
}

/** Whether a directory hides what lower layers have in it. */
export function isOpaque(host: TreeHost, at: string | Buffer): boolean {
  try {
    return host.kernel.getXattr(at, "trusted.overlay.opaque")?.includes(0x79) === true;
  } catch (error) {
    if (Fault.from(error).kind === "denied") return false; // only root sees such marks
    throw error;
  }
}

/** Everything that one layer holds, its whiteouts too. */
export function* layerTree(directory: string): Generator<TreeNode> {
  const top = byteString(directory);
  yield { path: "", at: diskPath(top), stat: lstatSync(diskPath(top)) };
  yield* below(top, "");
}

function* below(place: string, path: string): Generator<TreeNode> {
  for (const name of readdirSync(diskPath(place), { encoding: "latin1" }).sort()) {
    const at = diskPath(`${place}/${name}`);
    const own = path === "" ? name : `${path}/${name}`;
    const stat = lstatSync(at);
    yield { path: own, at, stat };
    if (stat.isDirectory()) yield* below(`${place}/${name}`, own);
  }
}

/** The entry that is visible at a path of layers that lie on each other; links are not followed. */
export function lookUp(
  host: TreeHost,
  layers: readonly string[],
  path: string,
): TreeNode | undefined {
  let directories = visible(host, layers.map(byteString).reverse());
  let found = directories[0];
  for (const name of path.split("/").filter(Boolean)) {
    const candidates = directories.map((place) => `${place}/${name}`).filter(isThere);
    found = candidates[0];
    directories = visible(host, candidates);
  }
  if (found === undefined) return undefined;
  const at = diskPath(found);
  const stat = lstatSync(at);
  return isWhiteout(stat) ? undefined : { path, at, stat };
}

function isThere(place: string): boolean {
  try {
    return lstatSync(diskPath(place), { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "ENOTDIR") return false;
    throw error;
  }
}

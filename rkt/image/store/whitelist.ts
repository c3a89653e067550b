/**
 * A layer of which only some paths are seen. In: an unpacked tree and a list of paths; out: a tree
 * with these files, as hard links, and the directories on the way to them. Symbolic links are never
 * followed: what lies behind one is not part of the layer. Never changes a file.
 *
 * @see appc 0.8.11 aci.md, pathWhitelist: "a complete and absolute set"
 */
import { chmodSync, chownSync, linkSync, lstatSync, mkdirSync, type BigIntStats } from "node:fs";
import { join, posix } from "node:path";
import type { Kernel } from "@shared/linux";
import type { LayerId } from "../image.ts";

export interface WhitelistHost {
  readonly kernel: Pick<Kernel, "getXattr" | "listXattrs" | "setXattr" | "setTimes">;
}

/** Equal lists, however they are written and ordered, give equal ids. */
export function whitelistedLayerId(layer: LayerId, whitelist: readonly string[]): LayerId {
  const text = JSON.stringify({ layer, pathWhitelist: cleanPaths(whitelist) });
  return `sha256-${new Bun.CryptoHasher("sha256").update(text).digest("hex")}`;
}

/** Fills the empty directory `target`. Paths that the tree does not have are left out. */
export function linkWhitelisted(
  host: WhitelistHost,
  source: string,
  target: string,
  whitelist: readonly string[],
): void {
  const directories = new Map<string, BigIntStats>();
  const root = lstatSync(source, { bigint: true });
  adopt(host, source, target, root);
  directories.set("", root);
  for (const path of cleanPaths(whitelist)) {
    const parts = path.split("/");
    for (let depth = 1; depth <= parts.length; depth++) {
      const at = parts.slice(0, depth).join("/");
      if (directories.has(at)) continue;
      const from = join(source, at);
      const stat = lstatSync(from, { bigint: true, throwIfNoEntry: false });
      if (stat?.isDirectory() === true) {
        mkdirSync(join(target, at));
        adopt(host, from, join(target, at), stat);
        directories.set(at, stat);
        continue;
      }
      if (stat !== undefined && depth === parts.length) linkSync(from, join(target, at));
      break;
    }
  }
  // Last, because their content changes them.
  for (const [at, stat] of directories) host.kernel.setTimes(join(target, at), timeOf(stat));
}

/** `/bin//ls/` → `bin/ls`, each once; the root itself is always there. */
function cleanPaths(whitelist: readonly string[]): string[] {
  const clean = whitelist.map((path) => posix.normalize(`/${path}`).replace(/\/$/, "").slice(1));
  return [...new Set(clean)].filter((path) => path !== "").sort();
}

/** Owner, mode and attributes of a directory. */
function adopt({ kernel }: WhitelistHost, from: string, to: string, stat: BigIntStats): void {
  chownSync(to, Number(stat.uid), Number(stat.gid));
  chmodSync(to, Number(stat.mode & 0o7777n));
  for (const name of kernel.listXattrs(from)) {
    const value = kernel.getXattr(from, name);
    if (value !== undefined) kernel.setXattr(to, name, value);
  }
}

function timeOf({ mtimeNs }: BigIntStats): { seconds: number; nanoseconds: number } {
  const rest = ((mtimeNs % NS) + NS) % NS;
  return { seconds: Number((mtimeNs - rest) / NS), nanoseconds: Number(rest) };
}

const NS = 1_000_000_000n;

/**
 * The trusted-key trees. In: the trees and an image name; out: the keys that may vouch for an image
 * of that name. A file of a later tree stands in for the one of the same place in an earlier tree;
 * an empty one masks it. Never writes.
 *
 * @see rkt Documentation/signing-and-verification-guide.md
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault, quote } from "@shared/base";
import { type OpenPgpKey, readKeys } from "./openpgp.ts";

const FINGERPRINT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;

/** Where in a tree keys for a prefix lie; undefined is the root: keys for every image. */
export function keyDirectory(prefix: string | undefined): string {
  return prefix === undefined ? "root.d" : join("prefix.d", prefix);
}

/** Keys that may vouch for the image: root keys, and those of every ancestor of its name. */
export async function keysFor(trees: readonly string[], imageName: string): Promise<OpenPgpKey[]> {
  const files = new Map<string, string>();
  for (const directory of [undefined, ...ancestorsOf(imageName)].map(keyDirectory)) {
    for (const tree of trees) {
      for (const name of namesIn(join(tree, directory))) {
        files.set(join(directory, name), join(tree, directory, name));
      }
    }
  }
  const keys = await Promise.all([...files.values()].map(readKeyFile));
  return keys.filter((key) => key !== undefined);
}

/**
 * Whether some key, masked or not, was put there for this very name or for an ancestor of it. Root
 * keys do not count: they say nothing about who makes this image.
 */
export function hasKeysForPrefix(trees: readonly string[], prefix: string): boolean {
  return ancestorsOf(prefix).some((ancestor) =>
    trees.some((tree) => namesIn(join(tree, keyDirectory(ancestor))).length > 0),
  );
}

/** `a.com/b/c` → `a.com`, `a.com/b`, `a.com/b/c`. */
function ancestorsOf(name: string): string[] {
  const parts = name.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

function namesIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory() && FINGERPRINT.test(entry.name))
      .map((entry) => entry.name);
  } catch (error) {
    const fault = Fault.from(error);
    if (fault.kind === "not-found") return [];
    throw fault;
  }
}

/** Undefined for an empty file: it masks. */
async function readKeyFile(path: string): Promise<OpenPgpKey | undefined> {
  const bytes = readFileSync(path);
  if (bytes.length === 0) return undefined;
  const keys = await readKeys(bytes);
  const wanted = path.slice(path.lastIndexOf("/") + 1);
  const key = keys.find(({ fingerprint }) => fingerprint === wanted);
  if (key !== undefined) return key;
  throw new Fault("corrupt", `read trusted key ${quote(path)}: its fingerprint is another one`, {
    hint: "the name of a key file must be the fingerprint of the key; add keys by rkt trust",
  });
}

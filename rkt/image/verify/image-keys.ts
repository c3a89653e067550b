/**
 * Keys for container images in the trusted-key trees, beside the OpenPGP keys for ACIs. In: the
 * trees and a name; out: the keys that may vouch for it. A file of a later tree stands in for the
 * one of the same place in an earlier tree; an empty one masks it. Never writes.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault, quote } from "@shared/base";
import { keyDirectory } from "./keyring.ts";
import { type ImageKey, readImageKey } from "./public-key.ts";
import { prefixesOf } from "./trust-name.ts";

const FILE = /^[0-9a-f]{64}\.cosign\.pub$/;

export function imageKeyFile(fingerprint: string): string {
  return `${fingerprint}.cosign.pub`;
}

/** Root keys, and those of every beginning of the name; without a name root keys only. */
export function imageKeysFor(trees: readonly string[], name: string | undefined): ImageKey[] {
  const prefixes = name === undefined ? [] : prefixesOf(name);
  const files = new Map<string, string>();
  for (const directory of [undefined, ...prefixes].map(keyDirectory)) {
    for (const tree of trees) {
      for (const file of keyFilesIn(join(tree, directory))) {
        files.set(join(directory, file), join(tree, directory, file));
      }
    }
  }
  return [...files.values()].map(readKeyFile).filter((key) => key !== undefined);
}

function keyFilesIn(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory() && FILE.test(entry.name))
      .map((entry) => entry.name);
  } catch (error) {
    const fault = Fault.from(error);
    if (fault.kind === "not-found") return [];
    throw fault;
  }
}

/** Undefined for an empty file: it masks. */
function readKeyFile(path: string): ImageKey | undefined {
  const bytes = readFileSync(path);
  if (bytes.length === 0) return undefined;
  const key = readImageKey(bytes, path);
  if (path.endsWith(`/${imageKeyFile(key.fingerprint)}`)) return key;
  throw new Fault("corrupt", `read trusted key ${quote(path)}: its fingerprint is another one`, {
    hint: "the name of a key file must be the fingerprint of the key; add keys by rkt trust",
  });
}

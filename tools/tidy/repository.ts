/**
 * The repository as the rules see it: sources with their syntax trees, documents, package
 * manifests.
 *
 * In: a record of path to text, or a directory to read. Out: a value; rules never touch the disk.
 * Never looks into installed packages, build results or test data.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Document, toDocument } from "./document.ts";
import { type Manifest, toManifest } from "./manifest.ts";
import { type Source, toSource } from "./source.ts";

export interface Repository {
  /** Every file, also those that no rule reads. */
  readonly paths: ReadonlySet<string>;
  readonly sources: ReadonlyMap<string, Source>;
  readonly documents: readonly Document[];
  readonly manifests: readonly Manifest[];
}

const UNREAD_FOLDERS = new Set(["node_modules", "dist", ".git", ".cache", "testdata"]);
const READ = /\.(ts|md|sh)$|(^|\/)package\.json$/;

/** Reads the repository below `root`. */
export function readRepository(root: string): Repository {
  const texts: Record<string, string> = {};
  for (const path of listFiles(root, "")) {
    texts[path] = READ.test(path) ? readFileSync(join(root, path), "utf8") : "";
  }
  return toRepository(texts);
}

/** Makes the value out of texts: for `readRepository`, and for the tests of the rules. */
export function toRepository(texts: Readonly<Record<string, string>>): Repository {
  const paths = new Set(Object.keys(texts));
  const entries = Object.entries(texts);
  const manifests = entries
    .filter(([path]) => /(^|\/)package\.json$/.test(path))
    .map(([path, text]) => toManifest(path, text));
  const sources = entries
    .filter(([path]) => path.endsWith(".ts"))
    .map(([path, text]) => toSource(path, text));
  const documents = entries
    .filter(([path]) => path.endsWith(".md"))
    .map(([path, text]) => toDocument(path, text));
  return { paths, sources: new Map(sources.map((s) => [s.path, s])), documents, manifests };
}

function listFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (!entry.isDirectory()) return [path];
    return UNREAD_FOLDERS.has(entry.name) ? [] : listFiles(root, path);
  });
}

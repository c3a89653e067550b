/**
 * What the executable is made of, as one digest: the source files, the lockfile, the flags, Bun
 * itself.
 *
 * In: the repository's root. Out: a hex string that changes when any of them does. Tests, documents
 * and installed packages are left out: the lockfile stands for the packages.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const SOURCES = ["app", "shared", "rkt", "rktnetes", "tools/build"];
const SINGLE_FILES = ["package.json", "bun.lock", "tsconfig.json"];

export function hashInputs(root: string): string {
  const hasher = new Bun.CryptoHasher("sha256");
  hasher.update(`${Bun.version} ${Bun.revision} ${process.arch}\n`);
  for (const path of inputFiles(root)) {
    hasher.update(`${path}\0`);
    hasher.update(readFileSync(join(root, path)));
    hasher.update("\0");
  }
  return hasher.digest("hex");
}

function inputFiles(root: string): string[] {
  const sources = SOURCES.filter((source) => existsSync(join(root, source)));
  return [...SINGLE_FILES, ...sources.flatMap((source) => filesBelow(root, source))].sort();
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesBelow(root, path);
    return entry.isFile() && !/\.(test\.ts|md)$/.test(entry.name) ? [path] : [];
  });
}

/**
 * The disk that brings the project into the guest.
 *
 * In: the repository, set up and built, and the arguments of `bun test`. Out: an ext4 image of what
 * tests need: sources, the executable, Bun, downloaded packages. Files are linked, not copied, on
 * the way; npm packages stay outside, no end-to-end test imports one.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "@e2e/rkt";
import { makeDisk } from "./root-image.ts";

const SIZE = "1G"; // sparse
/** A processor made in software is about 15 times slower; tests wait for little of that. */
const PATIENCE = 5;
const STAYS_OUTSIDE = new Set([".git", ".cache", "node_modules"]);

export async function projectDisk(
  root: string,
  directory: string,
  testArguments: readonly string[],
): Promise<string> {
  const tree = join(directory, "project");
  const cache = join(tree, ".cache");
  mkdirSync(cache, { recursive: true });
  const top = readdirSync(root).filter((name) => !STAYS_OUTSIDE.has(name));
  await link(root, top, tree);
  const kept = readdirSync(join(root, ".cache")).filter((name) => /^(bun-|debian$)/.test(name));
  await link(join(root, ".cache"), kept, cache);
  for (const path of nestedPackages(tree)) rmSync(path, { recursive: true });
  writeFileSync(join(tree, ".patience"), String(PATIENCE));
  writeFileSync(join(tree, ".test-arguments"), testArguments.map((each) => `${each}\n`).join(""));
  const disk = join(directory, "project.ext4");
  await makeDisk(disk, tree, SIZE);
  rmSync(tree, { recursive: true });
  return disk;
}

async function link(from: string, names: readonly string[], to: string): Promise<void> {
  const paths = names.map((name) => join(from, name));
  await must(["cp", "--archive", "--link", "--target-directory", to, ...paths]);
}

/** The node_modules of each package, links to what is not there. */
function nestedPackages(tree: string): string[] {
  const packages = [...new Bun.Glob("{*,*/*}/package.json").scanSync({ cwd: tree })];
  return packages
    .map((path) => join(tree, path, "../node_modules"))
    .filter((path) => existsSync(path));
}

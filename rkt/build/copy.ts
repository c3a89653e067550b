/**
 * Files of this machine into the image that is being built. In: paths here and a path there; out:
 * the open layer with them, modes, owners and times as they are here. Links inside the image are
 * followed, but never out of it.
 */
import { lstatSync, realpathSync } from "node:fs";
import { basename, resolve } from "node:path";
import { openStore } from "@rkt/image";
import { layerTree, type TreeNode, treeArchive, unpackLayer } from "@rkt/image/trees";
import { Fault, quote } from "@shared/base";
import { type Build, type BuildHost, layerPathIn } from "./build-directory.ts";
import { knownLowerLayers } from "./lower-layers.ts";
import { type ImagePlace, placeInLayers } from "./place-in-layers.ts";

/** Copies a file, or a directory with all below it, to exactly that path. */
export async function copyTo(
  host: BuildHost,
  build: Build,
  source: string,
  target: string,
): Promise<void> {
  const place = placeInLayers(host, visibleLayers(host, build), target);
  await copy(host, build, source, place);
}

/** Copies each of the sources into a directory, under its own name. */
export async function copyToDirectory(
  host: BuildHost,
  build: Build,
  sources: readonly string[],
  directory: string,
): Promise<void> {
  for (const source of sources) {
    await copyTo(host, build, source, `${directory}/${basename(resolve(source))}`);
  }
}

function visibleLayers(host: BuildHost, build: Build): string[] {
  using store = openStore(host, build.paths.data);
  const lower = knownLowerLayers(store, build.draft);
  return [...lower.map((id) => layerPathIn(build.paths, id)), build.paths.top];
}

async function copy(
  host: BuildHost,
  build: Build,
  source: string,
  place: ImagePlace,
): Promise<void> {
  const from = realSource(source);
  const isDirectory = lstatSync(from).isDirectory();
  const standing = place.node?.stat.isDirectory();
  if (standing !== undefined && standing !== isDirectory) {
    const shown = quote(`/${Buffer.from(place.path, "latin1").toString()}`);
    const hint = standing ? { hint: "to copy into it, use: acbuild copy-to-dir" } : {};
    const kind = standing ? "a directory" : "no directory";
    throw new Fault("already-exists", `copy to ${shown}: ${kind} is there`, hint);
  }
  const nodes = nodesAt(from, place, isDirectory);
  await unpackLayer(host, treeArchive(host, nodes), build.paths.top, { format: "oci" });
}

function realSource(source: string): string {
  try {
    return realpathSync(source);
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, `copy ${quote(source)}`, { cause });
  }
}

/** The directories on the way keep what lower layers say of them. */
function* nodesAt(from: string, place: ImagePlace, isDirectory: boolean): Generator<TreeNode> {
  yield* place.parents;
  if (!isDirectory) {
    yield { path: place.path, at: from, stat: lstatSync(from) };
    return;
  }
  for (const node of layerTree(from)) {
    if (node.path.split("/").at(-1)?.startsWith(".wh.") === true) {
      const shown = Buffer.from(node.path, "latin1").toString();
      throw new Fault("invalid", `copy ${quote(shown)}: such names hide files in images`);
    }
    yield { ...node, path: [place.path, node.path].filter(Boolean).join("/") };
  }
}

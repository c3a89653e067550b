/**
 * A build on disk: what is known of the image so far, and the tree of the layer that is open. In:
 * the directory in which a person builds; out: the build, locked until it is closed. What a command
 * changes is saved by one rename.
 *
 * .acbuild/build.json   the manifest, or the draft of an OCI image
 * .acbuild/top/         the tree of the open layer: an upper directory of overlayfs
 * .acbuild/work/        overlayfs's own
 * .acbuild/data/        a data directory of rkt: images that the build stands on, pods of its steps
 */
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { LayerId, StoreHost } from "@rkt/image";
import { type ImageManifest, parseImageManifest, printImageManifest } from "@rkt/spec";
import { Fault, quote, writeFileAtomic } from "@shared/base";
import type { Kernel } from "@shared/linux";
import type { OciDraft } from "./oci-draft.ts";

/** In whose form the image is. */
export type BuildMode = "appc" | "oci";

/** What is being built. */
export type Draft =
  | { readonly mode: "appc"; readonly manifest: ImageManifest }
  | { readonly mode: "oci"; readonly oci: OciDraft };

/** What a build needs of the machine. */
export interface BuildHost extends StoreHost {
  readonly kernel: Kernel;
  /** Program and arguments that start our own executable. */
  readonly self: readonly string[];
}

/** An open build. Dispose it: that gives its lock back. */
export interface Build extends Disposable {
  readonly paths: BuildPaths;
  readonly draft: Draft;
}

/** Absolute paths of what a build consists of. */
export interface BuildPaths {
  readonly state: string;
  readonly document: string;
  readonly top: string;
  readonly work: string;
  readonly data: string;
}

export function buildPaths(workPath: string): BuildPaths {
  const state = join(resolve(workPath), ".acbuild");
  const at = (name: string): string => join(state, name);
  return {
    state,
    document: at("build.json"),
    top: at("top"),
    work: at("work"),
    data: at("data"),
  };
}

/** Makes an empty build. @throws {Fault} "already-exists" */
export function createBuild(host: BuildHost, workPath: string, draft: Draft): Build {
  const paths = buildPaths(workPath);
  if (existsSync(paths.state)) {
    throw new Fault("already-exists", "build already in progress in this working dir", {
      hint: "end it first: acbuild end",
    });
  }
  mkdirSync(paths.state, { mode: 0o700 });
  mkdirSync(paths.top, { mode: 0o755 });
  mkdirSync(paths.data, { mode: 0o700 });
  saveDraft(paths, draft);
  return openBuild(host, workPath);
}

/**
 * Opens the build of a directory.
 *
 * @throws {Fault} "not-found" where none was begun, "precondition" while another command is at it
 */
export function openBuild(host: BuildHost, workPath: string): Build {
  const paths = buildPaths(workPath);
  if (!existsSync(paths.document)) {
    throw new Fault("not-found", "no build in progress in this working dir", {
      hint: "begin one: acbuild begin",
    });
  }
  const fd = openSync(paths.state, "r");
  if (!host.kernel.flock(fd, "exclusive", { wait: false })) {
    closeSync(fd);
    throw new Fault("precondition", "another acbuild is at work in this working dir");
  }
  try {
    const draft = readDraft(paths);
    return { paths, draft, [Symbol.dispose]: () => closeSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Keeps a changed draft: the next command sees it, whole or not at all. */
export function saveDraft(paths: BuildPaths, draft: Draft): void {
  const document =
    draft.mode === "appc"
      ? { ...draft, manifest: printImageManifest(draft.manifest, { pretty: false }) }
      : draft;
  writeFileAtomic(paths.document, JSON.stringify(document), { durable: false });
}

function readDraft({ document }: BuildPaths): Draft {
  try {
    const draft = JSON.parse(readFileSync(document, "utf8")) as
      | { mode: "appc"; manifest: string }
      | { mode: "oci"; oci: OciDraft };
    if (draft.mode === "oci") return draft;
    return { mode: "appc", manifest: parseImageManifest(draft.manifest) };
  } catch (cause) {
    throw new Fault("corrupt", `read ${quote(document)}`, { cause });
  }
}

/** Takes a build away with all that belongs to it. */
export function removeBuild(build: Build): void {
  rmSync(build.paths.state, { recursive: true, force: true });
}

/** Directory of a layer in a build's own store. */
export function layerPathIn(paths: BuildPaths, layer: LayerId): string {
  return join(paths.data, "cas/layers", layer);
}

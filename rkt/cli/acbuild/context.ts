/**
 * What the commands of acbuild have in common: where the build is, and what it needs of the world.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  beginBuild,
  type BeginOptions,
  type Build,
  type BuildHost,
  openBuild,
  writeImage,
  type WriteOptions,
} from "@rkt/build";
import type { PullOptions, Store } from "@rkt/image";
import { kernel } from "@shared/linux";
import { imageHostOf, insecureOf } from "../commands/image-host.ts";
import { ownPlatform } from "../flags/platform.ts";
import type { Call } from "../grammar/command.ts";
import { type Flag, plainFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";

const workPath = plainFlag({ name: "work-path", usage: "directory of the build" }, ".");
const modify = plainFlag({ name: "modify", usage: "an ACI to change, instead of a build" });

export const BUILD_FLAGS: readonly Flag<unknown>[] = [workPath];
export const STEP_FLAGS: readonly Flag<unknown>[] = [modify, workPath];

export function buildHostOf(host: Host): BuildHost {
  return { kernel, clock: host.clock, self: host.self };
}

export function workPathOf(call: Call): string {
  return call.flags.get(workPath);
}

/** How dependencies and images are fetched. */
export function fetchingOf(host: Host, call: Call): Pick<BeginOptions, "pull" | "imageHost"> {
  const pull: PullOptions = {
    policy: "new",
    platform: ownPlatform(),
    insecure: insecureOf(call),
  };
  return { pull, imageHost: (store: Store) => imageHostOf(host, call, store) };
}

/** What writing an image needs. */
export function writingOf(host: Host, call: Call, path: string, overwrite: boolean): WriteOptions {
  return { ...fetchingOf(host, call), path, overwrite, clock: host.clock };
}

/**
 * Does one step of the build in the directory; with `--modify`, of a build that begins with that
 * ACI and replaces it.
 */
export async function withBuild(
  host: Host,
  call: Call,
  step: (build: Build) => number | Promise<number>,
): Promise<number> {
  const archive = call.flags.get(modify);
  if (archive === "") {
    using build = openBuild(buildHostOf(host), workPathOf(call));
    return await step(build);
  }
  return await modifyArchive(host, call, resolve(archive), step);
}

async function modifyArchive(
  host: Host,
  call: Call,
  archive: string,
  step: (build: Build) => number | Promise<number>,
): Promise<number> {
  const directory = mkdtempSync(join(host.environment["TMPDIR"] ?? tmpdir(), "acbuild-"));
  try {
    await beginBuild(buildHostOf(host), {
      ...fetchingOf(host, call),
      workPath: directory,
      mode: "appc",
      platform: ownPlatform(),
      from: archive,
    });
    const status = await inBuild(host, directory, step);
    if (status !== 0) return status;
    using build = openBuild(buildHostOf(host), directory);
    await writeImage(buildHostOf(host), build, writingOf(host, call, archive, true));
    return 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function inBuild(
  host: Host,
  directory: string,
  step: (build: Build) => number | Promise<number>,
): Promise<number> {
  using build = openBuild(buildHostOf(host), directory);
  return await step(build);
}

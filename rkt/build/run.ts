/**
 * A command run inside the image that is being built. In: a build and a command; out: the command's
 * exit status, and what it wrote in the open layer. The pod is one of our own stage1, with the
 * network of the machine; nothing of it stays.
 */
import { lstatSync, mkdirSync, readdirSync, rmdirSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { type ImageHost, openStore, type PullOptions } from "@rkt/image";
import { lookUp } from "@rkt/image/trees";
import type { App, NameValue } from "@rkt/spec";
import { gcPods } from "@rkt/stage0";
import { type Build, type BuildHost, type Draft, layerPathIn } from "./build-directory.ts";
import { allLowerLayers, emptyLayer } from "./lower-layers.ts";
import { stepHost, type StepRequest } from "./step.ts";

/** A command, and what fetching dependencies for it needs. */
export interface RunOptions {
  readonly command: readonly string[];
  /** Instead of the image's own. */
  readonly workingDirectory?: string;
  readonly pull: PullOptions;
  readonly imageHost: (store: ImageHost["store"]) => ImageHost;
  readonly version: string;
  readonly localConfig: string;
  /** As `rkt run --net` takes it. */
  readonly net: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The hidden first argument that makes our executable the pod of a step. */
const STEP_ARGUMENT = "acbuild-step";

/** Runs the command and returns its exit status. @throws {Fault} when it cannot be started */
export async function runInBuild(
  host: BuildHost,
  build: Build,
  options: RunOptions,
): Promise<number> {
  const { paths } = build;
  const layers = await lowerLayersOf(host, build, options);
  const trees = [...layers.map((id) => layerPathIn(paths, id)), paths.top];
  const missing = MOUNT_POINTS.filter((path) => lookUp(host, trees, path) === undefined);
  rmSync(paths.work, { recursive: true, force: true });
  mkdirSync(paths.work, { mode: 0o755 });
  const request: StepRequest = {
    dataDir: paths.data,
    layers,
    top: paths.top,
    work: paths.work,
    app: appOf(build.draft, options),
    version: options.version,
    localConfig: options.localConfig,
    net: options.net,
  };
  try {
    const argv = [...host.self, STEP_ARGUMENT, JSON.stringify(request)];
    const child = Bun.spawn(argv, { stdin: "inherit", stdout: "inherit", stderr: "inherit" });
    return await child.exited;
  } finally {
    collectPods(paths.data, options);
    for (const path of missing) removeIfEmpty(join(paths.top, path));
    rmSync(paths.work, { recursive: true, force: true });
  }
}

async function lowerLayersOf(
  host: BuildHost,
  build: Build,
  options: RunOptions,
): Promise<StepRequest["layers"]> {
  using store = openStore(host, build.paths.data);
  const lower = await allLowerLayers(options.imageHost(store), build.draft, options.pull);
  return lower.length > 0 ? lower : [await emptyLayer(store)];
}

/** What the runtime makes so that it has something to mount on; deepest first. */
const MOUNT_POINTS: readonly string[] = [
  "etc/resolv.conf",
  "etc/hosts",
  "etc/mtab",
  "etc",
  "dev/shm",
  "dev/pts",
  "dev/mqueue",
  "dev",
  "proc",
  "sys/fs/cgroup",
  "sys/fs",
  "sys",
];

/** What the step itself wrote there stays. */
function removeIfEmpty(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true && readdirSync(path).length === 0) rmdirSync(path);
  else if (stat?.isFile() === true && stat.size === 0) unlinkSync(path);
}

function collectPods(dataDir: string, { environment, localConfig }: RunOptions): void {
  gcPods(stepHost(environment), {
    dataDir,
    gracePeriodMs: 0,
    expirePreparedMs: 0,
    markOnly: false,
    debug: false,
    localConfig,
  });
}

/** Root inside the image, as with every other builder. */
function appOf(draft: Draft, { command, workingDirectory }: RunOptions): App {
  const own = draft.mode === "appc" ? draft.manifest.app : undefined;
  const environment = draft.mode === "appc" ? own?.environment : ociEnvironment(draft.oci.config);
  const directory = workingDirectory ?? own?.workingDirectory;
  return {
    exec: command,
    user: "0",
    group: "0",
    ...(directory !== undefined && { workingDirectory: directory }),
    ...(environment !== undefined && { environment }),
  };
}

function ociEnvironment({ config }: Readonly<Record<string, unknown>>): NameValue[] {
  const { Env: entries } = (config ?? {}) as { readonly Env?: readonly string[] };
  return (entries ?? []).flatMap((entry) => {
    const equals = entry.indexOf("=");
    return equals < 1 ? [] : [{ name: entry.slice(0, equals), value: entry.slice(equals + 1) }];
  });
}

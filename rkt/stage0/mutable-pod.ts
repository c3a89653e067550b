/**
 * Apps of a running mutable pod: they are added, started, stopped and removed here, by changes to
 * the pod directory and requests to the pod's stage1.
 *
 * Adding and removing is one at a time for each pod. An app is in the pod manifest only while all
 * its files are there; what a caller who died left of one that is not, the next one clears away.
 */
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { parseAcName, type PodManifest, printPodManifest } from "@rkt/spec";
import { appArgv, type Entrypoint, podPaths } from "@rkt/stage1/contract";
import { crashPoint, Fault, quote, writeFileAtomic } from "@shared/base";
import { type Kernel, namespacePath } from "@shared/linux";
import { mountAppRoots } from "./app-root.ts";
import { callEntrypoint } from "./entrypoint.ts";
import type { Stage0Host } from "./host.ts";
import { readPodManifest } from "./list.ts";
import { pathOf, type Pod, stateOfPod } from "./pod-dir.ts";
import { type AppRequest, isMutable, planAddedApp } from "./pod-manifest.ts";
import {
  checkLayers,
  makeVolume,
  type PrepareRequest,
  withoutOverlayMark,
  writeApp,
} from "./prepare.ts";
import { lockFile, lockPrepare } from "./prepare-lock.ts";
import { readStage1Manifest } from "./stage1-image.ts";
import { isReady } from "./status.ts";
import { readUserRange } from "./user-range.ts";

type AppHost = Pick<Stage0Host, "kernel" | "environment" | "warn">;

/**
 * Adds an app to a running mutable pod, and proves that it could be started.
 *
 * @throws {Fault} "precondition", "already-exists", "invalid", or what stage1 met; the pod is as it
 * was then
 */
export function addApp(
  host: AppHost,
  pod: Pod,
  request: AppRequest & Pick<PrepareRequest, "copyTree">,
): void {
  refuseUnlessRunning(host, pod);
  const path = pathOf(pod);
  using _turn = lockFile(host, join(path, "pod.lck"), "exclusive");
  const before = readPodManifest(pod);
  const { manifest, warnings } = planAddedApp(before, request);
  for (const line of warnings) host.warn(line);
  clearAway(host, path, request.name);
  try {
    fillApp(host, pod, request, manifest);
    writeManifest(path, manifest);
    crashPoint("app-manifest");
    callStage1(host, pod, "app/add", appArgv(pod.uuid, request.name));
  } catch (error) {
    writeManifest(path, before);
    clearAway(host, path, request.name);
    throw error;
  }
}

function fillApp(
  host: AppHost,
  pod: Pod,
  request: AppRequest & Pick<PrepareRequest, "copyTree">,
  manifest: PodManifest,
): void {
  const { dataDir } = pod;
  const path = pathOf(pod);
  using _imagesStay = lockPrepare(host, dataDir, "shared");
  checkLayers(dataDir, [request]);
  const withoutOverlay = existsSync(withoutOverlayMark(path));
  const { copyTree } = request;
  writeApp(path, request, { dataDir, withoutOverlay, ...(copyTree && { copyTree }) });
  crashPoint("app-written");
  const own = manifest.apps.find(({ name }) => name === request.name);
  const volumes = own?.mounts?.flatMap(({ appVolume }) => appVolume ?? []) ?? [];
  for (const volume of [...(manifest.volumes ?? []), ...volumes]) {
    if (!existsSync(podPaths.sharedVolume(path, volume.name))) makeVolume(path, volume);
  }
  writeFileSync(podPaths.appCreated(path, request.name), "", { mode: 0o640 });
  const apps = own === undefined ? [] : [own];
  inSupervisorsMounts(host.kernel, path, () =>
    mountAppRoots(host.kernel, { dataDir, manifest: { ...manifest, apps } }, readUserRange(path)),
  );
  crashPoint("app-mounted");
}

/** Starts an app that was added, or that has ended. @throws {Fault} "precondition" */
export function startAppOf(host: AppHost, pod: Pod, app: string): void {
  refuseUnlessRunning(host, pod);
  findApp(pod, app, "immutable pod: cannot start application");
  callStage1(host, pod, "app/start", appArgv(pod.uuid, app));
}

/** Ends an app and waits for its end; one that does not run has ended. @throws {Fault} */
export function stopAppOf(
  host: AppHost,
  pod: Pod,
  app: string,
  options: { readonly graceMs?: number } = {},
): void {
  refuseUnlessRunning(host, pod);
  findApp(pod, app, "immutable pod: cannot stop application");
  callStage1(host, pod, "app/stop", appArgv(pod.uuid, app, options));
}

/** Removes an app with all its files, after it was stopped. @throws {Fault} */
export function removeAppOf(host: AppHost, pod: Pod, app: string): void {
  const path = pathOf(pod);
  using _turn = lockFile(host, join(path, "pod.lck"), "exclusive");
  findApp(pod, app, "immutable pod: cannot remove application");
  if (stateOfPod(host, pod) === "running") {
    callStage1(host, pod, "app/rm", appArgv(pod.uuid, app));
  }
  crashPoint("app-forgotten");
  const manifest = readPodManifest(pod);
  writeManifest(path, { ...manifest, apps: manifest.apps.filter(({ name }) => name !== app) });
  crashPoint("app-unlisted");
  clearAway(host, path, app);
}

function refuseUnlessRunning(host: AppHost, pod: Pod): void {
  if (stateOfPod(host, pod) !== "running") {
    throw new Fault("precondition", `pod ${quote(pod.uuid)} isn't currently running`);
  }
  if (isReady(pod)) return;
  throw new Fault("precondition", `supervisor for pod ${quote(pod.uuid)} is not yet ready`);
}

function findApp(pod: Pod, app: string, refusal: string): void {
  const manifest = readPodManifest(pod);
  if (!isMutable(manifest)) throw new Fault("precondition", refusal);
  if (manifest.apps.some(({ name }) => name === app)) return;
  throw new Fault("not-found", `error: nonexistent app ${quote(app)}`, {
    hint: `It has: ${manifest.apps.map(({ name }) => name).join(", ") || "none"}`,
  });
}

function writeManifest(path: string, manifest: PodManifest): void {
  const text = printPodManifest(manifest, { pretty: false });
  writeFileAtomic(podPaths.manifest(path), text, { durable: false });
}

function callStage1(
  host: AppHost,
  pod: Pod,
  entrypoint: Entrypoint,
  argv: readonly string[],
): void {
  const path = pathOf(pod);
  const stage1 = readStage1Manifest(path);
  callEntrypoint(host, { pod: path, stage1, entrypoint, argv, complains: true });
}

/** Every file of an app that is not in the manifest. */
function clearAway(host: AppHost, path: string, app: string): void {
  parseAcName(app); // it becomes part of paths
  const root = podPaths.appRoot(path, app);
  if (existsSync(root)) {
    inSupervisorsMounts(host.kernel, path, () => {
      if (isMounted(root)) host.kernel.unmount(root, { detach: true });
    });
    crashPoint("app-unmounted");
  }
  for (const each of [
    dirname(root),
    dirname(podPaths.overlayUpper(path, app)),
    dirname(podPaths.appLayers(path, app)),
    podPaths.appCreated(path, app),
    ...logsOf(path, app),
  ]) {
    rmSync(each, { recursive: true, force: true });
    crashPoint("app-partial");
  }
}

/** With those that were rotated; no app's name has a dot. */
function logsOf(path: string, app: string): string[] {
  const directory = dirname(podPaths.appLog(path, app));
  const names = readdirSync(directory).filter((name) => name.startsWith(`${app}.`));
  return names.map((name) => join(directory, name));
}

function isMounted(path: string): boolean {
  return readFileSync("/proc/self/mountinfo", "utf8").includes(` ${path} `);
}

/**
 * Runs `action` in the mount namespace of the pod's supervisor, with the pod as the working
 * directory; for a pod that has ended, which has none, not at all.
 */
function inSupervisorsMounts(kernel: Kernel, path: string, action: () => void): void {
  const pid = Number(readFileSync(podPaths.supervisorPid(path), "utf8"));
  const there = openIfThere(namespacePath(pid, "mount"));
  if (there === undefined) return;
  const home = openSync(namespacePath("thread-self", "mount"), "r");
  const directory = process.cwd();
  try {
    kernel.unshare(["fs"]); // a thread that shares its root directory cannot change its mounts
    kernel.setns(there, "mount");
    try {
      process.chdir(path);
      action();
    } finally {
      kernel.setns(home, "mount");
      process.chdir(directory);
    }
  } finally {
    closeSync(there);
    closeSync(home);
  }
}

function openIfThere(namespace: string): number | undefined {
  try {
    const own = readlinkSync(namespacePath("thread-self", "mount"));
    return readlinkSync(namespace) === own ? undefined : openSync(namespace, "r");
  } catch (error) {
    if (["not-found", "precondition"].includes(Fault.from(error).kind)) return undefined;
    throw error;
  }
}

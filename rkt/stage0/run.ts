/**
 * Spine of starting: a prepared and locked pod flows in, and this process becomes its stage1.
 * Mounts happen only in the mount namespace made here, which ends with the pod's last process.
 *
 * Synchronous to the end: only this thread is in the new namespace.
 */
import { closeSync, constants, openSync, readFileSync } from "node:fs";
import process from "node:process";
import { LOCK_FD_VARIABLE, podPaths, type RunArguments } from "@rkt/stage1/contract";
import { assert, crashPoint, Fault, quote } from "@shared/base";
import type { Kernel } from "@shared/linux";
import type { Stage0Host } from "./host.ts";
import { layerPath, readLayers } from "./layers.ts";
import { openedPod } from "./pod-dir.ts";
import type { PreparedPod } from "./prepare.ts";
import { discardPod } from "./remove-pod.ts";
import { supportedRunArgv } from "./run-arguments.ts";
import { entrypointPath } from "./stage1-image.ts";

type RunHost = Pick<Stage0Host, "kernel" | "environment" | "warn">;

/**
 * Becomes the stage1 of the pod: same process, same pid.
 *
 * @throws {Fault} when stage1 cannot be started, "unsupported" where the kernel cannot stack
 * layers; the pod is removed then
 */
export function runPod(host: RunHost, pod: PreparedPod, run: Omit<RunArguments, "uuid">): never {
  const { lockFd, uuid, dataDir } = pod;
  assert(lockFd !== undefined, "only a locked pod is run");
  try {
    return becomeStage1(host, pod, lockFd, { ...run, uuid });
  } catch (error) {
    discardPod(host.kernel, openedPod(dataDir, uuid, lockFd));
    throw error;
  }
}

function becomeStage1(host: RunHost, pod: PreparedPod, lockFd: number, run: RunArguments): never {
  const program = entrypointPath(pod.stage1, pod.path, "run");
  if (program === undefined) throw new Fault("invalid", "start stage1: it has no run entrypoint");
  const argv = supportedRunArgv(host, pod.stage1, run);
  enterMountNamespace(host.kernel, pod.path);
  for (const { name } of pod.manifest.apps) mountAppRoot(host.kernel, pod, name);
  crashPoint("run-mounted");
  host.kernel.setCloseOnExec(lockFd, false);
  const environment = { ...defined(host.environment), [LOCK_FD_VARIABLE]: String(lockFd) };
  return host.kernel.execve(program, [program, ...argv], environment);
}

/** Mounts of the host still arrive in the pod's namespace, none go back. */
function enterMountNamespace(kernel: Kernel, path: string): void {
  kernel.unshare(["mount"]);
  kernel.mount({ target: "/", flags: ["rec", "slave"] });
  process.chdir(path);
}

/**
 * Stacks an app's layers under its own upper directory. The working directory is the pod's: short
 * relative names, and layers as open descriptors, keep the options of even a hundred layers below
 * the kernel's limit of one page.
 */
function mountAppRoot(kernel: Kernel, pod: PreparedPod, app: string): void {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const opened = readLayers(".", app).map((layer) =>
    openSync(layerPath(pod.dataDir, layer), flags),
  );
  try {
    const lower = opened.map((fd) => `/proc/self/fd/${fd}`).reverse(); // the top one first
    mountOverlay(kernel, podPaths.appRoot(".", app), [
      `lowerdir=${lower.join(":")}`,
      `upperdir=${podPaths.overlayUpper(".", app)}`,
      `workdir=${podPaths.overlayWork(".", app)}`,
    ]);
  } catch (error) {
    throw explainOverlay(kernel, app, error);
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

/**
 * `volatile` (Linux 5.10) keeps the end of a pod from syncing the whole file system below it: the
 * upper directory belongs to a pod that does not outlive a power cut. Older kernels refuse the
 * word.
 */
function mountOverlay(kernel: Kernel, target: string, options: readonly string[]): void {
  const request = { source: "overlay", target, type: "overlay" } as const;
  try {
    kernel.mount({ ...request, data: [...options, "volatile"].join(",") });
  } catch (error) {
    if (Fault.from(error).kind !== "invalid") throw error;
    kernel.mount({ ...request, data: options.join(",") });
  }
}

const OVERLAYFS_MAGIC = 0x794c_7630;

function explainOverlay(kernel: Kernel, app: string, cause: unknown): Fault {
  const what = `mount the root of app ${quote(app)}`;
  if (!/\toverlay$/m.test(readFileSync("/proc/filesystems", "utf8"))) {
    return new Fault("unsupported", `${what}: this kernel has no overlay file system`, {
      hint: "Load it with: modprobe overlay",
    });
  }
  if (kernel.fileSystemType(".") === OVERLAYFS_MAGIC) {
    return new Fault("unsupported", what, {
      cause,
      hint: "The data directory is itself on an overlay; name one on another disk with --dir.",
    });
  }
  return new Fault(Fault.from(cause).kind, what, { cause });
}

/** Without the names that are not set. */
export function defined(
  variables: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables))
    if (value !== undefined) kept[name] = value;
  return kept;
}

/**
 * The root directories of apps: layers flow in, mounts flow out, in a mount namespace of this
 * process. The working directory is the pod's.
 *
 * Synchronous: only the calling thread is in the new namespace.
 */
import { closeSync, constants, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import type { PodManifest } from "@rkt/spec";
import { mappedOwners, podPaths, type UserRange } from "@rkt/stage1/contract";
import { Fault, quote } from "@shared/base";
import type { BindRequest, Kernel } from "@shared/linux";
import { layerPath, readLayers } from "./layers.ts";

/** Mounts of the host still arrive in the new namespace, none go back. Changes into the pod. */
export function enterMountNamespace(kernel: Kernel, path: string): void {
  kernel.unshare(["mount"]);
  kernel.mount({ target: "/", flags: ["rec", "slave"] });
  process.chdir(path);
}

/** The roots of all apps of the pod, whose owners are shifted where the pod has a range of ids. */
export function mountAppRoots(
  kernel: Kernel,
  pod: { readonly dataDir: string; readonly manifest: PodManifest },
  users: UserRange | undefined,
): void {
  const fd = users === undefined ? undefined : kernel.newUserNamespace(mappedOwners(users));
  try {
    for (const { name } of pod.manifest.apps) {
      if (fd === undefined) mountAppRoot(kernel, pod.dataDir, name);
      else mountMappedRoot(kernel, pod.dataDir, name, fd);
    }
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/**
 * Stacks an app's layers under its own upper directory. A pod that was prepared without overlay
 * names no layers: its roots are there already.
 */
function mountAppRoot(kernel: Kernel, dataDir: string, app: string): void {
  stackLayers(kernel, dataDir, app, (lower) => mountOverlay(kernel, app, lower));
}

/**
 * As `mountAppRoot`, through mounts that map owners: on disk the files of layers and of the upper
 * directory keep the ids that the app sees.
 */
function mountMappedRoot(kernel: Kernel, dataDir: string, app: string, users: number): void {
  const bind = (source: string, target: string): void =>
    bindMapped(kernel, { source, target, recursive: false, userNamespaceFd: users });
  const root = podPaths.appRoot(".", app);
  if (readLayers(".", app).length === 0) return bind(root, root);
  const own = dirname(podPaths.overlayUpper(".", app));
  const places = readLayers(".", app).map((_, at) => join(own, "lower", String(at)));
  for (const place of places) mkdirSync(place, { recursive: true });
  bind(own, own);
  stackLayers(kernel, dataDir, app, (lower) => {
    lower.forEach((layer, at) => bind(layer, places[at] ?? ""));
    mountOverlay(kernel, app, places);
  });
  // The stack has its own hold of them.
  for (const place of [...places, own]) kernel.unmount(place, { detach: true });
}

function bindMapped(kernel: Kernel, request: BindRequest): void {
  try {
    kernel.bindMount(request);
  } catch (cause) {
    const { kind } = Fault.from(cause);
    if (kind !== "unsupported") throw cause;
    throw new Fault(kind, "shift the owners of files for --private-users", {
      cause,
      hint:
        "The kernel and the file system of the data directory must be able to map owners: " +
        "Linux 5.19 and ext4, xfs or btrfs are.",
    });
  }
}

/** As `mountAppRoot` for a pod that has ended: what the app left, only to be read. */
export function mountEndedAppRoot(kernel: Kernel, dataDir: string, app: string): void {
  const target = podPaths.appRoot(".", app);
  const upper = podPaths.overlayUpper(".", app);
  stackLayers(kernel, dataDir, app, (lower) =>
    kernel.mount({
      source: "overlay",
      target,
      type: "overlay",
      flags: ["ro"],
      data: `lowerdir=${[upper, ...lower].join(":")}`,
    }),
  );
}

/**
 * The working directory is the pod's: short relative names, and layers as open descriptors, keep
 * the options of even a hundred layers below the kernel's limit of one page.
 */
function stackLayers(
  kernel: Kernel,
  dataDir: string,
  app: string,
  mount: (lower: readonly string[]) => void,
): void {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  const layers = readLayers(".", app);
  if (layers.length === 0) return;
  const opened = layers.map((layer) => openSync(layerPath(dataDir, layer), flags));
  try {
    mount(opened.map((fd) => `/proc/self/fd/${fd}`).reverse()); // the top one first
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
function mountOverlay(kernel: Kernel, app: string, lower: readonly string[]): void {
  const target = podPaths.appRoot(".", app);
  const options = [
    `lowerdir=${lower.join(":")}`,
    `upperdir=${podPaths.overlayUpper(".", app)}`,
    `workdir=${podPaths.overlayWork(".", app)}`,
  ];
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

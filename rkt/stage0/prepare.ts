/**
 * Spine of preparation: a request for a pod flows in, a pod directory that stage1 can run flows
 * out, locked if it runs next.
 *
 * Opens no image and mounts nothing: layers are only named here.
 */
import { chmodSync, chownSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { LayerId, StoredImage } from "@rkt/image";
import {
  type ImageManifest,
  type PodManifest,
  printImageManifest,
  printPodManifest,
  type Volume,
} from "@rkt/spec";
import type { Stage1Image } from "@rkt/stage1/bundled";
import { podPaths, printUserRange, type UserRange } from "@rkt/stage1/contract";
import { assert, crashPoint, Fault, quote, syncDirectory, writeFileAtomic } from "@shared/base";
import { createPod } from "./create-pod.ts";
import type { Stage0Host } from "./host.ts";
import { layerPath, printLayers } from "./layers.ts";
import { movePod, phasePath, type Pod } from "./pod-dir.ts";
import { type AppRequest, planPod, type PodRequest } from "./pod-manifest.ts";
import { claimName, nameAnnotation } from "./pod-name.ts";
import { lockPrepare } from "./prepare-lock.ts";
import { discardPod } from "./remove-pod.ts";
import { holdVolumes, withNamedVolumes } from "./named-volume.ts";
import { claimUserRange } from "./user-range.ts";

/** A pod, the stage1 that shall run it, and where it goes. */
export interface PrepareRequest extends PodRequest {
  readonly dataDir: string;
  /** One that comes with the program, or an image of the store, which `copyTree` copies. */
  readonly stage1: Stage1Image | Pick<StoredImage, "manifest" | "layers">;
  /** Where the pod goes: to `runPod` at once, or into "prepared" to be run later. */
  readonly next: "run" | "prepared";
  /** Layers are copied now; else they are stacked whenever the pod runs. */
  readonly withoutOverlay?: boolean;
  /** Copies layers, bottom first, into a directory; needed only where something is copied. */
  readonly copyTree?: (layers: readonly string[], target: string) => void;
  /** The pod gets a user namespace: this range of ids, or any that is free. */
  readonly privateUsers?: UserRange | "any";
  /** As `parsePodName` returned it; no other living pod may have it. */
  readonly name?: string;
  /** Called with the UUID as soon as the pod exists, before anything that may fail. */
  readonly onCreated?: (uuid: string) => void;
}

/**
 * A pod in phase "run" whose exclusive lock `pod.fd` holds, or one in "prepared" that nobody holds.
 */
export interface PreparedPod {
  readonly uuid: string;
  readonly dataDir: string;
  /** Absolute path of the pod directory. */
  readonly path: string;
  readonly manifest: PodManifest;
  /** Of the stage1 that shall run it. */
  readonly stage1: ImageManifest;
  /** Descriptor of the locked directory; undefined in phase "prepared". */
  readonly lockFd: number | undefined;
}

type PrepareHost = Pick<Stage0Host, "kernel" | "random" | "warn">;

/**
 * Makes the pod that `request` asks for.
 *
 * @throws {Fault} "invalid" before anything is made; "not-found" when a layer is gone; "exhausted"
 * when the disk is full. No pod is left behind then.
 */
export function preparePod(host: PrepareHost, request: PrepareRequest): PreparedPod {
  const { name } = request;
  const annotations = [...(request.annotations ?? []), ...(name ? [nameAnnotation(name)] : [])];
  const { manifest: planned, warnings } = planPod({ ...request, annotations });
  const dataDir = resolve(request.dataDir);
  for (const line of warnings) host.warn(line);
  using _named = name === undefined ? undefined : claimName(host, dataDir, name);
  const { privateUsers } = request;
  using users = privateUsers && claimUserRange(host, dataDir, privateUsers);
  using _volumes = holdVolumes(host, dataDir, planned);
  const manifest = withNamedVolumes(host, dataDir, planned);
  crashPoint("prepare-claimed");
  const pod = createPod(host, dataDir);
  try {
    recordUsers(phasePath(dataDir, "prepare", pod.uuid), users?.range);
    request.onCreated?.(pod.uuid);
    crashPoint("prepare-told");
    using _imagesStay = lockPrepare(host, dataDir, "shared");
    checkLayers(dataDir, request.apps);
    fillPod(phasePath(dataDir, "prepare", pod.uuid), request, manifest);
    return { ...finish(pod, request.next), manifest, stage1: request.stage1.manifest };
  } catch (error) {
    discardPod(host.kernel, pod);
    pod[Symbol.dispose]();
    throw error;
  }
}

function recordUsers(path: string, range: UserRange | undefined): void {
  if (range === undefined) return;
  writeFileAtomic(podPaths.privateUsers(path), `${printUserRange(range)}\n`, { durable: false });
}

/** An image may have been removed between its look-up and our lock. */
export function checkLayers(dataDir: string, apps: readonly AppRequest[]): void {
  for (const { image } of apps) {
    for (const layer of image.layers) {
      if (existsSync(layerPath(dataDir, layer))) continue;
      throw new Fault("not-found", `image ${quote(image.name)} lacks its layer ${layer}`, {
        hint: "Fetch the image again.",
      });
    }
  }
}

/**
 * Nothing is synced here: a pod that is not in "prepared" does not outlive the machine's next boot
 * anyway.
 */
function fillPod(path: string, request: PrepareRequest, manifest: PodManifest): void {
  writeStage1(path, request);
  crashPoint("prepare-stage1");
  for (const app of request.apps) {
    writeApp(path, app, request);
    crashPoint("prepare-app");
  }
  if (request.mutable === true && request.withoutOverlay === true) {
    writeFileSync(withoutOverlayMark(path), "", { mode: 0o640 });
  }
  for (const volume of manifest.volumes ?? []) makeVolume(path, volume);
  crashPoint("prepare-volumes");
  mkdirSync(join(path, "logs"), { mode: 0o750 });
  const durable = request.next === "prepared";
  writeFileAtomic(podPaths.manifest(path), printPodManifest(manifest, { pretty: false }), {
    durable,
  });
  writeFileSync(join(path, "pod-created"), "", { mode: 0o640 });
  crashPoint("prepare-manifest");
}

function writeStage1(path: string, { stage1, copyTree, dataDir }: PrepareRequest): void {
  const root = podPaths.stage1Root(path);
  mkdirSync(dirname(root), { mode: 0o750 });
  mkdirSync(root, { mode: 0o755 });
  writeDocument(podPaths.stage1Manifest(path), stage1.manifest);
  if ("layers" in stage1) {
    assert(copyTree !== undefined, "the caller says how a stage1 of the store is copied");
    return copyTree(layerPaths(dataDir, stage1.layers), root);
  }
  for (const entry of stage1.entries) {
    if (entry.kind === "directory") mkdirSync(join(root, entry.path), { mode: 0o755 });
    else symlinkSync(entry.target, join(root, entry.path));
  }
}

function layerPaths(dataDir: string, layers: readonly LayerId[]): string[] {
  return layers.map((layer) => layerPath(resolve(dataDir), layer));
}

/** Empty; apps that are added to this pod get copies of their layers. */
export function withoutOverlayMark(pod: string): string {
  return join(pod, "no-overlay");
}

/** All files of one app. */
export function writeApp(
  path: string,
  { name, image }: AppRequest,
  request: Pick<PrepareRequest, "dataDir" | "withoutOverlay" | "copyTree">,
): void {
  mkdirSync(dirname(podPaths.appImageManifest(path, name)), { recursive: true, mode: 0o750 });
  writeDocument(podPaths.appImageManifest(path, name), image.manifest);
  const root = podPaths.appRoot(path, name);
  mkdirSync(root, { recursive: true, mode: 0o755 });
  const { copyTree, withoutOverlay = false } = request;
  const stacked = withoutOverlay ? [] : image.layers;
  writeFileSync(podPaths.appLayers(path, name), printLayers(stacked), { mode: 0o640 });
  if (withoutOverlay) {
    assert(copyTree !== undefined, "the caller says how layers are copied");
    return copyTree(layerPaths(request.dataDir, image.layers), root);
  }
  const upper = podPaths.overlayUpper(path, name);
  mkdirSync(upper, { recursive: true, mode: 0o755 });
  mkdirSync(podPaths.overlayWork(path, name), { mode: 0o755 });
}

function writeDocument(path: string, manifest: ImageManifest): void {
  writeFileSync(path, printImageManifest(manifest, { pretty: false }), { mode: 0o640 });
}

/** An empty volume lives as long as its pod. A volume of the host is stage1's business. */
export function makeVolume(
  path: string,
  { name, kind, mode = "0755", uid = 0, gid = 0 }: Volume,
): void {
  if (kind !== "empty") return;
  const directory = podPaths.sharedVolume(path, name);
  mkdirSync(directory, { recursive: true, mode: 0o750 });
  chmodSync(directory, Number.parseInt(mode, 8)); // mkdir's mode is subject to the umask
  if (uid !== 0 || gid !== 0) chownSync(directory, uid, gid);
}

type Place = Omit<PreparedPod, "manifest" | "stage1">;

function finish(pod: Pod, next: "run" | "prepared"): Place {
  const { uuid, dataDir } = pod;
  const path = phasePath(dataDir, next, uuid);
  if (next === "prepared") syncDirectory(phasePath(dataDir, "prepare", uuid));
  if (!movePod(pod, "prepare", next)) {
    throw new Fault("internal", `move pod ${quote(uuid)} to ${next}: it is gone`);
  }
  if (next === "run") {
    crashPoint("run-renamed");
    return { uuid, dataDir, path, lockFd: pod.fd };
  }
  crashPoint("prepare-prepared");
  syncDirectory(phasePath(dataDir, "prepared"));
  syncDirectory(phasePath(dataDir, "prepare"));
  pod[Symbol.dispose]();
  return { uuid, dataDir, path, lockFd: undefined };
}

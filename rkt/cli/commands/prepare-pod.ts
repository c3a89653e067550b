/**
 * From a command line to a pod directory, for `run` and `prepare`: what is wrong with the command
 * line is told before anything is fetched, then images flow in from the store or from afar, and a
 * prepared pod flows out. Nothing is left behind by a pod that could not be prepared.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import type { Store, StoredImage } from "@rkt/image";
import { defaultAppName, type Mount, parseNetFlag, parsePodManifest } from "@rkt/spec";
import {
  type AppRequest,
  overrideApp,
  type PodRequest,
  type PreparedPod,
  preparePod,
  type PrepareRequest,
  requestOfManifest,
} from "@rkt/stage0";
import { Fault, quote } from "@shared/base";
import { kernel } from "@shared/linux";
import { APP_FLAGS, mount, overridesOf, settingsOf } from "../flags/app.ts";
import { dir } from "../flags/global.ts";
import * as pod from "../flags/pod.ts";
import { LOG_FLAGS, logAnnotations } from "../flags/log.ts";
import { ISOLATOR_FLAGS, podIsolators } from "../flags/isolators.ts";
import { platform } from "../flags/platform.ts";
import { OLD_PULL_FLAGS, pullPolicyFlag, pullPolicyOf } from "../flags/pull-policy.ts";
import { STAGE1_FLAGS, stage1ChoiceOf } from "../flags/stage1.ts";
import { STDIO_FLAGS, stdioAnnotations, tty } from "../flags/stdio.ts";
import type { AppArguments } from "../grammar/app-arguments.ts";
import type { Call } from "../grammar/command.ts";
import type { Flag, FlagValues } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { chooseStage1 } from "./choose-stage1.ts";
import { openStoreOf } from "./open-store.ts";
import { pullImages } from "./pull-images.ts";
import { stage0HostOf } from "./stage0-host.ts";

const pullPolicy = pullPolicyFlag("new");

/** The flags of both commands. */
export const PREPARE_FLAGS: readonly Flag<unknown>[] = [
  ...APP_FLAGS,
  ...STDIO_FLAGS,
  tty,
  ...LOG_FLAGS,
  ...pod.PREPARE_FLAGS,
  ...ISOLATOR_FLAGS,
  ...STAGE1_FLAGS,
  platform,
  pullPolicy,
  ...OLD_PULL_FLAGS,
];

/** What help says of images and of what follows them. */
export const IMAGES_HELP: readonly string[] = [
  "IMAGE is a file, a URL such as https://example.com/app.aci, docker://busybox or",
  "oci:DIRECTORY, the ID of a stored image, or an image name.",
  "",
  "--volume makes a volume, and --mount binds one to a path in an app. A --mount before the",
  "first image is for all apps; one behind an image is for that app, and wins over one for all",
  "apps with the same path.",
  "",
  'What follows "--" are arguments for the app of the image before it, up to a lone "---".',
];

/** @throws {Fault} "invalid" for what cannot work whatever the images are, in rkt's order */
export function checkPodCall({ apps, flags }: Call): void {
  stage1ChoiceOf(flags);
  for (const each of mountsOf(apps, flags)) checkMount(each, flags);
  const { mode } = parseNetFlag(flags.get(pod.net));
  if (flags.get(pod.port).length > 0 && (mode === "none" || mode === "host")) {
    throw new Fault("invalid", `--port flag does not work with '${mode}' networking`);
  }
  const manifest = flags.get(pod.podManifest);
  if (manifest !== "" && describesPod(apps, flags)) {
    throw new Fault("invalid", "conflicting flags set with --pod-manifest (see --help)");
  }
  if (flags.get(pod.interactive) && apps.length > 1) {
    throw new Fault("invalid", "interactive option only supports one image");
  }
  if (manifest === "" && apps.every((app) => app.image === "")) {
    throw new Fault("invalid", "must provide at least one image or specify the pod manifest");
  }
}

function mountsOf(apps: readonly AppArguments[], flags: FlagValues): readonly Mount[] {
  return [...flags.get(mount), ...apps.flatMap((app) => app.flags.get(mount))];
}

function checkMount({ path, volume }: Mount, flags: FlagValues): void {
  if (path !== "" && flags.get(pod.volume).some((each) => each.name === volume)) return;
  const cause = new Fault(
    "invalid",
    `dangling mount point ${quote(path)}: volume ${quote(volume)} not found`,
  );
  throw new Fault("invalid", "error parsing app image arguments", { cause });
}

/** Whether the command line says what a pod manifest would say. */
function describesPod(apps: readonly AppArguments[], flags: FlagValues): boolean {
  const lists: readonly Flag<readonly unknown[]>[] = [
    mount,
    pod.volume,
    pod.port,
    pod.setEnv,
    pod.setEnvFile,
  ];
  return (
    ISOLATOR_FLAGS.some((flag) => flags.given(flag)) ||
    apps.length > 0 ||
    flags.get(pod.inheritEnv) ||
    lists.some((flag) => flags.get(flag).length > 0)
  );
}

/** What the command decides of the pod beside what the flags say. */
export type Preparation = Pick<PrepareRequest, "next" | "onCreated">;

/** Makes the pod that the command line, or the manifest that it names, describes. */
export async function prepareAsAsked(
  host: Host,
  call: Call,
  preparation: Preparation,
): Promise<PreparedPod> {
  return await makePod(host, call, await gather(host, call), preparation);
}

/** Makes the pod of this request, with what the flags say of its directory. */
export async function makePod(
  host: Host,
  call: Call,
  { stage1, request }: Gathered,
  preparation: Preparation,
): Promise<PreparedPod> {
  const name = call.flags.get(pod.podName);
  const withoutOverlay = call.flags.get(pod.noOverlay);
  const privateUsers = call.flags.get(pod.privateUsers);
  const copying = withoutOverlay || "layers" in stage1 ? await treeCopier() : {};
  return asStage0(() =>
    preparePod(stage0HostOf(host, call), {
      ...request,
      ...preparation,
      ...copying,
      ...(name !== undefined && { name }),
      ...(privateUsers !== undefined && { privateUsers }),
      dataDir: call.flags.get(dir),
      stage1,
      withoutOverlay,
    }),
  );
}

export async function treeCopier(): Promise<Pick<PrepareRequest, "copyTree">> {
  const { copyTree } = await import("@rkt/image/app-archive");
  return { copyTree: (layers, target) => copyTree({ kernel }, layers, target) };
}

export interface Gathered {
  readonly stage1: PrepareRequest["stage1"];
  readonly request: PodRequest;
}

/** The store is closed before the pod starts. */
async function gather(host: Host, call: Call): Promise<Gathered> {
  using store = openStoreOf(host, call);
  const stage1 = await chooseStage1(host, call, store);
  return { stage1, request: await podRequest(host, call, store) };
}

async function podRequest(host: Host, call: Call, store: Store): Promise<PodRequest> {
  const path = call.flags.get(pod.podManifest);
  if (path !== "") return requestOfFile(host, call, { store, path });
  const images: StoredImage[] = [];
  const pulling = { store, policy: pullPolicyOf(call.flags, pullPolicy, host.note) };
  for await (const image of pullImages(host, call, pulling)) {
    store.touch(image.id, host.clock.now());
    images.push(image);
  }
  const isolators = podIsolators(call.flags);
  return asStage0(() => ({
    apps: call.apps.map((app, at) => appRequest(host, call, app, imageAt(images, at))),
    volumes: call.flags.get(pod.volume),
    ...(isolators.length > 0 && { isolators }),
    ports: call.flags.get(pod.port),
    annotations: logAnnotations(call.flags),
  }));
}

/** The images of a manifest must be in the store: it names them by id. */
function requestOfFile(
  host: Host,
  call: Call,
  { store, path }: { readonly store: Store; readonly path: string },
): PodRequest {
  const request = asStage0(() =>
    requestOfManifest(parsePodManifest(readFileSync(path, "utf8")), (id) => {
      const image = store.findById(id);
      store.touch(image.id, host.clock.now());
      return image;
    }),
  );
  if (request.apps.length === 0) {
    throw new Fault("invalid", "pod must contain at least one application");
  }
  if (call.flags.get(pod.interactive) && request.apps.length > 1) {
    throw new Fault("invalid", "interactive option only supports pods with one app");
  }
  return request;
}

/** Not a failure of stage0, though it comes in the midst of its work. */
class UuidFileFault extends Fault {}

function asStage0<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof UuidFileFault) throw cause;
    throw new Fault(Fault.from(cause).kind, "error setting up stage0", { cause });
  }
}

/** @throws {Fault} "error saving pod UUID to file: …" */
export function saveUuid(path: string, uuid: string): void {
  if (path === "") return;
  try {
    writeFileSync(path, uuid);
  } catch (cause) {
    throw new UuidFileFault(Fault.from(cause).kind, "error saving pod UUID to file", { cause });
  }
}

function imageAt(images: readonly StoredImage[], at: number): StoredImage {
  const image = images[at];
  if (image === undefined)
    throw new Fault("internal", "an image of the command line was not pulled");
  return image;
}

/** The app that the command line makes of an image. @throws {Fault} "invalid" */
export function appRequest(
  host: Host,
  call: Call,
  app: AppArguments,
  image: StoredImage,
): AppRequest {
  const { name, readOnlyRootFS, mounts, annotations } = settingsOf(app);
  const overrides = { ...overridesOf(app), ...environmentOf(host, call.flags) };
  const caller = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  return {
    name: name ?? defaultAppName(image.manifest.name),
    image,
    app: overrideApp(image, overrides, caller),
    readOnlyRootFS,
    mounts: withPodMounts(mounts, call.flags.get(mount)),
    annotations: [...annotations, ...stdioAnnotations(app.flags, call.flags)],
  };
}

/** The app's own mounts win over the pod's with the same path. */
function withPodMounts(own: readonly Mount[], ofPod: readonly Mount[]): readonly Mount[] {
  const taken = new Set(own.map((each) => each.path));
  return [...own, ...ofPod.filter((each) => !taken.has(each.path))];
}

/** `--set-env` wins over `--set-env-file`; both come before the app's own `--environment`. */
function environmentOf(
  host: Host,
  flags: FlagValues,
): Pick<Parameters<typeof overrideApp>[1], "podEnvironment" | "inheritedEnvironment"> {
  const podEnvironment = [...flags.get(pod.setEnvFile), ...flags.get(pod.setEnv)];
  if (!flags.get(pod.inheritEnv)) return { podEnvironment };
  const inheritedEnvironment = Object.entries(host.environment).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value }],
  );
  return { podEnvironment, inheritedEnvironment };
}

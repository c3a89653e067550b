/**
 * `rkt run`: images of the command line flow in, and this process becomes the pod's stage1. What is
 * wrong with the command line is told before anything is fetched; nothing is left behind by a run
 * that could not start.
 */
import { writeFileSync } from "node:fs";
import process from "node:process";
import type { StoredImage } from "@rkt/image";
import { defaultAppName, type Mount, parseNetFlag } from "@rkt/spec";
import { type AppRequest, overrideApp, type PreparedPod, preparePod, runPod } from "@rkt/stage0";
import { bundledStage1, bundledStage1Name } from "@rkt/stage1/bundled";
import { podPaths, type RunArguments } from "@rkt/stage1/contract";
import { Fault, quote } from "@shared/base";
import { APP_FLAGS, mount, overridesOf, settingsOf } from "../flags/app.ts";
import { DNS_FLAGS, hostsText, type NamePlan, planNames } from "../flags/dns.ts";
import { debug, dir, insecureOptions, localConfig } from "../flags/global.ts";
import * as pod from "../flags/pod.ts";
import { pullPolicyFlag } from "../flags/pull-policy.ts";
import type { AppArguments } from "../grammar/app-arguments.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { FlagValues } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { VERSION } from "../version.ts";
import { openStoreOf } from "./open-store.ts";
import { pullImages } from "./pull-images.ts";
import { stage0HostOf } from "./stage0-host.ts";

const pullPolicy = pullPolicyFlag("new");

export const run: Command = {
  usage:
    "run [--volume=name,kind=host,...] [--mount volume=VOL,target=PATH] " +
    "IMAGE [-- image-args...[---]]...",
  description: [
    "Runs a pod of the apps of these images, in place of this process.",
    "",
    "IMAGE is a file, a URL such as https://example.com/app.aci, docker://busybox or",
    "oci:DIRECTORY, the ID of a stored image, or an image name.",
    "",
    "--volume makes a volume, and --mount binds one to a path in an app. A --mount before the",
    "first image is for all apps; one behind an image is for that app, and wins over one for all",
    "apps with the same path.",
    "",
    'What follows "--" are arguments for the app of the image before it, up to a lone "---".',
  ],
  flags: [...APP_FLAGS, ...pod.POD_FLAGS, ...DNS_FLAGS, pullPolicy],
  grammar: "images",
  appArguments: true,
  needsRoot: true,
  run: runImages,
};

async function runImages(host: Host, call: Call): Promise<number> {
  checkCall(call);
  const names = planNames(call.flags);
  const images = await storedImages(host, call);
  const prepared = prepare(host, call, images);
  writeNames(prepared, names, call.flags.get(pod.hostname));
  return runPod(stage0HostOf(host, call), prepared, runArguments(call.flags, names));
}

/** @throws {Fault} "invalid" for what cannot work whatever the images are */
function checkCall({ apps, flags }: Call): void {
  if (apps.every((app) => app.image === "")) {
    throw new Fault("invalid", "must provide at least one image or specify the pod manifest");
  }
  if (flags.get(pod.interactive) && apps.length > 1) {
    throw new Fault("invalid", "interactive option only supports one image");
  }
  const { mode } = parseNetFlag(flags.get(pod.net));
  if (flags.get(pod.port).length > 0 && (mode === "none" || mode === "host")) {
    throw new Fault("invalid", `--port flag does not work with '${mode}' networking`);
  }
  for (const each of mountsOf(apps, flags)) checkMount(each, flags);
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

/** The store is closed before the pod starts. */
async function storedImages(host: Host, call: Call): Promise<readonly StoredImage[]> {
  using store = openStoreOf(host, call);
  const stage1 = bundledStage1Name("crun", VERSION);
  host.note(`image: using image from local store for image name ${stage1}`);
  const images: StoredImage[] = [];
  for await (const image of pullImages(host, call, { store, policy: call.flags.get(pullPolicy) })) {
    store.touch(image.id, host.clock.now());
    images.push(image);
  }
  return images;
}

function prepare(host: Host, call: Call, images: readonly StoredImage[]): PreparedPod {
  const { flags } = call;
  try {
    return preparePod(stage0HostOf(host, call), {
      dataDir: flags.get(dir),
      stage1: bundledStage1("crun", VERSION),
      next: "run",
      apps: call.apps.map((app, at) => appRequest(host, call, app, imageAt(images, at))),
      volumes: flags.get(pod.volume),
      ports: flags.get(pod.port),
      onCreated: (uuid) => saveUuid(flags.get(pod.uuidFileSave), uuid),
    });
  } catch (cause) {
    if (cause instanceof UuidFileFault) throw cause;
    throw new Fault(Fault.from(cause).kind, "error setting up stage0", { cause });
  }
}

/** Not a failure of stage0, though it comes in the midst of its work. */
class UuidFileFault extends Fault {}

function imageAt(images: readonly StoredImage[], at: number): StoredImage {
  const image = images[at];
  if (image === undefined)
    throw new Fault("internal", "an image of the command line was not pulled");
  return image;
}

function appRequest(host: Host, call: Call, app: AppArguments, image: StoredImage): AppRequest {
  const { name, readOnlyRootFS, mounts, annotations } = settingsOf(app);
  const overrides = { ...overridesOf(app), ...environmentOf(host, call.flags) };
  const caller = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  return {
    name: name ?? defaultAppName(image.manifest.name),
    image,
    app: overrideApp(image, overrides, caller),
    readOnlyRootFS,
    mounts: withPodMounts(mounts, call.flags.get(mount)),
    annotations,
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

function saveUuid(path: string, uuid: string): void {
  if (path === "") return;
  try {
    writeFileSync(path, uuid);
  } catch (cause) {
    throw new UuidFileFault(Fault.from(cause).kind, "error saving pod UUID to file", { cause });
  }
}

/**
 * What stage1 binds over resolv.conf and hosts of the apps when the mode says that stage0 wrote
 * them.
 */
function writeNames({ path, uuid }: PreparedPod, names: NamePlan, hostname: string): void {
  const { resolvConf, hostsEntries } = names;
  if (resolvConf !== undefined) writeFileSync(podPaths.resolvConf(path), resolvConf);
  if (hostsEntries === undefined) return;
  const name = hostname === "" ? `rkt-${uuid}` : hostname;
  writeFileSync(podPaths.hosts(path), hostsText(name, hostsEntries));
}

function runArguments(flags: FlagValues, names: NamePlan): Omit<RunArguments, "uuid"> {
  const insecure = flags.get(insecureOptions);
  const ipc = flags.get(pod.ipc);
  return {
    debug: flags.get(debug),
    net: flags.get(pod.net),
    interactive: flags.get(pod.interactive),
    hostname: flags.get(pod.hostname),
    localConfig: flags.get(localConfig),
    mutable: false,
    ipc: ipc === "" ? "auto" : ipc,
    disableCapabilitiesRestriction: insecure.has("capabilities"),
    disablePaths: insecure.has("paths"),
    disableSeccomp: insecure.has("seccomp"),
    dnsConfMode: names.mode,
  };
}

/**
 * The process that becomes the pod of a build's step. In: one JSON argument; out: the step's own
 * exit status. The pod's app has the open layer of the build as its upper directory, so what the
 * step writes is there when it ends.
 */
import { rmdirSync, symlinkSync } from "node:fs";
import process from "node:process";
import type { LayerId } from "@rkt/image";
import { APPC_VERSION, type App, appcArchitecture, type NameValue, platformOf } from "@rkt/spec";
import { preparePod, runPod, type Stage0Host } from "@rkt/stage0";
import { bundledStage1 } from "@rkt/stage1/bundled";
import { podPaths } from "@rkt/stage1/contract";
import { systemClock } from "@shared/base";
import { kernel } from "@shared/linux";

/** One step: an app, and the trees that its root is made of. */
export interface StepRequest {
  readonly dataDir: string;
  /** Bottom first; at least one. */
  readonly layers: readonly LayerId[];
  readonly top: string;
  /** Empty, on the file system of `top`. */
  readonly work: string;
  readonly app: App;
  readonly version: string;
  readonly localConfig: string;
  /** As `rkt run --net` takes it. */
  readonly net: string;
}

const APP = "step";

/** Becomes the pod. @throws {Fault} when it cannot be started */
export function runStep(
  request: StepRequest,
  environment: Readonly<Record<string, string | undefined>>,
): never {
  const { dataDir, version, app } = request;
  const host: Stage0Host = stepHost(environment);
  const pod = preparePod(host, {
    dataDir,
    stage1: bundledStage1("crun", version),
    next: "run",
    apps: [{ name: APP, image: imageOf(request), app }],
  });
  for (const [own, ours] of [
    [podPaths.overlayUpper(pod.path, APP), request.top],
    [podPaths.overlayWork(pod.path, APP), request.work],
  ] as const) {
    rmdirSync(own);
    symlinkSync(ours, own);
  }
  return runPod(host, pod, {
    debug: false,
    net: request.net,
    interactive: process.stdin.isTTY,
    hostname: "",
    localConfig: request.localConfig,
    mutable: false,
    ipc: "auto",
    disableCapabilitiesRestriction: false,
    disablePaths: false,
    disableSeccomp: false,
    dnsConfMode: "resolv=host,hosts=host",
  });
}

/** What stage0 needs of the world. */
export function stepHost(environment: Readonly<Record<string, string | undefined>>): Stage0Host {
  const defined = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return {
    kernel,
    clock: systemClock,
    random: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
    warn: () => {},
    print: () => {},
    environment: Object.fromEntries(defined),
  };
}

/** What is being built is no image yet. */
function imageOf({
  layers,
  app,
}: StepRequest): Parameters<typeof preparePod>[1]["apps"][0]["image"] {
  const name = "acbuild-step";
  return {
    id: `sha512-${"0".repeat(64)}`,
    format: "aci",
    name,
    manifest: { acKind: "ImageManifest", acVersion: APPC_VERSION, name, labels: ownLabels(), app },
    layers,
    sizeBytes: 0,
    importedMs: 0,
    lastUsedMs: 0,
    verification: { kind: "none" },
  };
}

/** A step runs on this machine, whatever the image is for. */
function ownLabels(): NameValue[] {
  const platform = platformOf(process.platform, process.arch);
  const arch = appcArchitecture(platform);
  const os = { name: "os", value: platform.os };
  return arch === undefined ? [os] : [os, { name: "arch", value: arch }];
}

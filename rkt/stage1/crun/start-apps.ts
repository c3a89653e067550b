/**
 * From the pod manifest to what the containers of its apps need: everything of every app is
 * resolved before the first is started.
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import {
  type App,
  parseIsolators,
  type PodManifest,
  type RuntimeApp,
  type RuntimeNamespace,
} from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { cgroupLayout, isTerminal, type NamespaceKind } from "@shared/linux";
import { appCgroup, podPaths } from "../contract.ts";
import { crunPaths } from "./app-process.ts";
import type { BoundVolume } from "./bound-volume.ts";
import { type AppConfig, bundleConfig } from "./bundle.ts";
import { availableCapabilities } from "./capabilities.ts";
import { appDevices } from "./devices.ts";
import { appEnvironment } from "./environment.ts";
import { disksOf, setSysctls, warnOfMissing } from "./pod-isolators.ts";
import type { RunningPod, Stage1Host } from "./running-pod.ts";
import { securityLabels } from "./security-labels.ts";
import type { AppServices } from "./host-service.ts";
import { seccompSettings, UNFILTERED } from "./seccomp-filter.ts";
import { reachableRoot, shiftVolumes } from "./shifted-users.ts";
import { checkExecutable } from "./executable.ts";
import { makeMountTargets } from "./mount-targets.ts";
import { resolveInRoot } from "./resolve-in-root.ts";
import { hasOwnTerminal, type Stdio, stdioOf, withTerminal } from "./stdio.ts";
import { resolveAccount } from "./users.ts";
import { bindVolumes, fillEmptyVolumes } from "./volumes.ts";

/** What is the same for all apps of the pod. */
interface Surroundings {
  readonly controllers: readonly string[];
  readonly capabilities: ReadonlySet<string>;
  readonly namespaces: readonly RuntimeNamespace[];
  /** Files bound over those of the image, given the app's root. */
  readonly nameFiles: (root: string) => BoundVolume[];
}

/** An app and all that its container needs. */
export interface ResolvedApp {
  readonly app: RuntimeApp;
  readonly config: AppConfig;
  /** Descriptors that its process gets, from number 3 on. */
  readonly sockets: readonly number[];
}

/** Resolves an app of this manifest. @throws {Fault} when what it asks for cannot be met */
export type ResolveApp = (manifest: PodManifest, app: RuntimeApp) => Promise<ResolvedApp>;

/** What resolves apps of this pod, before any of them is started. */
export function appResolver(
  host: Stage1Host,
  pod: RunningPod,
  nameFiles: (root: string) => BoundVolume[],
): ResolveApp {
  const surroundings = {
    controllers: pod.cgroups.controllers,
    capabilities: availableCapabilities(),
    namespaces: joinedNamespaces(pod),
    nameFiles,
  };
  mkdirSync(dirname(podPaths.appLog(pod.directory, "app")), { recursive: true, mode: 0o750 });
  return async (manifest, app) => {
    const services = pod.service.servicesFor(app, manifest.ports ?? []);
    const given = { ...surroundings, services };
    const config = await resolveApp(host, { ...pod, manifest }, app, given);
    return { app, config, sockets: services.sockets };
  };
}

const RUNTIME_TYPE: Readonly<Record<NamespaceKind, RuntimeNamespace["type"]>> = {
  mount: "mount",
  cgroup: "cgroup",
  uts: "uts",
  ipc: "ipc",
  user: "user",
  pid: "pid",
  net: "network",
};

function joinedNamespaces(pod: RunningPod): Surroundings["namespaces"] {
  const joined = [...pod.init.namespaces].map(([kind, path]) => ({
    type: RUNTIME_TYPE[kind],
    path,
  }));
  // With one hierarchy an app finds its own limits at the top of /sys/fs/cgroup, as in podman.
  return cgroupLayout() === "unified" ? [...joined, { type: "cgroup" }] : joined;
}

async function resolveApp(
  host: Stage1Host,
  pod: RunningPod,
  runtimeApp: RuntimeApp,
  surroundings: Surroundings & { readonly services: AppServices },
): Promise<AppConfig> {
  try {
    return await appConfig(host, pod, runtimeApp, surroundings);
  } catch (error) {
    throw new Fault(Fault.from(error).kind, `start app ${quote(runtimeApp.name)}`, {
      cause: error,
    });
  }
}

async function appConfig(
  host: Stage1Host,
  pod: RunningPod,
  runtimeApp: RuntimeApp,
  surroundings: Surroundings & { readonly services: AppServices },
): Promise<AppConfig> {
  const { services } = surroundings;
  const { directory, manifest, options } = pod;
  const { name } = runtimeApp;
  const app = commandOf(runtimeApp);
  const root = podPaths.appRoot(directory, name);
  const account = resolveAccount(host, root, app, options.privateUsers);
  const isolators = parseIsolators(app.isolators ?? []);
  const who = `app ${quote(name)}`;
  warnOfMissing(host, who, isolators, surroundings.controllers);
  if (isolators.sysctls !== undefined) setSysctls(host, pod, isolators.sysctls);
  const bound = bindVolumes(directory, manifest, runtimeApp, app);
  const isShifted = options.privateUsers !== undefined;
  const devices = await appDevices(isolators.devices ?? [], bound, isShifted);
  const volumes = shiftVolumes(host, pod, name, bound).map((volume) => ({
    ...volume,
    target: resolveInRoot(root, volume.target),
  }));
  const environment = new Map([
    ...appEnvironment(name, app, account, pod.metadataUrl),
    ...services.environment,
  ]);
  const program = checkExecutable(host, {
    root,
    program: app.exec[0] ?? "",
    workingDirectory: app.workingDirectory || "/",
    path: environment.get("PATH") ?? "",
    volumeTargets: volumes.map(({ target }) => target),
  });
  if (pod.options.privateUsers === undefined) makeMountTargets(root, volumes);
  fillEmptyVolumes(host, root, volumes);
  return bundleConfig({
    devices,
    disks: disksOf(isolators),
    labels: securityLabels(isolators, (what) => host.note(`stage1: warning: ${who} runs ${what}`)),
    app: startedBy(services.starter, program, app),
    account,
    environment,
    isolators,
    root: reachableRoot(host, pod, name),
    readOnlyRoot: runtimeApp.readOnlyRootFS ?? false,
    hasTerminal: hasTerminal(stdioOf(runtimeApp.annotations ?? [], options.interactive)),
    cgroupPath: appCgroup(pod.cgroups.pod, name),
    controllers: surroundings.controllers,
    availableCapabilities: surroundings.capabilities,
    namespaces: surroundings.namespaces,
    volumes: [...surroundings.nameFiles(root), ...volumes, ...services.binds],
    ownsNetwork: pod.init.heldNetwork !== undefined,
    ownsIpc: pod.init.namespaces.has("ipc"),
    ownsUsers: isShifted,
    sharedMemory: crunPaths.sharedMemory(directory),
    restrictCapabilities: !options.disableCapabilitiesRestriction,
    restrictPaths: !options.disablePaths,
    seccomp: options.disableSeccomp ? UNFILTERED : await seccompSettings(isolators),
  });
}

/** The starter becomes the program that its first argument names. */
function startedBy(starter: string | undefined, program: string, app: App): App {
  if (starter === undefined) return app;
  return { ...app, exec: [starter, program, ...app.exec.slice(1)] };
}

function hasTerminal(stdio: Stdio): boolean {
  return hasOwnTerminal(withTerminal(stdio, isTerminal(0)));
}

function commandOf(runtimeApp: RuntimeApp): App {
  const { app } = runtimeApp;
  if (app !== undefined && app.exec.length > 0) return app;
  throw new Fault("invalid", "the pod manifest gives no command");
}

/**
 * The `run` entrypoint: the supervisor of one pod, in the process that `rkt run` was.
 *
 * In: a prepared pod directory as working directory, app roots mounted in this process's own mount
 * namespace, the pod's lock as an inherited descriptor. Out: the exit status of the first app that
 * failed, 0 if none did. When it ends in whatever way, the kernel ends the pod's processes; what
 * lies outside (networks, cgroups) is given back here, or by `gc`.
 */
import { mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import process from "node:process";
import { type CniResult, parseNetFlag, parsePodManifest } from "@rkt/spec";
import { assert, crashPoint, Fault, systemClock, writeAll, writeFileAtomic } from "@shared/base";
import { cgroupLayout, kernel } from "@shared/linux";
import { parseDnsConfMode, parseRunArguments } from "../arguments.ts";
import { LOCK_FD_VARIABLE, podPaths, type RunArguments } from "../contract.ts";
import { metadataUrl, unregisterPod } from "../metadata.ts";
import { attachNetworks, detachNetworks } from "../network/attach.ts";
import { networkOfPod } from "../network/join.ts";
import { chooseNetworks, loadNetworks } from "../network/load.ts";
import { crunPaths } from "./app-process.ts";
import { noteEvent } from "./app-files.ts";
import type { BoundVolume } from "./bound-volume.ts";
import { AttachServer } from "./attach-server.ts";
import { placeCgroups } from "./cgroup-place.ts";
import { removePodCgroups, warmUpMigration } from "./cgroups.ts";
import { nameFileBinds, type NameFilesInput, writeNameFiles } from "./name-files.ts";
import { type PodInit, startPodInit } from "./pod-init.ts";
import { mountSharedTmpfs } from "./volumes.ts";
import { makeReachable } from "./shifted-users.ts";
import { appResolver } from "./start-apps.ts";
import type { RunningPod, Stage1Host } from "./running-pod.ts";
import { HostService } from "./host-service.ts";
import { PodSignals } from "./signals.ts";
import { superviseApps } from "./supervise.ts";

export async function run(argv: readonly string[]): Promise<number> {
  crashPoint("stage1-started");
  const host: Stage1Host = {
    clock: systemClock,
    kernel,
    note: tell,
  };
  using signals = new PodSignals();
  using service = new HostService(host, process.env);
  const options = parseRunArguments(argv);
  const directory = process.cwd();
  const cgroups = placeCgroups(host, directory, options.uuid);
  warmUpMigration(cgroups);
  const lockFd = takeLock(host);
  hideUnifiedHierarchy(host);
  const manifest = parsePodManifest(readFileSync(podPaths.manifest(directory), "utf8"));
  if (manifest.apps.length === 0 && !options.mutable) {
    throw new Fault("invalid", "run the pod: it has no apps");
  }
  await using attach = new AttachServer(host.clock);
  crashPoint("stage1-locked");
  const init = startInit(host, options, lockFd);
  const pod = { directory, manifest, options, cgroups, signals, attach, service, init };
  for (const pid of init.pids) cgroups.keep(pid);
  crashPoint("stage1-namespaces");
  try {
    return await runApps(host, pod);
  } finally {
    await tearDown(host, pod);
  }
}

/** A line for the person who runs the pod, if there still is one. */
function tell(line: string): void {
  try {
    writeAll(2, Buffer.from(`${line}\n`)); // to make a stream of node's takes 2 ms
  } catch {
    // nobody listens
  }
}

async function runApps(host: Stage1Host, pod: RunningPod): Promise<number> {
  const results = await setUpNetworks(host, pod);
  crashPoint("stage1-networked");
  const { earlyEnd } = pod.signals;
  if (earlyEnd !== undefined) return 128 + constants.signals[earlyEnd];
  const names: NameFilesInput = {
    pod: pod.directory,
    mode: parseDnsConfMode(pod.options.dnsConfMode),
    hostname: hostnameOf(pod.options),
    results,
  };
  makeReachable(host, pod);
  await applyManifest(host, pod);
  crashPoint("stage1-applied");
  const resolvConf = writeNameFiles(names);
  crashPoint("stage1-names");
  const registered = { ...pod, metadataUrl: urlFor(pod.options, results) };
  const nameFiles = (root: string): BoundVolume[] => nameFileBinds(host, root, names, resolvConf);
  const resolve = appResolver(host, registered, nameFiles);
  if (pod.options.mutable) {
    return await (await import("./mutable-pod.ts")).superviseMutable(host, registered, resolve);
  }
  const { manifest } = pod;
  pod.service.warnOfUnused(manifest.apps, manifest.ports ?? []);
  const apps = await Promise.all(manifest.apps.map((app) => resolve(manifest, app)));
  crashPoint("stage1-resolved");
  return await superviseApps(host, registered, apps);
}

/** The lock descriptor, hidden from the programs that are started; only the pod's init gets it. */
function takeLock(host: Stage1Host): number {
  const fd = Number(process.env[LOCK_FD_VARIABLE]);
  if (!Number.isInteger(fd) || fd < 3) {
    throw new Fault("precondition", `run the pod: ${LOCK_FD_VARIABLE} names no descriptor`);
  }
  host.kernel.setCloseOnExec(fd, true);
  return fd;
}

/**
 * crun refuses a hybrid layout. Without the part of version 2, which has no controllers, it is a
 * plain version 1.
 */
function hideUnifiedHierarchy(host: Stage1Host): void {
  if (cgroupLayout() !== "hybrid") return;
  assert(!sharesMounts(process.ppid), "stage0 makes a mount namespace");
  host.kernel.unmount("/sys/fs/cgroup/unified", { detach: true });
}

/** False also where the other process may not be looked at: then it is not one of ours. */
function sharesMounts(pid: number): boolean {
  try {
    return readlinkSync("/proc/self/ns/mnt") === readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return false;
  }
}

function startInit(host: Stage1Host, options: RunArguments, lockFd: number): PodInit {
  const init = startPodInit(host, {
    hostname: hostnameOf(options),
    network: podNetwork(host, options.net),
    ownIpc: options.ipc !== "parent",
    lockFd,
    users: options.privateUsers,
  });
  const pod = process.cwd();
  crashPoint("stage1-init");
  writeFileAtomic(podPaths.supervisorPid(pod), `${process.pid}\n`, { durable: false });
  writeFileAtomic(podPaths.pid(pod), `${init.pid}\n`, { durable: false });
  return init;
}

function podNetwork(host: Stage1Host, net: string): "own" | "host" | { readonly path: string } {
  const { mode, join } = parseNetFlag(net);
  if (join === undefined) return mode === "host" ? "host" : "own";
  return { path: "path" in join ? join.path : networkOfPod(host, process.cwd(), join.pod) };
}

function hostnameOf(options: RunArguments): string {
  return options.hostname || `rkt-${options.uuid}`;
}

async function setUpNetworks(host: Stage1Host, pod: RunningPod): Promise<CniResult[]> {
  const { options, directory } = pod;
  const flag = parseNetFlag(options.net);
  if (flag.mode === "host") return [];
  if (flag.mode === "none") {
    host.note("networking: networking namespace with loopback only");
    return [];
  }
  try {
    const networks = chooseNetworks(loadNetworks(options.localConfig, host.note), flag);
    for (const { conf } of networks) {
      host.note(`networking: loading network ${conf.name} with type ${conf.type}`);
    }
    const target = { pod: directory, uuid: options.uuid, localConfig: options.localConfig };
    const namespace = pod.init.namespaces.get("net") ?? "";
    const apps = pod.manifest.apps.map(({ app }) => app ?? {});
    // The service manager listens there already.
    const ports = (pod.manifest.ports ?? []).filter(({ hostPort }) => !pod.service.holds(hostPort));
    return await attachNetworks(host, target, { namespace, networks, ports, apps });
  } catch (error) {
    throw new Fault(Fault.from(error).kind, "failed to setup network", { cause: error });
  }
}

/** A pod on the host's network asks there; any other, on the host's side of its first network. */
function urlFor(
  { net, mdsToken }: RunArguments,
  results: readonly CniResult[],
): string | undefined {
  if (mdsToken === undefined) return undefined;
  if (parseNetFlag(net).mode === "host") return metadataUrl("127.0.0.1", mdsToken);
  const sides = results.flatMap(({ ips }) => ips.filter(({ version }) => version === 4));
  const address = sides.find(({ gateway }) => gateway !== undefined)?.gateway;
  if (address !== undefined) return metadataUrl(address, mdsToken);
  throw new Fault("invalid", "no network of the pod has an address of the host to register with");
}

/** What the manifest asks for as isolators of the pod, and file systems in memory. */
async function applyManifest(host: Stage1Host, pod: RunningPod): Promise<void> {
  const { isolators = [], volumes = [] } = pod.manifest;
  if (isolators.length === 0) shareMemory(host, pod.directory);
  else {
    const { applyPodIsolators } = await import("./pod-isolators.ts");
    shareMemory(host, pod.directory, applyPodIsolators(host, pod).sharedMemoryBytes);
  }
  mountSharedTmpfs(host, pod.directory, volumes);
}

/** As much as other engines give. */
const SHARED_MEMORY_BYTES = 64 * 1024 * 1024;

/**
 * POSIX shared memory is part of the ipc namespace that apps share, so they share its directory
 * too.
 */
function shareMemory(host: Stage1Host, pod: string, sizeBytes = SHARED_MEMORY_BYTES): void {
  const target = crunPaths.sharedMemory(pod);
  mkdirSync(target, { recursive: true });
  host.kernel.mount({
    source: "shm",
    target,
    type: "tmpfs",
    flags: ["nosuid", "nodev", "noexec"],
    data: `mode=1777,size=${sizeBytes}`,
  });
}

async function tearDown(host: Stage1Host, pod: RunningPod): Promise<void> {
  const { options, directory, init } = pod;
  const target = { pod: directory, uuid: options.uuid, localConfig: options.localConfig };
  const detached = detachNetworks(host, target, init.heldNetwork);
  init.kill();
  await init.exited;
  crashPoint("stage1-init-killed");
  await removePodCgroups(host, directory, options.uuid);
  crashPoint("stage1-cgroups");
  const failures = await detached;
  if (options.mdsToken !== undefined) await unregisterPod(directory, options.uuid);
  crashPoint("stage1-torn-down");
  noteEvent(host, directory, { event: "ended" });
  if (failures.length === 0) markTornDown(directory);
}

/** Where the disk is full there is no mark, and the `gc` entrypoint finds nothing to do. */
function markTornDown(directory: string): void {
  try {
    writeFileSync(podPaths.tornDown(directory), "");
  } catch (error) {
    if (Fault.from(error).kind !== "exhausted") throw error;
  }
}

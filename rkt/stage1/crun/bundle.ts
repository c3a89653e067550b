/**
 * The OCI runtime configuration of one app: manifests, the resolved account and paths go in,
 * `config.json` comes out. Pure.
 *
 * @see OCI runtime-spec 1.0, config.md and config-linux.md; appc 0.8.11 ace.md
 */
import {
  type App,
  allowedCapabilities,
  HIDDEN_PATHS,
  type IsolatorSet,
  OCI_RUNTIME_VERSION,
  READ_ONLY_PATHS,
  type RuntimeConfig,
  type RuntimeMount,
  type RuntimeNamespace,
  type RuntimeProcess,
  type RuntimeResources,
} from "@rkt/spec";
import type { SeccompSettings } from "./seccomp-filter.ts";
import type { Account } from "./users.ts";

/** One volume in one app, all paths resolved. */
export interface BoundVolume {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly recursive: boolean;
  /** Made for this pod: it gets what the image has at the target, as long as it is empty. */
  readonly isFilled?: boolean;
}

export interface BundleInput {
  readonly app: App;
  readonly account: Account;
  readonly environment: ReadonlyMap<string, string>;
  readonly isolators: IsolatorSet;
  readonly root: string;
  readonly readOnlyRoot: boolean;
  readonly hasTerminal: boolean;
  readonly cgroupPath: string;
  /** Controllers that this machine has: a limit without its controller is left out. */
  readonly controllers: readonly string[];
  /** Capabilities that this process may give away; others cannot be kept. */
  readonly availableCapabilities: ReadonlySet<string>;
  /** Namespaces to join, by the runtime specification's type. */
  readonly namespaces: readonly RuntimeNamespace[];
  readonly volumes: readonly BoundVolume[];
  /** Namespaces that belong to the pod's own user namespace, or to the only one there is. */
  readonly ownsNetwork: boolean;
  readonly ownsIpc: boolean;
  readonly ownsUsers: boolean;
  /** A directory shared by the pod's apps as /dev/shm. */
  readonly sharedMemory: string;
  readonly restrictCapabilities: boolean;
  readonly restrictPaths: boolean;
  readonly seccomp: SeccompSettings;
}

/** By this annotation crun takes a ready filter, in base64; `linux.seccomp` is then left out. */
export const FILTER_ANNOTATION = "run.oci.seccomp_bpf_data";

/** A configuration that has a process, as those of apps do. */
export type AppConfig = RuntimeConfig & { readonly process: RuntimeProcess };

export function bundleConfig(input: BundleInput): AppConfig {
  const { app, account, isolators } = input;
  const capabilities = effectiveCapabilities(input);
  return {
    ociVersion: OCI_RUNTIME_VERSION,
    root: { path: input.root, readonly: input.readOnlyRoot },
    process: {
      terminal: input.hasTerminal,
      user: {
        uid: account.uid,
        gid: account.gid,
        additionalGids: [account.gid, ...(app.supplementaryGIDs ?? [])],
      },
      args: app.exec,
      env: [...input.environment].map(([name, value]) => `${name}=${value}`),
      cwd: app.workingDirectory || "/",
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        permitted: capabilities,
        inheritable: [],
        ambient: [],
      },
      noNewPrivileges: input.seccomp.needsNoNewPrivileges || (isolators.noNewPrivileges ?? false),
      ...(isolators.oomScoreAdj !== undefined && { oomScoreAdj: isolators.oomScoreAdj }),
    },
    mounts: [...systemMounts(input), ...input.volumes.map(volumeMount)],
    linux: {
      cgroupsPath: input.cgroupPath,
      namespaces: [{ type: "mount" }, ...input.namespaces],
      resources: resources(input),
      ...(input.restrictPaths && { maskedPaths: HIDDEN_PATHS, readonlyPaths: READ_ONLY_PATHS }),
    },
    ...(input.seccomp.filter !== undefined && {
      annotations: { [FILTER_ANNOTATION]: input.seccomp.filter },
    }),
  };
}

function effectiveCapabilities(input: BundleInput): readonly string[] {
  if (!input.restrictCapabilities) return [...input.availableCapabilities];
  return allowedCapabilities(input.isolators).filter((each) =>
    input.availableCapabilities.has(each),
  );
}

function systemMounts(input: BundleInput): RuntimeMount[] {
  const safe = ["nosuid", "noexec", "nodev"];
  return [
    { destination: "/proc", type: "proc", source: "proc", options: safe },
    {
      destination: "/dev",
      type: "tmpfs",
      source: "tmpfs",
      options: ["nosuid", "noexec", "strictatime", "mode=755", "size=65536k"],
    },
    {
      destination: "/dev/pts",
      type: "devpts",
      source: "devpts",
      options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    },
    {
      destination: "/dev/shm",
      type: "bind",
      source: input.sharedMemory,
      options: ["bind", ...safe],
    },
    // A new mount of either needs rights in the user namespace that owns the queues, or the
    // network.
    ...(input.ownsUsers && !input.ownsIpc
      ? []
      : [{ destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: safe }]),
    input.ownsUsers && !input.ownsNetwork
      ? {
          destination: "/sys",
          type: "bind",
          source: "/sys",
          options: ["rbind", "rslave", ...safe, "rro"],
        }
      : { destination: "/sys", type: "sysfs", source: "sysfs", options: [...safe, "ro"] },
    {
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: [...safe, "relatime", "ro"],
    },
  ];
}

function volumeMount(volume: BoundVolume): RuntimeMount {
  const bind = volume.recursive ? "rbind" : "bind";
  const readOnly = volume.recursive ? "rro" : "ro";
  const propagation = volume.recursive ? "rslave" : "slave";
  return {
    destination: volume.target,
    type: "bind",
    source: volume.source,
    options: [bind, propagation, volume.readOnly ? readOnly : "rw"],
  };
}

/** The period of cpu quotas, in microseconds; the kernel's own default. */
const CPU_PERIOD_US = 100_000;

function resources(input: BundleInput): RuntimeResources {
  const { memoryLimitBytes, cpuLimitMilli, cpuShares } = input.isolators;
  const has = (controller: string): boolean => input.controllers.includes(controller);
  const cpu = {
    ...(cpuLimitMilli !== undefined && {
      quota: Math.max(1000, cpuLimitMilli * (CPU_PERIOD_US / 1000)),
      period: CPU_PERIOD_US,
    }),
    ...(cpuShares !== undefined && { shares: cpuShares }),
  };
  return {
    ...(has("memory") && memoryLimitBytes !== undefined && { memory: { limit: memoryLimitBytes } }),
    ...(has("cpu") && Object.keys(cpu).length > 0 && { cpu }),
  };
}

/** The limits that this machine cannot enforce, as words for a warning. */
export function unenforceable(
  isolators: IsolatorSet,
  controllers: readonly string[],
): readonly string[] {
  const wanted = [
    ["memory", isolators.memoryLimitBytes],
    ["cpu", isolators.cpuLimitMilli ?? isolators.cpuShares],
  ] as const;
  return wanted.flatMap(([controller, value]) =>
    value !== undefined && !controllers.includes(controller) ? [controller] : [],
  );
}

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
  type ResourceLimit,
  type RuntimeCapabilities,
  type RuntimeConfig,
  type RuntimeMount,
  type RuntimeNamespace,
  type RuntimeProcess,
  type RuntimeRlimit,
} from "@rkt/spec";
import type { BoundVolume } from "./bound-volume.ts";
import type { AppDevices } from "./devices.ts";
import { type Disk, resourcesOf } from "./resources.ts";
import type { SeccompSettings } from "./seccomp-filter.ts";
import type { SecurityLabels } from "./security-labels.ts";
import type { Account } from "./users.ts";

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
  readonly labels: SecurityLabels;
  readonly devices: AppDevices;
  readonly disks: readonly Disk[];
}

/** The kernel's 2^64 - 1, which no number of JavaScript is; crun reads it so. */
const RLIMIT_INFINITY = -1;

/** By this annotation crun takes a ready filter, in base64; `linux.seccomp` is then left out. */
export const FILTER_ANNOTATION = "run.oci.seccomp_bpf_data";

/** A configuration that has a process, as those of apps do. */
export type AppConfig = RuntimeConfig & { readonly process: RuntimeProcess };

export function bundleConfig(input: BundleInput): AppConfig {
  const { app, account, isolators } = input;
  return {
    ociVersion: OCI_RUNTIME_VERSION,
    root: { path: input.root, readonly: input.readOnlyRoot },
    process: {
      terminal: input.hasTerminal,
      user: {
        uid: account.uid,
        gid: account.gid,
        additionalGids: [
          account.gid,
          ...(app.supplementaryGIDs ?? []),
          ...input.devices.edits.groups,
        ],
      },
      args: app.exec,
      env: [
        ...[...input.environment].map(([name, value]) => `${name}=${value}`),
        ...input.devices.edits.environment,
      ],
      cwd: app.workingDirectory || "/",
      capabilities: capabilitySets(input),
      ...input.labels,
      ...(isolators.resourceLimits && { rlimits: isolators.resourceLimits.map(rlimitOf) }),
      noNewPrivileges: input.seccomp.needsNoNewPrivileges || (isolators.noNewPrivileges ?? false),
      ...(isolators.oomScoreAdj !== undefined && { oomScoreAdj: isolators.oomScoreAdj }),
    },
    mounts: [
      ...systemMounts(input),
      ...input.volumes.map(volumeMount),
      ...input.devices.edits.mounts,
    ],
    ...(input.devices.edits.hooks.length > 0 && { hooks: hooksOf(input.devices.edits.hooks) }),
    linux: {
      cgroupsPath: input.cgroupPath,
      namespaces: [{ type: "mount" }, ...input.namespaces],
      resources: resourcesOf({ ...input, deviceRules: input.devices.rules }),
      ...(input.devices.devices.length > 0 && { devices: input.devices.devices }),
      ...(input.seccomp.profile && { seccomp: input.seccomp.profile }),
      ...(input.restrictPaths && { maskedPaths: HIDDEN_PATHS, readonlyPaths: READ_ONLY_PATHS }),
    },
    ...(input.seccomp.filter !== undefined && {
      annotations: { [FILTER_ANNOTATION]: input.seccomp.filter },
    }),
  };
}

function hooksOf(hooks: AppDevices["edits"]["hooks"]): NonNullable<RuntimeConfig["hooks"]> {
  return Object.fromEntries(
    Map.groupBy(hooks, ({ at }) => at)
      .entries()
      .map(([at, group]) => [at, group.map(({ hook }) => hook)]),
  );
}

/**
 * Root gets what is allowed by starting a program. Another user gets nothing that way: what its
 * manifest retains in so many words is handed down to it by the ambient set.
 */
function capabilitySets(input: BundleInput): RuntimeCapabilities {
  const allowed = effectiveCapabilities(input);
  const isAsked = input.isolators.capabilitiesRetain !== undefined;
  const handed = input.account.uid !== 0 && isAsked && input.restrictCapabilities ? allowed : [];
  return {
    bounding: allowed,
    effective: allowed,
    permitted: allowed,
    inheritable: handed,
    ambient: handed,
  };
}

function rlimitOf({ name, soft, hard }: ResourceLimit): RuntimeRlimit {
  const number = (limit: number | undefined): number => limit ?? RLIMIT_INFINITY;
  return { type: `RLIMIT_${name.toUpperCase()}`, soft: number(soft), hard: number(hard) };
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
  if (volume.tmpfs !== undefined) return tmpfsMount(volume, volume.tmpfs);
  const readOnly = volume.recursive ? "rro" : "ro";
  const propagation = volume.recursive ? "rslave" : "slave";
  return {
    destination: volume.target,
    type: "bind",
    source: volume.source,
    options: [bind, propagation, volume.readOnly ? readOnly : "rw"],
  };
}

function tmpfsMount({ target, readOnly }: BoundVolume, options: readonly string[]): RuntimeMount {
  const all = ["nosuid", "nodev", ...options, ...(readOnly ? ["ro"] : [])];
  return { destination: target, type: "tmpfs", source: "tmpfs", options: all };
}

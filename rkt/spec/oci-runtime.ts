/**
 * The OCI runtime configuration (`config.json` of a bundle) as types, as far as this project writes
 * it, and the paths that rkt protects in every app. Data only: nothing here reads or writes.
 *
 * @see OCI runtime-spec 1.2, config.md and config-linux.md
 */

/** Version of the runtime specification that our bundles are written for. */
export const OCI_RUNTIME_VERSION = "1.0.2";

export interface RuntimeUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids?: readonly number[];
  readonly umask?: number;
}

/** Capabilities by set, e.g. "CAP_KILL". */
export interface RuntimeCapabilities {
  readonly bounding?: readonly string[];
  readonly effective?: readonly string[];
  readonly inheritable?: readonly string[];
  readonly permitted?: readonly string[];
  readonly ambient?: readonly string[];
}

/** A limit of each process; -1 is none. */
export interface RuntimeRlimit {
  /** "RLIMIT_NOFILE". */
  readonly type: string;
  readonly soft: number;
  readonly hard: number;
}

/** The process of a container. */
export interface RuntimeProcess {
  readonly terminal?: boolean;
  readonly consoleSize?: { readonly height: number; readonly width: number };
  readonly user: RuntimeUser;
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env?: readonly string[];
  readonly cwd: string;
  readonly capabilities?: RuntimeCapabilities;
  readonly rlimits?: readonly RuntimeRlimit[];
  readonly noNewPrivileges?: boolean;
  readonly oomScoreAdj?: number;
  readonly selinuxLabel?: string;
  readonly apparmorProfile?: string;
}

/** A mount, done in the order of the list. */
export interface RuntimeMount {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[];
}

/** A program that the runtime runs at an instant of a container's life. */
export interface RuntimeHook {
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  /** In seconds. */
  readonly timeout?: number;
}

export type RuntimeNamespaceType =
  | "pid"
  | "network"
  | "mount"
  | "ipc"
  | "uts"
  | "user"
  | "cgroup"
  | "time";

/** A namespace of the container. */
export interface RuntimeNamespace {
  readonly type: RuntimeNamespaceType;
  /** Of an existing namespace to join; a new one without it. */
  readonly path?: string;
}

export interface RuntimeIdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

/** A device node that is made in a container. */
export interface RuntimeDevice {
  readonly path: string;
  readonly type: "b" | "c" | "p" | "u";
  readonly major?: number;
  readonly minor?: number;
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** What the device filter of a container lets pass; the last rule that fits counts. */
export interface RuntimeDeviceRule {
  readonly allow: boolean;
  readonly type?: "a" | "b" | "c";
  /** Absent for all. */
  readonly major?: number;
  readonly minor?: number;
  /** Of the letters r, w and m. */
  readonly access?: string;
}

/** A limit of one disk. */
export interface RuntimeThrottle {
  readonly major: number;
  readonly minor: number;
  readonly rate: number;
}

/** Limits by cgroup. */
export interface RuntimeResources {
  readonly devices?: readonly RuntimeDeviceRule[];
  readonly memory?: {
    /** In bytes; -1 for none. */
    readonly limit?: number;
    readonly reservation?: number;
    /** Memory and swap together. */
    readonly swap?: number;
    readonly disableOOMKiller?: boolean;
  };
  readonly cpu?: {
    readonly shares?: number;
    /** Microseconds of processor time per period. */
    readonly quota?: number;
    /** In microseconds. */
    readonly period?: number;
    readonly cpus?: string;
    readonly mems?: string;
  };
  readonly pids?: { readonly limit: number };
  /** Rates per second. */
  readonly blockIO?: {
    readonly throttleReadBpsDevice?: readonly RuntimeThrottle[];
    readonly throttleWriteBpsDevice?: readonly RuntimeThrottle[];
    readonly throttleReadIOPSDevice?: readonly RuntimeThrottle[];
    readonly throttleWriteIOPSDevice?: readonly RuntimeThrottle[];
  };
  /** Files of cgroup v2 and what is written to them. */
  readonly unified?: Readonly<Record<string, string>>;
}

export type RuntimeSeccompAction =
  | "SCMP_ACT_KILL"
  | "SCMP_ACT_KILL_PROCESS"
  | "SCMP_ACT_KILL_THREAD"
  | "SCMP_ACT_TRAP"
  | "SCMP_ACT_ERRNO"
  | "SCMP_ACT_TRACE"
  | "SCMP_ACT_ALLOW"
  | "SCMP_ACT_LOG"
  | "SCMP_ACT_NOTIFY";

export interface RuntimeSyscallArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op:
    | "SCMP_CMP_NE"
    | "SCMP_CMP_LT"
    | "SCMP_CMP_LE"
    | "SCMP_CMP_EQ"
    | "SCMP_CMP_GE"
    | "SCMP_CMP_GT"
    | "SCMP_CMP_MASKED_EQ";
}

/** What happens at some system calls. */
export interface RuntimeSyscallRule {
  readonly names: readonly string[];
  readonly action: RuntimeSeccompAction;
  readonly errnoRet?: number;
  readonly args?: readonly RuntimeSyscallArgument[];
}

/** A filter of system calls. */
export interface RuntimeSeccomp {
  readonly defaultAction: RuntimeSeccompAction;
  readonly defaultErrnoRet?: number;
  /** "SCMP_ARCH_X86_64". */
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly syscalls?: readonly RuntimeSyscallRule[];
}

/** What is special to Linux. @see OCI runtime-spec, config-linux.md */
export interface RuntimeLinux {
  readonly namespaces?: readonly RuntimeNamespace[];
  readonly uidMappings?: readonly RuntimeIdMapping[];
  readonly gidMappings?: readonly RuntimeIdMapping[];
  readonly devices?: readonly RuntimeDevice[];
  readonly cgroupsPath?: string;
  readonly resources?: RuntimeResources;
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly seccomp?: RuntimeSeccomp;
  readonly rootfsPropagation?: "private" | "shared" | "slave" | "unbindable";
  /** Hidden: an empty file or directory stands in their place. */
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly mountLabel?: string;
}

/** The whole of `config.json`. */
export interface RuntimeConfig {
  readonly ociVersion: string;
  readonly process?: RuntimeProcess;
  readonly root: { readonly path: string; readonly readonly?: boolean };
  readonly hostname?: string;
  readonly mounts?: readonly RuntimeMount[];
  readonly hooks?: {
    readonly createRuntime?: readonly RuntimeHook[];
    readonly createContainer?: readonly RuntimeHook[];
    readonly startContainer?: readonly RuntimeHook[];
    readonly poststart?: readonly RuntimeHook[];
    readonly poststop?: readonly RuntimeHook[];
  };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux?: RuntimeLinux;
}

/**
 * What an app may see but not write, unless `--insecure-options=paths`: all of /proc/sys, where rkt
 * protected single files, because its nspawn protected the rest. /sys is mounted read-only as a
 * whole.
 * @see rkt stage1/init/common/path.go
 */
export const READ_ONLY_PATHS: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/**
 * What an app does not see, unless `--insecure-options=paths`: rkt's list but for /sys/fs, because
 * a program finds its memory limit in /sys/fs/cgroup, and what other runtimes hide.
 */
export const HIDDEN_PATHS: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/config.gz",
  "/proc/interrupts",
  "/proc/kallsyms",
  "/proc/kcore",
  "/proc/keys",
  "/proc/kmem",
  "/proc/latency_stats",
  "/proc/mem",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
  "/sys/hypervisor",
  "/sys/module",
  "/sys/power",
];

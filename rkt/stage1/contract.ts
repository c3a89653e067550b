/**
 * The seam between stage0 and every stage1: entrypoints named by annotations, their arguments, the
 * environment, and the paths in a pod directory that both sides write. Interface version 6 of rkt
 * 1.30. Pure; nothing here touches a disk.
 *
 * @see rkt Documentation/devel/stage1-implementors-guide.md
 */
import { join } from "node:path";
import { Fault, quote } from "@shared/base";
import type { IdRange } from "@shared/linux";

/** The interface version of the flavours that come with this program. */
export const INTERFACE_VERSION = 6;
/** Name of the image annotation that holds the interface version; 1 without it. */
export const INTERFACE_VERSION_ANNOTATION = "coreos.com/rkt/stage1/interface-version";

/** Every entrypoint of interface version 6; all but run, enter and gc are optional. */
export const ENTRYPOINTS = [
  "run",
  "enter",
  "gc",
  "stop",
  "attach",
  "app/add",
  "app/rm",
  "app/start",
  "app/stop",
] as const;
/** The name of an entrypoint, as annotations end. */
export type Entrypoint = (typeof ENTRYPOINTS)[number];

/** Name of the image annotation that holds the path of an entrypoint inside the stage1 root. */
export function entrypointAnnotation(entrypoint: Entrypoint): string {
  return `coreos.com/rkt/stage1/${entrypoint}`;
}

/** What an app's standard input may be. */
export const STDIN_MODES = ["null", "interactive", "stream", "tty"] as const;
/** What an app's standard output and standard error may be. */
export const OUTPUT_MODES = ["log", "null", "interactive", "stream", "tty"] as const;
/** Names of the app annotations that choose them; without one, input is null and output is log. */
export const STDIO_ANNOTATIONS = {
  stdin: "coreos.com/rkt/stage2/stdin",
  stdout: "coreos.com/rkt/stage2/stdout",
  stderr: "coreos.com/rkt/stage2/stderr",
} as const;

/** What a client can attach to. */
export const ENDPOINTS = ["stdin", "stdout", "stderr", "tty-in", "tty-out"] as const;
/** The name of one of them. */
export type Endpoint = (typeof ENDPOINTS)[number];

/** Names of the pod annotations that say how apps' logs are kept. */
export const LOG_ANNOTATIONS = {
  /** `auto`, `file`, `journald` or `none`; auto is a file, and the journal where there is one. */
  driver: "coreos.com/rkt/stage1/log-driver",
  /** Decimal bytes after which a log is rotated. */
  maxSize: "coreos.com/rkt/stage1/log-max-size",
  /** Decimal number of files that are kept of an app, the one being written included. */
  maxFiles: "coreos.com/rkt/stage1/log-max-files",
} as const;

/** Number of the descriptor that holds the pod's exclusive lock, inherited by `run`. */
export const LOCK_FD_VARIABLE = "RKT_LOCK_FD";
/**
 * Where things lie in a pod directory. Every function takes the pod directory and returns an
 * absolute path.
 */
export const podPaths = {
  manifest: (pod: string): string => join(pod, "pod"),
  stage1Manifest: (pod: string): string => join(pod, "stage1/manifest"),
  stage1Root: (pod: string): string => join(pod, "stage1/rootfs"),
  appRoot: (pod: string, app: string): string =>
    join(pod, "stage1/rootfs/opt/stage2", app, "rootfs"),
  /** appc manifest of the app's image. */
  appImageManifest: (pod: string, app: string): string => join(pod, "appsinfo", app, "manifest"),
  /** JSON list of layer ids, bottom first, that make the app's root. */
  appLayers: (pod: string, app: string): string => join(pod, "appsinfo", app, "layers"),
  overlayUpper: (pod: string, app: string): string => join(pod, "overlay", app, "upper"),
  overlayWork: (pod: string, app: string): string => join(pod, "overlay", app, "work"),
  sharedVolume: (pod: string, volume: string): string => join(pod, "sharedVolumes", volume),
  /** Exit status of an app as decimal text; its mtime is the time of the end. */
  appStatus: (pod: string, app: string): string => join(pod, "stage1/rootfs/rkt/status", app),
  /** Empty; its mtime is the time of the start. */
  appStarted: (pod: string, app: string): string =>
    join(pod, "stage1/rootfs/rkt/status", `${app}-started`),
  /** Empty; its mtime is the time at which the app was added to a mutable pod. */
  appCreated: (pod: string, app: string): string =>
    join(pod, "stage1/rootfs/rkt/status", `${app}-created`),
  /** Lines of JSON, each a `PodEvent`, in the order in which they happened. */
  events: (pod: string): string => join(pod, "events"),
  /** What the supervisor of a detached pod said: warnings, and why the pod ended. */
  supervisorLog: (pod: string): string => join(pod, "supervisor.log"),
  /** A link whose text is `ready` once all apps run. */
  supervisorStatus: (pod: string): string => join(pod, "stage1/rootfs/rkt/supervisor-status"),
  /** What an app wrote, lines in the CRI form `<RFC 3339 time> stdout|stderr F|P <text>`. */
  appLog: (pod: string, app: string): string => join(pod, "logs", `${app}.log`),
  /** Logs that were rotated: 1 is the one before the current, the highest number the oldest. */
  rotatedLog: (pod: string, app: string, age: number): string =>
    join(pod, "logs", `${app}.log.${age}`),
  /** JSON list of NetworkStatus, written by stage1 as soon as it is known. */
  netInfo: (pod: string): string => join(pod, "net-info.json"),
  /**
   * Empty; written by a stage1 once it has given back all that lies outside of the pod directory.
   * Without it the `gc` entrypoint is run before the pod directory is removed.
   */
  tornDown: (pod: string): string => join(pod, "torn-down"),
  /** resolv.conf and hosts that stage0 wrote, for the modes `resolv=stage0` and `hosts=stage0`. */
  resolvConf: (pod: string): string => join(pod, "stage1/rootfs/etc/rkt-resolv.conf"),
  hosts: (pod: string): string => join(pod, "stage1/rootfs/etc/rkt-hosts"),
  /** `SHIFT:COUNT` of a pod with a user namespace of its own; without it the ids are the host's. */
  privateUsers: (pod: string): string => join(pod, "private-users"),
  /** Empty; the metadata service knows the pod, or is about to. */
  metadataRegistered: (pod: string): string => join(pod, "mds-registered"),
  /** Decimal pid, in the host's pid namespace, of a process that `enter` may join. */
  pid: (pod: string): string => join(pod, "pid"),
  /** Decimal ms that apps get to end by themselves, from the next stop on; 10 s without it. */
  stopGrace: (pod: string): string => join(pod, "stop-grace"),
  /** The control group of the pod where it is not the usual one, from the root of the hierarchy. */
  cgroup: (pod: string): string => join(pod, "cgroup"),
  /** Decimal pid of the process that `run` became; it ends last. */
  supervisorPid: (pod: string): string => join(pod, "ppid"),
} as const;

/** What a supervisor tells of its pod. */
export interface PodEvent {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly event: "app-started" | "app-exited" | "app-added" | "app-removed" | "ended";
  readonly app?: string;
  readonly status?: number;
}

/** The usual control group of a pod, from the root of each hierarchy, or one inside of another. */
export function podCgroup(uuid: string, parent: string = "/"): string {
  return join(parent, `rkt-${uuid}`);
}

/** The control group of an app, in that of its pod. */
export function appCgroup(podGroup: string, app: string): string {
  return join(podGroup, app);
}

/** One network of a pod, as in `net-info.json` and in `rkt list --format=json`. */
export interface NetworkStatus {
  readonly netName: string;
  /** Path of the configuration as copied into the pod directory. */
  readonly netConf: string;
  readonly pluginPath: string;
  readonly ifName: string;
  /** Dotted quad. */
  readonly ip: string;
  readonly args: string;
  /** Netmask, dotted quad. */
  readonly mask: string;
}

/** Ids of users and groups of the host: `count` from `shift` on stand for 0 and up in a pod. */
export interface UserRange {
  readonly shift: number;
  readonly count: number;
}

/** `SHIFT:COUNT`. @throws {Fault} "invalid" */
export function parseUserRange(text: string): UserRange {
  const [, shift = Number.NaN, count = Number.NaN] = (/^(\d+):(\d+)$/.exec(text) ?? []).map(Number);
  if (shift >= 1 && count >= 1 && shift + count <= 2 ** 32 - 1) return { shift, count };
  throw new Fault("invalid", `read a range of ids ${quote(text)}: it is not UID:COUNT`);
}

/**
 * How mounts show the owners of files to such a pod. The host's root, who makes files there for the
 * pod, stands behind the last id of the pod.
 */
export function mappedOwners({ shift, count }: UserRange): readonly IdRange[] {
  return [
    { inside: 0, outside: shift, count },
    { inside: count, outside: 0, count: 1 },
  ];
}

/** The other side of `parseUserRange`. */
export function printUserRange({ shift, count }: UserRange): string {
  return `${shift}:${count}`;
}

/** What `run` is asked to do beyond what the pod manifest says. */
export interface RunArguments {
  readonly uuid: string;
  readonly debug: boolean;
  /** As typed after `--net=`: `default`, `host`, `none`, `a,b:IP=10.0.0.2;K=V`. */
  readonly net: string;
  readonly interactive: boolean;
  /** What proves to the metadata service who asks; absent where the pod is not registered. */
  readonly mdsToken?: string;
  readonly hostname: string;
  /** Directory of local configuration, `/etc/rkt` unless told. */
  readonly localConfig: string;
  readonly mutable: boolean;
  readonly ipc: "auto" | "private" | "parent";
  /** Apps live in a user namespace whose ids are these of the host. */
  readonly privateUsers?: UserRange;
  readonly disableCapabilitiesRestriction: boolean;
  readonly disablePaths: boolean;
  readonly disableSeccomp: boolean;
  /**
   * Who writes resolv.conf and hosts:
   * `resolv=(host|stage0|none|default),hosts=(host|stage0|default)`.
   */
  readonly dnsConfMode: string;
}

/** The argument vector of the `run` entrypoint after its own name; the uuid is last. */
export function runArgv(run: RunArguments): string[] {
  return [
    ...(run.debug ? ["--debug"] : []),
    `--net=${run.net}`,
    ...(run.interactive ? ["--interactive"] : []),
    ...(run.privateUsers ? [`--private-users=${printUserRange(run.privateUsers)}`] : []),
    ...(run.mdsToken === undefined ? [] : [`--mds-token=${run.mdsToken}`]),
    ...(run.hostname === "" ? [] : [`--hostname=${run.hostname}`]),
    `--local-config=${run.localConfig}`,
    ...(run.mutable ? ["--mutable"] : []),
    `--ipc=${run.ipc}`,
    ...(run.disableCapabilitiesRestriction ? ["--disable-capabilities-restriction"] : []),
    ...(run.disablePaths ? ["--disable-paths"] : []),
    ...(run.disableSeccomp ? ["--disable-seccomp"] : []),
    `--dns-conf-mode=${run.dnsConfMode}`,
    run.uuid,
  ];
}

/** The argument vector of `enter` after its own name. */
export function enterArgv(
  pid: number,
  app: string,
  command: readonly string[],
  options: Partial<EnterOptions> = {},
): string[] {
  const { user = "", workingDirectory = "", environment = [], unconfined = false } = options;
  return [
    `--pid=${pid}`,
    `--appname=${app}`,
    ...(user === "" ? [] : [`--user=${user}`]),
    ...(workingDirectory === "" ? [] : [`--cwd=${workingDirectory}`]),
    ...environment.map((pair) => `--env=${pair}`),
    ...(unconfined ? ["--unconfined"] : []),
    "--",
    ...command,
  ];
}

/** What may differ from the app's own; not every stage1 knows these. */
export interface EnterOptions {
  /** A name, a number or a path as in an app, with `:GROUP` or without; empty for the app's own. */
  readonly user: string;
  /** Empty for the app's own. */
  readonly workingDirectory: string;
  /** `NAME=value`, beside the app's own. */
  readonly environment: readonly string[];
  /** With all capabilities, without filter and limits. */
  readonly unconfined: boolean;
}

/** The argument vector of `gc` after its own name. */
export function gcArgv(uuid: string, options: { debug: boolean; localConfig: string }): string[] {
  return [...(options.debug ? ["--debug"] : []), `--local-config=${options.localConfig}`, uuid];
}

/** The argument vector of `app/add`, `app/rm`, `app/start` and `app/stop` after their own name. */
export function appArgv(
  uuid: string,
  app: string,
  options: { readonly graceMs?: number } = {},
): string[] {
  const { graceMs } = options;
  return [`--app=${app}`, ...(graceMs === undefined ? [] : [`--grace-ms=${graceMs}`]), uuid];
}

/** The argument vector of `stop` after its own name. */
export function stopArgv(uuid: string, options: { force: boolean }): string[] {
  return [...(options.force ? ["--force"] : []), uuid];
}

/** What `attach` is asked for: the names of endpoints, or to find out, or to connect. */
export interface AttachArguments {
  readonly app: string;
  /** `auto` takes every endpoint that there is; `list` prints their names. */
  readonly endpoints: "list" | "auto" | readonly Endpoint[];
  /** As typed; empty for the default. */
  readonly detachKeys: string;
}

/** The argument vector of `attach` after its own name. */
export function attachArgv({ app, endpoints, detachKeys }: AttachArguments): string[] {
  const keys = detachKeys === "" ? [] : [`--detach-keys=${detachKeys}`];
  const end = [`--app=${app}`, ...keys];
  if (endpoints === "list") return ["--action=list", ...end];
  if (endpoints === "auto") return ["--action=auto-attach", ...end];
  const chosen = ENDPOINTS.map((each) => `--${each}=${String(endpoints.includes(each))}`);
  return ["--action=custom-attach", ...chosen, ...end];
}

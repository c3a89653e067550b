/**
 * The pod's namespaces and the small init that is their first process: it adopts and reaps what
 * apps leave behind, and the namespaces live as long as it does.
 *
 * The init holds the pod's lock too, so the pod counts as running while any of its processes is
 * alive. When the supervisor dies for whatever reason, the kernel kills the init, and with it the
 * whole pid namespace.
 */
import { openSync, readFileSync, readlinkSync } from "node:fs";
import process from "node:process";
import { Fault } from "@shared/base";
import type { Kernel, NamespaceKind } from "@shared/linux";
import { namespacePath } from "@shared/linux";
import type { UserRange } from "../contract.ts";
import { findProgram } from "../programs.ts";

export interface PodInit {
  /** In the host's pid namespace. */
  readonly pid: number;
  /** The processes that hold the pod together: the init, and its parent where there is one. */
  readonly pids: readonly number[];
  readonly exited: Promise<number>;
  /** Paths of the namespaces that apps join. */
  readonly namespaces: ReadonlyMap<NamespaceKind, string>;
  /**
   * Path of the pod's own network namespace that stays good after the init has ended: the plugins
   * give nothing back without it.
   */
  readonly heldNetwork: string | undefined;
  /** Ends the init and so every process of the pod. */
  kill(): void;
}

export interface PodInitOptions {
  readonly hostname: string;
  /** A path joins that network namespace; "host" leaves the apps in the host's. */
  readonly network: "own" | "host" | { readonly path: string };
  /** False leaves the apps in the host's ipc namespace. */
  readonly ownIpc: boolean;
  readonly lockFd: number;
  /** The pod's own user namespace, which then owns its other namespaces. */
  readonly users: UserRange | undefined;
}

export function startPodInit(host: { readonly kernel: Kernel }, options: PodInitOptions): PodInit {
  return options.users === undefined
    ? startPlainInit(host, options)
    : startShiftedInit(host, options, options.users);
}

function startPlainInit(host: { readonly kernel: Kernel }, options: PodInitOptions): PodInit {
  const kinds: NamespaceKind[] = ["uts", "pid"];
  if (options.ownIpc) kinds.push("ipc");
  if (options.network === "own") kinds.push("net");
  const command = [...endingWithParent(), findProgram("catatonit"), "-P"];
  let heldNetwork: string | undefined;
  const start = (): Bun.Subprocess => {
    host.kernel.setHostname(options.hostname);
    if (options.network === "own") {
      host.kernel.setLoopbackUp();
      const fd = openSync(namespacePath("thread-self", "net"), "r"); // as long as the supervisor
      heldNetwork = `/proc/${process.pid}/fd/${fd}`;
    }
    return Bun.spawn(command, {
      stdio: ["ignore", "ignore", "ignore", options.lockFd],
      env: {},
      cwd: "/",
    });
  };
  const startAll = (): Bun.Subprocess => host.kernel.inNewNamespaces(kinds, start);
  const child =
    typeof options.network === "string"
      ? startAll()
      : host.kernel.inNamespace(options.network.path, "net", startAll);
  if (typeof options.network !== "string") kinds.push("net");
  return {
    pid: child.pid,
    pids: [child.pid],
    exited: child.exited,
    namespaces: new Map(kinds.map((kind) => [kind, namespacePath(child.pid, kind)])),
    heldNetwork,
    kill: () => child.kill("SIGKILL"),
  };
}

/**
 * With a user namespace: a process of several threads such as this one cannot enter one, so a
 * program makes all namespaces at once and stays as the parent of the init.
 */
function startShiftedInit(
  host: { readonly kernel: Kernel },
  options: PodInitOptions,
  users: UserRange,
): PodInit {
  const kinds: NamespaceKind[] = ["user", "uts", "pid"];
  if (options.ownIpc) kinds.push("ipc");
  if (options.network === "own") kinds.push("net");
  const child = inNetwork(host, options, () =>
    Bun.spawn(shiftedCommand(kinds), {
      stdio: ["ignore", "ignore", "ignore", options.lockFd],
      env: {},
      cwd: "/",
    }),
  );
  host.kernel.waitForUserNamespace(child);
  host.kernel.mapIds(child.pid, [{ inside: 0, outside: users.shift, count: users.count }]);
  const pid = onlyChild(child.pid);
  host.kernel.inNamespace(namespacePath(pid, "uts"), "uts", () =>
    host.kernel.setHostname(options.hostname),
  );
  let heldNetwork: string | undefined;
  if (options.network === "own") {
    const path = namespacePath(pid, "net");
    host.kernel.inNamespace(path, "net", () => host.kernel.setLoopbackUp());
    heldNetwork = `/proc/${process.pid}/fd/${openSync(path, "r")}`;
  }
  if (typeof options.network !== "string") kinds.push("net");
  return {
    pid,
    pids: [child.pid, pid],
    exited: child.exited,
    namespaces: new Map(kinds.map((kind) => [kind, namespacePath(pid, kind)])),
    heldNetwork,
    kill: () => {
      // Until its parent has ended nobody else can have its pid.
      if (child.exitCode === null) process.kill(pid, "SIGKILL");
    },
  };
}

/**
 * Words before a program that the kernel kills with this process. A parent that was killed before
 * the kernel was asked to is told by the parent that the program has instead; in a new pid
 * namespace only /proc, which is still that of this process, knows it.
 */
function endingWithParent(): string[] {
  const script = `while read -r name pid; do [ "$name" != PPid: ] || break; done </proc/self/status
[ "$pid" = "$0" ] || exit 1
exec "$@"`;
  const self = readlinkSync("/proc/self");
  return [findProgram("setpriv"), "--pdeathsig", "KILL", "/bin/sh", "-c", script, self];
}

function shiftedCommand(kinds: readonly NamespaceKind[]): string[] {
  return [
    ...[...endingWithParent(), findProgram("unshare")],
    ...kinds.map((kind) => `--${kind}`),
    ...["--fork", "--kill-child=KILL", findProgram("catatonit"), "-P"],
  ];
}

function inNetwork<T>(
  host: { readonly kernel: Kernel },
  { network }: PodInitOptions,
  action: () => T,
): T {
  return typeof network === "string"
    ? action()
    : host.kernel.inNamespace(network.path, "net", action);
}

const TRIES = 2000;

/** The process that a program starts as its only child, once it has done so. */
function onlyChild(parent: number): number {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const [child] = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").split(" ");
    if (child !== undefined && child !== "") return Number(child);
    Bun.sleepSync(1);
  }
  throw new Fault("internal", "start the pod's init: it did not come");
}

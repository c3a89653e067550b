/**
 * The pod's namespaces and the small init that is their first process: it adopts and reaps what
 * apps leave behind, and the namespaces live as long as it does.
 *
 * The init holds the pod's lock too, so the pod counts as running while any of its processes is
 * alive. When the supervisor dies for whatever reason, the kernel kills the init, and with it the
 * whole pid namespace.
 */
import { openSync } from "node:fs";
import process from "node:process";
import type { Kernel, NamespaceKind } from "@shared/linux";
import { namespacePath } from "@shared/linux";
import { findProgram } from "../programs.ts";

export interface PodInit {
  /** In the host's pid namespace. */
  readonly pid: number;
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
}

export function startPodInit(host: { readonly kernel: Kernel }, options: PodInitOptions): PodInit {
  const kinds: NamespaceKind[] = ["uts", "pid"];
  if (options.ownIpc) kinds.push("ipc");
  if (options.network === "own") kinds.push("net");
  const command = [findProgram("setpriv"), "--pdeathsig", "KILL", findProgram("catatonit"), "-P"];
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
    exited: child.exited,
    namespaces: new Map(kinds.map((kind) => [kind, namespacePath(child.pid, kind)])),
    heldNetwork,
    kill: () => child.kill("SIGKILL"),
  };
}

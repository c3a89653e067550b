/**
 * The `enter` entrypoint: becomes, or on a terminal starts, a command inside a running app,
 * confined like the app: in its namespaces and control group, with its capabilities, filter,
 * limits, environment, user and directory; or, when it is asked to be unconfined, in its namespaces
 * only, as root. The working directory is the pod's.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import process from "node:process";
import type { RuntimeCapabilities, RuntimeConfig, RuntimeProcess } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { cgroupLayout, isTerminal, kernel } from "@shared/linux";
import { type EnterArguments, parseEnterArguments } from "../arguments.ts";
import { findProgram } from "../programs.ts";
import { crunCommand, crunPaths } from "./app-process.ts";
import { resolveAccount } from "./users.ts";

export async function enter(argv: readonly string[]): Promise<number> {
  const request = parseEnterArguments(argv);
  const { app, command } = request;
  const pod = process.cwd();
  if (command.length === 0) throw new Fault("invalid", `enter app ${quote(app)}: no command`);
  // crun's own message for an app that never ran is unclear.
  const pid = Number(readFileSync(crunPaths.appPid(pod, app), "utf8"));
  const config = JSON.parse(readFileSync(crunPaths.config(pod, app), "utf8")) as RuntimeConfig;
  if (config.process === undefined) throw new Fault("corrupt", `enter app ${quote(app)}`);
  const inside = processOf(config.process, request, pid);
  if (request.unconfined) return enterUnconfined(config, inside, pid);
  kernel.unshare(["mount"]);
  kernel.mount({ target: "/", flags: ["rec", "slave"] });
  if (cgroupLayout() === "hybrid") kernel.unmount("/sys/fs/cgroup/unified", { detach: true });
  const how = `--process=${processFile(pod, app, inside)}`;
  if (inside.terminal === true) {
    const { execOnTerminal } = await import("./exec-terminal.ts");
    return await execOnTerminal((socket) =>
      crunCommand(pod, ["exec", `--console-socket=${socket}`, how, app]),
    );
  }
  const words = crunCommand(pod, ["exec", how, app]);
  return kernel.execve(words[0] ?? "", words, { PATH: process.env["PATH"] ?? "" });
}

/** The app's own process, but for what the request says. */
function processOf(own: RuntimeProcess, request: EnterArguments, pid: number): RuntimeProcess {
  const { oomScoreAdj: _notInherited, consoleSize: _itsOwn, ...rest } = own;
  const user = request.user === "" ? undefined : userOf(request.user, pid);
  const environment = new Map([
    ...(own.env ?? []).map(splitPair),
    ["TERM", process.env["TERM"] ?? "xterm"] as const,
    ...(user === undefined ? [] : ([["HOME", user.home]] as const)),
    ...request.environment.map(splitPair),
  ]);
  return {
    ...rest,
    terminal: isTerminal(0),
    args: request.command,
    cwd: request.workingDirectory || own.cwd,
    env: [...environment].map(([name, value]) => `${name}=${value}`),
    ...(user !== undefined && {
      user: { uid: user.uid, gid: user.gid, additionalGids: [user.gid] },
      capabilities: capabilitiesFor(own.capabilities ?? {}, user.uid),
    }),
  };
}

function splitPair(pair: string): readonly [string, string] {
  const at = pair.indexOf("=");
  return [pair.slice(0, at), pair.slice(at + 1)];
}

/** `NAME`, `UID`, either with `:GROUP`, as the app's own files know them. */
function userOf(text: string, pid: number): { uid: number; gid: number; home: string } {
  const [user = "", group = ""] = text.split(":");
  const account = resolveAccount({ kernel }, `/proc/${pid}/root/.`, { user, group });
  return { uid: account.uid, gid: account.gid, home: account.home ?? "/" };
}

/** What the app was allowed bounds everybody; only the app's own user is handed some of it. */
function capabilitiesFor(own: RuntimeCapabilities, uid: number): RuntimeCapabilities {
  const { bounding = [] } = own;
  const held = uid === 0 ? bounding : [];
  return { bounding, permitted: held, effective: held, inheritable: [], ambient: [] };
}

/**
 * A file without a name: crun reads it through its descriptor, which it does not hand on, and the
 * kernel takes it away.
 */
function processFile(pod: string, app: string, inside: RuntimeProcess): string {
  const path = `${crunPaths.bundle(pod, app)}/enter-${process.pid}`;
  const fd = openSync(path, "wx+", 0o600);
  rmSync(path);
  writeSync(fd, JSON.stringify(inside));
  const read = openSync(`/proc/self/fd/${fd}`, "r");
  closeSync(fd);
  kernel.setCloseOnExec(read, false);
  return `/proc/${process.pid}/fd/${read}`;
}

/** What a debugger needs: all capabilities, no filter, outside of the app's control group. */
function enterUnconfined(config: RuntimeConfig, inside: RuntimeProcess, pid: number): never {
  const joined = (config.linux?.namespaces ?? []).map(({ type }) => type);
  const { uid, gid } = inside.user;
  const hasUsers = joined.includes("user");
  const words = [
    findProgram("nsenter"),
    ...[`--target=${pid}`, "--mount", "--uts", "--ipc", "--net", "--pid", "--root"],
    ...(hasUsers ? ["--user"] : []),
    ...(hasUsers || uid !== 0 || gid !== 0 ? [`--setuid=${uid}`, `--setgid=${gid}`] : []),
    `--wdns=${inside.cwd}`,
    "--",
    ...inside.args,
  ];
  const environment = Object.fromEntries((inside.env ?? []).map(splitPair));
  return kernel.execve(words[0] ?? "", words, environment);
}

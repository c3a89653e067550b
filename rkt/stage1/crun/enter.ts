/**
 * The `enter` entrypoint: becomes a command inside a running app, as its root user, with the app's
 * environment and confined like the app. The working directory is the pod's.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import type { RuntimeConfig } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { cgroupLayout, kernel } from "@shared/linux";
import { parseEnterArguments } from "../arguments.ts";
import { crunCommand, crunPaths } from "./app-process.ts";

export function enter(argv: readonly string[]): never {
  const { app, command } = parseEnterArguments(argv);
  const pod = process.cwd();
  if (command.length === 0) throw new Fault("invalid", `enter app ${quote(app)}: no command`);
  // crun's own message for an app that never ran is unclear.
  readFileSync(crunPaths.appPid(pod, app));
  kernel.unshare(["mount"]);
  kernel.mount({ target: "/", flags: ["rec", "slave"] });
  if (cgroupLayout() === "hybrid") kernel.unmount("/sys/fs/cgroup/unified", { detach: true });
  const words = crunCommand(pod, [
    "exec",
    ...(process.stdin.isTTY ? ["--tty"] : []),
    "--user=0:0",
    "--cwd=/",
    ...environmentOf(pod, app).map((pair) => `--env=${pair}`),
    `--env=TERM=${process.env["TERM"] ?? "xterm"}`,
    app,
    ...command,
  ]);
  return kernel.execve(words[0] ?? "", words, { PATH: process.env["PATH"] ?? "" });
}

/**
 * The app's environment as `NAME=value`: crun drops it as soon as it is given one variable more.
 */
function environmentOf(pod: string, app: string): readonly string[] {
  const config = readFileSync(crunPaths.config(pod, app), "utf8");
  return (JSON.parse(config) as RuntimeConfig).process?.env ?? [];
}

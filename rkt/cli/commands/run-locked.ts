/**
 * The other half of `--detach`, hidden: the arguments of a stage1 flow in, with a locked pod
 * directory as an inherited descriptor, and this process becomes that stage1.
 */
import { inheritPod, runPod } from "@rkt/stage0";
import { parseRunArguments } from "@rkt/stage1/arguments";
import { dir } from "../flags/global.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { stage0HostOf } from "./stage0-host.ts";

export const runLocked: Command = {
  usage: "run-locked -- STAGE1-ARGUMENTS",
  description: ["Used by --detach."],
  flags: [],
  grammar: "first",
  needsRoot: true,
  run: runPodOfStarter,
};

function runPodOfStarter(host: Host, call: Call): number {
  const run = parseRunArguments(call.args);
  const stage0 = stage0HostOf(host, { name: "run" });
  return runPod(stage0, inheritPod(stage0, call.flags.get(dir), run.uuid), run);
}

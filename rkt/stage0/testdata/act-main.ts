/**
 * A process for tests to watch and to kill: prepares and runs a pod, enters one, or collects all,
 * exactly as the command line does. Takes a JSON document `Task` as its only argument.
 */
import process from "node:process";
import { describeFault, hintOf, systemClock } from "@shared/base";
import { kernel } from "@shared/linux";
import { enterPod, gcPods, openPod, type PrepareRequest, preparePod, runPod } from "../mod.ts";
import { COLLECT_ALL, dice, RUN_ARGUMENTS } from "../testing.ts";

const host = {
  kernel,
  clock: systemClock,
  random: dice,
  warn: (line: string) => console.error(line),
  print: (line: string) => console.log(line),
  environment: process.env,
};

interface Task {
  readonly act: "run" | "enter" | "gc";
  readonly dataDir: string;
  readonly request: PrepareRequest;
  readonly uuid: string;
  readonly app?: string;
  readonly command: readonly string[];
}

const task = JSON.parse(process.argv[2] ?? "") as Task;
try {
  if (task.act === "run") runPod(host, preparePod(host, task.request), RUN_ARGUMENTS);
  if (task.act === "gc") process.exit(gcPods(host, { ...COLLECT_ALL, dataDir: task.dataDir }).length);
  await enterPod(host, openPod(task.dataDir, task.uuid), task);
} catch (error) {
  console.error(describeFault(error), hintOf(error) ?? "");
  process.exit(254);
}

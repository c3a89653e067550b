/**
 * Started in a mount namespace of its own: leaves a bind mount inside a pod, then collects.
 * Arguments: data, source, target.
 */
import process from "node:process";
import { systemClock } from "@shared/base";
import { kernel } from "@shared/linux";
import { gcPods } from "../mod.ts";
import { COLLECT_ALL } from "../testing.ts";

const [dataDir = "", source = "", target = ""] = process.argv.slice(2);
kernel.mount({ source, target, flags: ["bind"] });
const host = {
  kernel,
  clock: systemClock,
  warn: () => undefined,
  print: () => undefined,
  environment: process.env,
};
const problems = gcPods(host, { ...COLLECT_ALL, dataDir });
for (const { uuid, fault } of problems) console.error(uuid, fault.message);
process.exit(problems.length);

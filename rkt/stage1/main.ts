/**
 * Where the executable becomes a stage1 entrypoint: a program name and its arguments go in, an exit
 * status comes out.
 */
import process from "node:process";
import { describeFault, hintOf } from "@shared/base";
import { bundledEntrypoint } from "./bundled.ts";

/** Exit status of a stage1 that could not do its work, as in rkt. */
const OWN_FAILURE = 254;

/** True where `programName` names an entrypoint of a bundled stage1. */
export function isStage1Program(programName: string): boolean {
  return bundledEntrypoint(programName) !== undefined;
}

/** Runs the entrypoint that `programName` names. Its faults are printed here, on one line. */
export async function stage1Main(programName: string, argv: readonly string[]): Promise<number> {
  try {
    return await runEntrypoint(programName, argv);
  } catch (error) {
    process.stderr.write(`stage1: ${describeFault(error)}\n`);
    const hint = hintOf(error);
    if (hint !== undefined) process.stderr.write(`hint: ${hint}\n`);
    return OWN_FAILURE;
  }
}

async function runEntrypoint(programName: string, argv: readonly string[]): Promise<number> {
  const entrypoint = bundledEntrypoint(programName)?.entrypoint;
  switch (entrypoint) {
    case "app/add":
    case "app/rm":
    case "app/start":
    case "app/stop": {
      const verb = entrypoint.slice("app/".length) as "add" | "rm" | "start" | "stop";
      return await (await import("./crun/app-control.ts")).controlApp(verb, argv);
    }
    case "run":
      return await (await import("./crun/run.ts")).run(argv);
    case "enter":
      return await (await import("./crun/enter.ts")).enter(argv);
    case "gc":
      return await (await import("./crun/gc.ts")).gc(argv);
    case "stop":
      return (await import("./crun/stop.ts")).stop(argv);
    case "attach":
      return await (await import("./crun/attach.ts")).attach(argv);
    default:
      process.stderr.write(`stage1: "${programName}" is no entrypoint of this stage1\n`);
      return OWN_FAILURE;
  }
}

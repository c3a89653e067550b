/**
 * `acbuild`: an argument vector flows in, one step of a build is done, an exit status flows out.
 */
import { openHost } from "../host.ts";
import { runCommandLine, type Start } from "../main.ts";
import { ACBUILD } from "./table.ts";

/** Runs `acbuild` as this process was asked to and returns its exit status. */
export function acbuildMain(start: Start): Promise<number> {
  return runCommandLine(openHost(start), start.argv, ACBUILD);
}

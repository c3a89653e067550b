/**
 * `rkt man-pages`, hidden: for those who package rkt. The table of commands flows in, a directory
 * of manual pages flows out.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Call, Command, CommandEntry } from "../grammar/command.ts";
import { describeCommands } from "../grammar/described-command.ts";
import type { Host } from "../host.ts";
import { commandPage, pageName, programPage } from "../output/man-page.ts";
import { VERSION } from "../version.ts";

export const manPages: Command = {
  usage: "man-pages DIRECTORY",
  description: ["Writes rkt.1 and a page for each command into a directory."],
  flags: [],
  grammar: "anywhere",
  run: writePages,
};

async function writePages(
  _host: Host,
  call: Call,
  commands: readonly CommandEntry[],
): Promise<number | "usage"> {
  const [directory, more] = call.args;
  if (directory === undefined || more !== undefined) return "usage";
  const described = await describeCommands(commands);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "rkt.1"), programPage(described, VERSION));
  for (const each of described) {
    const file = join(directory, `${pageName(each.entry.path)}.1`);
    writeFileSync(file, commandPage(each, VERSION));
  }
  return 0;
}

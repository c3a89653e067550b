/**
 * `rkt help`: listed like any command; `main.ts` answers it, because it needs the table that lists
 * it.
 */
import type { Command } from "../grammar/command.ts";

export const help: Command = {
  usage: "help [command]",
  description: ["Prints help on rkt or on one of its commands:", "    rkt help [path to command]"],
  flags: [],
  grammar: "anywhere",
  run: () => "usage",
};

/**
 * Every command of rkt, in the order of help. An entry loads its command when it is asked for: `rkt version` reads
 * nothing of the others.
 */
import type { CommandEntry } from "./grammar/command.ts";

export const COMMANDS: readonly CommandEntry[] = [
  {
    path: ["version"],
    summary: "Print the version and exit",
    load: async () => (await import("./commands/version.ts")).version,
  },
  {
    path: ["help"],
    summary: "Help about any command",
    load: async () => (await import("./commands/help.ts")).help,
  },
];

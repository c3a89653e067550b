/** A command with all that completion and manual pages say of it. Data, and how to load it. */
import type { Command, CommandEntry } from "./command.ts";

export interface DescribedCommand {
  readonly entry: CommandEntry;
  readonly command: Command;
}

/** The commands that help shows, with what an entry loads only when asked. */
export function describeCommands(entries: readonly CommandEntry[]): Promise<DescribedCommand[]> {
  const shown = entries.filter((entry) => entry.hidden !== true);
  return Promise.all(shown.map(async (entry) => ({ entry, command: await entry.load() })));
}

/** What the arguments of a command are, by the words of its line of help. */
export function argumentKind({ command }: DescribedCommand): "pod" | "image" | "file" {
  if (/\bUUID\b/.test(command.usage)) return "pod";
  return /\bIMAGE\b/.test(command.usage) ? "image" : "file";
}

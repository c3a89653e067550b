/**
 * The texts of help, laid out as rkt 1.30 lays them out. The table of commands flows in, text flows
 * out. Pure.
 */
import { GLOBAL_FLAGS, help } from "../flags/global.ts";
import { formatColumns } from "../output/columns.ts";
import { VERSION } from "../version.ts";
import type { Command, CommandEntry } from "./command.ts";
import type { Flag } from "./flag.ts";
import type { Program } from "./program.ts";

/**
 * Help on a program as a whole. `asked` is false where a command was missing: then `-h` is listed
 * too.
 */
export function rootHelp(program: Program, asked: boolean): string {
  const { name, summary, description } = program;
  const commands = program.commands.filter(
    (entry) => entry.hidden !== true && entry.experiment === undefined,
  );
  return [
    section("NAME", [`${name} - ${summary}`]),
    section("USAGE", [`${name} [command]`]),
    section("VERSION", [VERSION]),
    commandSection(commands, 0),
    section("DESCRIPTION", [
      ...description,
      "",
      `To get the help on any specific command, run "${name} help command".`,
    ]),
    flagSection("OPTIONS", asked ? GLOBAL_FLAGS : [...GLOBAL_FLAGS, help]),
  ].join("");
}

/** Help on a group of commands such as `image`. */
export function groupHelp(program: Program, group: string, asked: boolean): string {
  const commands = program.commands.filter(
    (entry) => entry.path[0] === group && entry.hidden !== true,
  );
  const { summary, description } = program.groups[group] ?? { summary: "", description: [] };
  return [
    section("NAME", [`${group} - ${summary}`]),
    section("USAGE", [`${program.name} ${group} [command]`]),
    commandSection(commands, 1),
    section("DESCRIPTION", description),
    ...(asked ? [] : [flagSection("OPTIONS", [{ ...help, usage: `help for ${group}` }])]),
    flagSection("GLOBAL OPTIONS", GLOBAL_FLAGS),
  ].join("");
}

/** Help on one command. */
export function commandHelp(
  { name }: Pick<Program, "name">,
  entry: Omit<CommandEntry, "load">,
  command: Command,
): string {
  return [
    section("NAME", [`${entry.path.join(" ")} - ${entry.summary}`]),
    section("USAGE", [`${name} ${command.usage}`]),
    section("DESCRIPTION", command.description),
    flagSection("OPTIONS", command.flags),
    flagSection("GLOBAL OPTIONS", GLOBAL_FLAGS),
  ].join("");
}

function section(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return `${title}:\n${lines.map((line) => `\t${line}\n`).join("")}\n`;
}

function commandSection(entries: readonly CommandEntry[], depth: number): string {
  const rows = entries.map((entry) => [entry.path.slice(depth).join(" "), entry.summary]);
  return section("COMMANDS", formatColumns(rows).trimEnd().split("\n"));
}

function flagSection(title: string, flags: readonly Flag<unknown>[]): string {
  const shown = flags.filter((flag) => flag.hidden !== true);
  if (shown.length === 0) return "";
  const sorted = [...shown].sort((a, b) => (a.name < b.name ? -1 : 1));
  return `${title}:\n${formatColumns(sorted.map((flag) => [spelling(flag), flag.usage]))}\n`;
}

function spelling(flag: Flag<unknown>): string {
  const start = flag.shorthand === undefined ? "      " : `  -${flag.shorthand}, `;
  const value = flag.bare === undefined ? `=${flag.shown}` : `[=${flag.shown}]`;
  return `${start}--${flag.name}${value}`;
}

/**
 * The texts of help, laid out as rkt 1.30 lays them out. The table of commands flows in, text flows
 * out. Pure.
 */
import { GLOBAL_FLAGS, help } from "../flags/global.ts";
import { formatColumns } from "../output/columns.ts";
import { VERSION } from "../version.ts";
import type { Command, CommandEntry } from "./command.ts";
import type { Flag } from "./flag.ts";

/**
 * Help on `rkt` as a whole. `asked` is false where a command was missing: then `-h` is listed too.
 */
export function rootHelp(table: readonly CommandEntry[], asked: boolean): string {
  const commands = table.filter((entry) => entry.hidden !== true);
  return [
    section("NAME", ["rkt - rkt, the application container runner"]),
    section("USAGE", ["rkt [command]"]),
    section("VERSION", [VERSION]),
    commandSection(commands, 0),
    section("DESCRIPTION", [
      "Runs and manages pods of application containers on Linux.",
      "",
      'To get the help on any specific command, run "rkt help command".',
    ]),
    flagSection("OPTIONS", asked ? GLOBAL_FLAGS : [...GLOBAL_FLAGS, help]),
  ].join("");
}

/** Help on a group of commands such as `image`. */
export function groupHelp(table: readonly CommandEntry[], group: string, asked: boolean): string {
  const commands = table.filter((entry) => entry.path[0] === group && entry.hidden !== true);
  const { summary, description } = GROUPS[group] ?? { summary: "", description: [] };
  return [
    section("NAME", [`${group} - ${summary}`]),
    section("USAGE", [`rkt ${group} [command]`]),
    commandSection(commands, 1),
    section("DESCRIPTION", description),
    ...(asked ? [] : [flagSection("OPTIONS", [{ ...help, usage: `help for ${group}` }])]),
    flagSection("GLOBAL OPTIONS", GLOBAL_FLAGS),
  ].join("");
}

/** Help on one command. */
export function commandHelp(entry: CommandEntry, command: Command): string {
  return [
    section("NAME", [`${entry.path.join(" ")} - ${entry.summary}`]),
    section("USAGE", [`rkt ${command.usage}`]),
    section("DESCRIPTION", command.description),
    flagSection("OPTIONS", command.flags),
    flagSection("GLOBAL OPTIONS", GLOBAL_FLAGS),
  ].join("");
}

const GROUPS: Readonly<Record<string, { summary: string; description: readonly string[] }>> = {
  image: {
    summary: "Operate on image(s) in the local store",
    description: [
      "Works on images of the local store.",
      "",
      "An image is named by its ID, whole or shortened, as in",
      '"sha512-78c08a541997", or by its name as the store holds it, with a tag, as in',
      '"quay.io/coreos/etcd:v3.0.13", or without one, as in "quay.io/coreos/etcd".',
    ],
  },
};

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

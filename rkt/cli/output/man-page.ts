/**
 * Manual pages in the man macros: a command with its flags flows in, the text of its page flows
 * out. Pure.
 *
 * @see man(7)
 */
import { GLOBAL_FLAGS } from "../flags/global.ts";
import type { DescribedCommand } from "../grammar/described-command.ts";
import type { Flag } from "../grammar/flag.ts";

/** The page of one command, `rkt-image-list(1)`. */
export function commandPage({ entry, command }: DescribedCommand, version: string): string {
  const name = pageName(entry.path);
  return [
    heading(name, version),
    ".SH NAME",
    `${escaped(name)} \\- ${escaped(entry.summary)}`,
    ".SH SYNOPSIS",
    `.B ${escaped(`rkt ${command.usage}`)}`,
    ...(command.description.length === 0 ? [] : [".SH DESCRIPTION", ...prose(command.description)]),
    ...flagLines("OPTIONS", command.flags),
    ...flagLines("GLOBAL OPTIONS", GLOBAL_FLAGS),
    ".SH SEE ALSO",
    ".BR rkt (1)",
    "",
  ].join("\n");
}

/** The page of the program, which names all others. */
export function programPage(commands: readonly DescribedCommand[], version: string): string {
  const rows = commands.flatMap(({ entry }) => [
    ".TP",
    `.BR ${escaped(pageName(entry.path))} (1)`,
    escaped(entry.summary),
  ]);
  return [
    heading("rkt", version),
    ".SH NAME",
    "rkt \\- the application container runner",
    ".SH SYNOPSIS",
    ".B rkt [command]",
    ".SH DESCRIPTION",
    "Runs and manages pods of application containers on Linux.",
    ".SH COMMANDS",
    ...rows,
    ...flagLines("OPTIONS", GLOBAL_FLAGS),
    "",
  ].join("\n");
}

/** `rkt-image-list` */
export function pageName(path: readonly string[]): string {
  return ["rkt", ...path].join("-");
}

function heading(name: string, version: string): string {
  return `.TH ${escaped(name.toUpperCase())} 1 "" "rkt ${version}" "User Commands"`;
}

/** Indented lines are examples and keep their shape. */
function prose(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    if (line === "") return [".PP"];
    return /^\s/.test(line) ? [".br", `\\ \\ ${escaped(line.trim())}`, ".br"] : [escaped(line)];
  });
}

function flagLines(title: string, flags: readonly Flag<unknown>[]): string[] {
  const shown = flags.filter((flag) => flag.hidden !== true);
  if (shown.length === 0) return [];
  const sorted = [...shown].sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = sorted.flatMap((flag) => [".TP", `.B ${spelling(flag)}`, escaped(flag.usage)]);
  return [`.SH ${title}`, ...lines];
}

function spelling({ name, shorthand, bare, shown }: Flag<unknown>): string {
  const value = bare === undefined ? `=${shown}` : `[=${shown}]`;
  return escaped(`${shorthand === undefined ? "" : `-${shorthand}, `}--${name}${value}`);
}

/** A line must not begin as a request, and a hyphen must stay one that can be copied. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^[.']/, "\\&$&");
}

/**
 * Completion code for shells: the commands of a program flow in, a script flows out. Flags and
 * commands are written into it; pods and images are asked for when a person completes. Pure.
 */
import { GLOBAL_FLAGS } from "../flags/global.ts";
import { argumentKind, type DescribedCommand } from "../grammar/described-command.ts";
import type { Flag } from "../grammar/flag.ts";

export const SHELLS = ["bash", "fish", "zsh"] as const;
export type Shell = (typeof SHELLS)[number];

/** The script for a shell. */
export function completionScript(shell: Shell, commands: readonly DescribedCommand[]): string {
  if (shell === "fish") return fishScript(commands);
  const script = bashScript(commands);
  // zsh runs the functions of bash; what it shows is the same.
  return shell === "bash" ? script : `autoload -U +X bashcompinit && bashcompinit\n\n${script}`;
}

const LIST: Readonly<Record<"pod" | "image", string>> = {
  pod: "rkt list --no-legend --full 2>/dev/null | cut -f1 | grep .",
  image: "rkt image list --no-legend --fields=name 2>/dev/null",
};

function bashScript(commands: readonly DescribedCommand[]): string {
  const first = unique(commands.map(({ entry }) => entry.path[0] ?? ""));
  const groups = first.filter((word) => commands.some(isBelow(word)));
  return [
    "# completion of rkt; made by: rkt completion",
    "_rkt() {",
    '  local current="${COMP_WORDS[COMP_CWORD]}" command="" word words=""',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    case "$command $word" in',
    "      *' -'*) ;;",
    ...groups.map((group) => `      "${group} "*) command="${group} $word" ;;`),
    '      " "*) command="$word" ;;',
    "    esac",
    "  done",
    '  case "$command" in',
    `    "") words="${[...first, ...flagWords(GLOBAL_FLAGS)].join(" ")}" ;;`,
    ...groups.map((group) => `    ${group}) words="${below(commands, group).join(" ")}" ;;`),
    ...commands.map(bashCase),
    "  esac",
    '  [[ "$current" == -* ]] && words=$(printf "%s\\n" $words | grep "^-")',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    "complete -o default -F _rkt rkt",
    "",
  ].join("\n");
}

function bashCase(described: DescribedCommand): string {
  const { entry, command } = described;
  const kind = argumentKind(described);
  const flags = flagWords([...command.flags, ...GLOBAL_FLAGS]).join(" ");
  const names = kind === "file" ? "" : ` $(${LIST[kind]})`;
  return `    "${entry.path.join(" ")}") words="${flags}${names}" ;;`;
}

function fishScript(commands: readonly DescribedCommand[]): string {
  const first = unique(commands.map(({ entry }) => entry.path[0] ?? ""));
  const shown = (word: string): string =>
    commands.find(({ entry }) => entry.path.join(" ") === word)?.entry.summary ?? word;
  return [
    "# completion of rkt; made by: rkt completion",
    "complete -c rkt -f",
    ...first.map((word) => fishLine("__fish_use_subcommand", `-a ${word}`, shown(word))),
    ...GLOBAL_FLAGS.map((flag) => fishLine("true", fishFlag(flag), flag.usage)),
    ...commands.flatMap(fishLines),
    "",
  ].join("\n");
}

function fishLines(described: DescribedCommand): string[] {
  const { entry, command } = described;
  const [word = "", second] = entry.path;
  const seen = (name: string): string => `__fish_seen_subcommand_from ${name}`;
  const here = second === undefined ? seen(word) : `${seen(word)}; and ${seen(second)}`;
  const kind = argumentKind(described);
  const lines = command.flags
    .filter((flag) => flag.hidden !== true)
    .map((flag) => fishLine(here, fishFlag(flag), flag.usage));
  if (second !== undefined) lines.push(fishLine(seen(word), `-a ${second}`, entry.summary));
  if (kind === "file") lines.push(`complete -c rkt -n '${here}' -F`);
  else lines.push(`complete -c rkt -n '${here}' -a "(${LIST[kind]})"`);
  return lines;
}

function fishLine(condition: string, what: string, about: string): string {
  const quoted = about.replace(/[\\']/g, "\\$&");
  return `complete -c rkt -n '${condition}' ${what} -d '${quoted}'`;
}

function fishFlag({ name, shorthand, bare }: Flag<unknown>): string {
  const short = shorthand === undefined ? "" : `-s ${shorthand} `;
  return `${short}-l ${name}${bare === undefined ? " -r" : ""}`;
}

function flagWords(flags: readonly Flag<unknown>[]): string[] {
  const shown = flags.filter((flag) => flag.hidden !== true);
  return shown.map(({ name, bare }) => `--${name}${bare === undefined ? "=" : ""}`);
}

function below(commands: readonly DescribedCommand[], group: string): string[] {
  return commands.filter(isBelow(group)).map(({ entry }) => entry.path[1] ?? "");
}

function isBelow(group: string): (described: DescribedCommand) => boolean {
  return ({ entry }) => entry.path.length > 1 && entry.path[0] === group;
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)];
}

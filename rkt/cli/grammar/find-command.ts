/**
 * Finds the command that an argument vector names, as cobra does: global flags may stand before it,
 * each word may be an unambiguous prefix. Pure.
 */
import { Fault, quote } from "@shared/base";
import type { CommandEntry } from "./command.ts";
import type { Flag } from "./flag.ts";
import type { Program } from "./program.ts";

/** What was found. `path` without `entry` is a group such as `image`, or nothing at all. */
export interface FoundCommand {
  readonly entry: CommandEntry | undefined;
  readonly path: readonly string[];
  /** The vector without the words of the command. */
  readonly argv: readonly string[];
}

/** @throws {Fault} "invalid" with the lines that rkt prints for an unknown command */
export function findCommand(
  { name: program, commands: table }: Pick<Program, "name" | "commands">,
  globalFlags: readonly Flag<unknown>[],
  argv: readonly string[],
): FoundCommand {
  const path: string[] = [];
  const rest = [...argv];
  for (;;) {
    const at = firstWord(rest, globalFlags);
    const word = rest[at];
    const next = word === undefined ? undefined : nextWord(table, path, word);
    if (next === undefined) {
      if (word !== undefined && path.length === 0) throw unknownCommand(program, table, word);
      return { entry: undefined, path, argv: rest };
    }
    path.push(next);
    rest.splice(at, 1);
    const entry = table.find((each) => each.path.join(" ") === path.join(" "));
    if (entry !== undefined) return { entry, path, argv: rest };
  }
}

/** Index of the first word that is neither a flag nor the value of one; -1 where there is none. */
function firstWord(argv: readonly string[], flags: readonly Flag<unknown>[]): number {
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (word === "--") return -1;
    if (word !== "" && !word.startsWith("-")) return index;
    if (takesNext(word, flags)) index++;
  }
  return -1;
}

/** An unknown flag without "=" counts as one that takes a value. */
function takesNext(word: string, flags: readonly Flag<unknown>[]): boolean {
  if (word === "" || word.includes("=")) return false;
  if (word === "-h" || word === "--help") return false;
  if (!word.startsWith("--")) return word.length === 2;
  const flag = flags.find((each) => each.name === word.slice(2));
  return flag?.bare === undefined;
}

/** The full form of a word that continues `path`, if exactly one does or one is equal to it. */
function nextWord(
  table: readonly CommandEntry[],
  path: readonly string[],
  word: string,
): string | undefined {
  const names = namesBelow(table, path);
  if (names.has(word)) return word;
  const longer = [...names].filter((name) => name.startsWith(word));
  return longer.length === 1 ? longer[0] : undefined;
}

function namesBelow(table: readonly CommandEntry[], path: readonly string[]): Set<string> {
  const names = new Set<string>();
  for (const entry of table) {
    const name = entry.path[path.length];
    if (name !== undefined && path.every((word, at) => entry.path[at] === word)) names.add(name);
  }
  return names;
}

function unknownCommand(program: string, table: readonly CommandEntry[], word: string): Fault {
  const names = [
    ...namesBelow(
      table.filter((each) => each.hidden !== true),
      [],
    ),
  ];
  const near = names.filter((name) => isNear(word, name)).sort();
  const lines =
    near.length === 0 ? [] : ["", "Did you mean this?", ...near.map((n) => `\t${n}`), ""];
  const first = `unknown command ${quote(word)} for ${quote(program)}`;
  return new Fault("invalid", [first, ...lines].join("\n"));
}

/** cobra's rule: at most two edits away, or the beginning of the name. */
function isNear(word: string, name: string): boolean {
  return name.startsWith(word.toLowerCase()) || editDistance(word.toLowerCase(), name) <= 2;
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const change = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** `acbuild script`: the commands of a file, one after the other. */
import { readFileSync } from "node:fs";
import { Fault, quote } from "@shared/base";
import type { Call, Command } from "../grammar/command.ts";
import type { Program } from "../grammar/program.ts";
import type { Host } from "../host.ts";
import { runCommandLine } from "../main.ts";
import { BUILD_FLAGS, workPathOf } from "./context.ts";

/** @param program the table that the lines of a script are looked up in */
export function scriptCommand(program: () => Program): Command {
  return { ...WORDS, run: (host, call) => runScript(host, program(), call) };
}

const WORDS: Omit<Command, "run"> = {
  usage: "script FILE",
  description: [
    "Runs the commands in a file, one per line, as if each was typed after acbuild. What follows #",
    "is a remark; words with spaces stand in quotes.",
    "",
    "The first command that fails ends the script, and the build that the script began with it.",
  ],
  flags: BUILD_FLAGS,
  grammar: "anywhere",
};

async function runScript(host: Host, program: Program, call: Call): Promise<number | "usage"> {
  const [path, more] = call.args;
  if (path === undefined || more !== undefined) return "usage";
  const lines = readFileSync(path, "utf8").split("\n").map(wordsOf);
  const where = `--work-path=${workPathOf(call)}`;
  const execute = ([command = "", ...rest]: readonly string[]): Promise<number> =>
    runCommandLine(host, [command, where, ...rest], program);
  let isOurs = false;
  for (const [index, line] of lines.entries()) {
    const words = line[0] === "acbuild" ? line.slice(1) : line;
    if (words.length === 0) continue;
    const status = await execute(words);
    if (status === 0) {
      if (words[0] === "begin") isOurs = true;
      if (words[0] === "end") isOurs = false;
      continue;
    }
    if (isOurs) await execute(["end"]);
    throw new Fault("internal", `${path}:${index + 1}: ${quote(words[0] ?? "")} failed`);
  }
  return 0;
}

const TOKEN = /\s+|#.*$|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\#]+|#)/gsy;

/** The words of one line, as a shell would split it; nothing is expanded. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < line.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(line);
    if (match === null) {
      throw new Fault("invalid", `read the script: a quote is open in ${quote(line)}`);
    }
    const [text, single, double, escaped, plain] = match;
    if (/^\s/.test(text)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (text.startsWith("#") && plain === undefined) {
      if (word === undefined) break;
      word += "#";
      TOKEN.lastIndex = at + 1;
    } else {
      word = (word ?? "") + (single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? plain);
    }
  }
  return word === undefined ? words : [...words, word];
}

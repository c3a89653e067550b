/**
 * A function is read in one look. In: sources. Out: functions above the hard limit.
 * A callback that holds tests, such as that of `describe`, is a chapter and is left out.
 */
import type { Rule } from "../finding.ts";
import type { Source } from "../source.ts";
import { functionsOf } from "./functions.ts";

const MAX_LINES = 70;

export const functionSize: Rule = {
  name: `no function is longer than ${MAX_LINES} lines`,
  check: ({ sources }) => [...sources.values()].flatMap(longFunctions),
};

function longFunctions(source: Source): ReturnType<Rule["check"]> {
  return functionsOf(source).flatMap(({ start, end }) => {
    const line = source.lineAt(start);
    const count = source.lineAt(end) - line + 1;
    if (count <= MAX_LINES || isChapter(source, start, end)) return [];
    const what = `the function has ${count} lines, the limit is ${MAX_LINES}`;
    return [{ path: source.path, line, what, instead: "name its steps and call them (aim: 12)" }];
  });
}

function isChapter({ path, text }: Source, start: number, end: number): boolean {
  return path.endsWith(".test.ts") && /\btest(\.\w+)?\(/.test(text.slice(start, end));
}

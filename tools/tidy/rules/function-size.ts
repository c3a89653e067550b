/**
 * A function is read in one look. In: sources. Out: functions above the hard limit.
 * The callbacks of `describe` are chapters, not functions, and are left out.
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
    if (count <= MAX_LINES || /\bdescribe(\.\w+)?\(/.test(source.lines[line - 1] ?? "")) return [];
    const what = `the function has ${count} lines, the limit is ${MAX_LINES}`;
    return [{ path: source.path, line, what, instead: "name its steps and call them (aim: 12)" }];
  });
}

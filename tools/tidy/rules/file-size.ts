/**
 * A file that needs scrolling is several files. In: sources. Out: those above the hard limit. What
 * a tool generated nobody reads from top to bottom.
 */
import type { Rule } from "../finding.ts";

const MAX_LINES = 600;
const GENERATED = /\.generated\.ts$|^rktnetes\/api\/types\//;

export const fileSize: Rule = {
  name: `no file is longer than ${MAX_LINES} lines`,
  check: ({ sources }) =>
    [...sources.values()]
      .filter(({ path, text }) => !GENERATED.test(path) && lineCount(text) > MAX_LINES)
      .map(({ path, text }) => ({
        path,
        line: MAX_LINES + 1,
        what: `the file has ${lineCount(text)} lines, the limit is ${MAX_LINES}`,
        instead: "move a part with one purpose into a file of its own (aim: 120)",
      })),
};

function lineCount(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

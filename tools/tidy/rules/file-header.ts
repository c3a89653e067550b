/** Each file says what it is for. In: sources that are no tests. Out: files that open with code. */
import type { Rule } from "../finding.ts";

export const fileHeader: Rule = {
  name: "every file opens with a comment that says what it does",
  check: ({ sources }) =>
    [...sources.values()]
      .filter(
        ({ path, text }) => !path.endsWith(".test.ts") && !/^(#!.*\n)?(\/\*\*|\/\/)/.test(text),
      )
      .map(({ path }) => ({
        path,
        line: 1,
        what: "the file does not open with a comment",
        instead: "say what flows in, what flows out, and what it never does",
      })),
};

import { describe, expect, test } from "bun:test";
import { wordsOf } from "./script.ts";

describe("a line of a script becomes words", () => {
  const CASES: readonly (readonly [why: string, line: string, words: string[]])[] = [
    ["nothing", "", []],
    ["spaces alone", "  \t ", []],
    ["words", " set-name  example.test/a ", ["set-name", "example.test/a"]],
    ["a remark", "# begin", []],
    ["a remark behind words", "end # now", ["end"]],
    ["# inside a word is no remark", "copy a#b c", ["copy", "a#b", "c"]],
    ["single quotes keep all", `a 'b "c" \\d #'`, ["a", `b "c" \\d #`]],
    ["double quotes", `a "b 'c' \\"d\\" \\$e"`, ["a", `b 'c' "d" $e`]],
    ["an empty word", `label add a ""`, ["label", "add", "a", ""]],
    ["a backslash", "a\\ b", ["a b"]],
    ["parts of one word", `--label="a b"'c'd`, ["--label=a bcd"]],
    ["nothing is expanded", "a $B *", ["a", "$B", "*"]],
  ];
  for (const [why, line, words] of CASES) test(why, () => expect(wordsOf(line)).toEqual(words));

  test("an open quote is refused", () => {
    expect(() => wordsOf("a 'b")).toThrow("a quote is open");
  });
});

import { expect, test } from "bun:test";
import { unifiedDiff } from "./spec-diff.ts";

const lines = (...texts: readonly string[]): string => texts.join("\n");

test("a changed line stands between three lines of context", () => {
  const before = lines("1", "2", "3", "4", "5", "6", "7", "8", "9");
  const after = lines("1", "2", "3", "4", "five", "6", "7", "8", "9");
  expect(unifiedDiff(before, after)).toBe(
    lines("@@ -2,7 +2,7 @@", " 2", " 3", " 4", "-5", "+five", " 6", " 7", " 8", ""),
  );
});

test("changes far apart are two hunks, counted in their own texts", () => {
  const middle = Array.from({ length: 10 }, (_each, at) => String(at));
  const before = lines("a", ...middle, "z");
  const after = lines("a", "b", ...middle, "y");
  expect(unifiedDiff(before, after)).toBe(
    lines(
      "@@ -1,4 +1,5 @@",
      " a",
      "+b",
      " 0",
      " 1",
      " 2",
      "@@ -9,4 +10,4 @@",
      " 7",
      " 8",
      " 9",
      "-z",
      "+y",
      "",
    ),
  );
});

test("equal texts differ in nothing", () => {
  expect(unifiedDiff("a\nb", "a\nb")).toBe("");
});

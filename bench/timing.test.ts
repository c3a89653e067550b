/** The arithmetic of the benchmarks. */
import { expect, test } from "bun:test";
import { median, timeOnce } from "./timing.ts";

const CASES: readonly (readonly [readonly number[], number, string])[] = [
  [[3], 3, "one number"],
  [[9, 1, 5], 5, "in any order"],
  [[1, 2, 3, 100], 2, "the lower middle of an even count"],
  [[10, 9, 100], 10, "by value, not by text"],
];

for (const [numbers, middle, reason] of CASES) {
  test(`median: ${reason}`, () => expect(median(numbers)).toBe(middle));
}

test("a command that fails is no measurement", () => {
  expect(() => timeOnce(["/bin/sh", "-c", "echo why >&2; exit 3"])).toThrow("status 3: why");
});

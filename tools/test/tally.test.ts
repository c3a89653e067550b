import { describe, expect, test } from "bun:test";
import { formatTally, skippedNames, sum, tallyOf, tallyOfStep } from "./tally.ts";

const OUTPUT = `
a.test.ts:
(pass) outer > one [0.04ms]
(skip) outer > mounts (needs root)
(fail) outer > bad [0.33ms]
(todo) outer > later

 11 pass
 1 skip
 1 todo
 2 fail
 1 error
 2 expect() calls
Ran 5 tests across 2 files. [26.00ms]
`;

describe("tallyOf", () => {
  const rows = [
    { why: "all four words", output: OUTPUT, status: 1, is: [11, 2, 2] },
    { why: "only passes", output: "\n 3 pass\n 0 fail\n", status: 0, is: [3, 0, 0] },
    { why: "killed before the sums", output: "(pass) one\n", status: 137, is: [0, 1, 0] },
    { why: "ended by a signal", output: "", status: null, is: [0, 1, 0] },
    { why: "failed beside its tests", output: " 3 pass\n 0 fail\n", status: 1, is: [3, 1, 0] },
    { why: "a test that prints sums", output: " 9 pass\n 1 pass\n", status: 0, is: [1, 0, 0] },
  ];
  for (const { why, output, status, is } of rows) {
    test(why, () => {
      const { passed, failed, skipped } = tallyOf(output, status);
      expect([passed, failed, skipped]).toEqual(is);
    });
  }
});

test("sum adds tallies and steps, formatTally prints the last line", () => {
  const total = sum([tallyOf(OUTPUT, 1), tallyOfStep(true), tallyOfStep(false)]);
  expect(formatTally(total)).toBe("12 passed, 3 failed, 2 skipped");
});

test("skippedNames finds skipped tests with their reasons", () => {
  expect(skippedNames(OUTPUT)).toEqual(["outer > mounts (needs root)", "outer > later"]);
});

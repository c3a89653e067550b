import { expect, test } from "bun:test";
import { formatAge, formatSpan } from "./age.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

const CASES: readonly (readonly [seconds: number, text: string])[] = [
  [-2, "<invalid>"],
  [-1, "0s"], // clocks may differ a little
  [0, "0s"],
  [119, "119s"],
  [2 * MINUTE, "2m"],
  [3 * MINUTE + 5, "3m5s"],
  [10 * MINUTE, "10m"],
  [3 * HOUR - 1, "179m"],
  [3 * HOUR, "3h"],
  [7 * HOUR + 59 * MINUTE, "7h59m"],
  [8 * HOUR, "8h"],
  [2 * DAY - 1, "47h"],
  [2 * DAY + 3 * HOUR, "2d3h"],
  [8 * DAY, "8d"],
  [2 * YEAR - 1, "729d"],
  [2 * YEAR + 324 * DAY, "2y324d"],
  [8 * YEAR, "8y"],
];

for (const [seconds, text] of CASES) {
  test(`${seconds} s read ${text}`, () => expect(formatSpan(seconds)).toBe(text));
}

test("what is no time has no age", () => {
  expect(formatAge(undefined, 0)).toBe("<unknown>");
  expect(formatAge("", 0)).toBe("<unknown>");
  expect(formatAge("1970-01-01T00:00:00Z", 90_000)).toBe("90s");
});

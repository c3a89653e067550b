import { expect, test } from "bun:test";
import { scheduleProblem } from "./cron.ts";

test.each([
  ["a step through all", "*/5 * * * *", undefined],
  ["names of months and days", "0 0 1 JAN-mar Sun", undefined],
  ["a named schedule", "@daily", undefined],
  ["a span", "@every 1h30m", undefined],
  ["too few fields", "* * * *", "expected exactly 5 fields, found 4: [* * * *]"],
  ["a minute that is none", "60 * * * *", "end of range (60) above maximum (59): 60"],
  ["a range that goes back", "5-2 * * * *", "beginning of range (5) beyond end of range (2): 5-2"],
  ["no step at all", "*/0 * * * *", "step of range should be a positive number: */0"],
  ["an unknown name", "@never", "unrecognized descriptor: @never"],
  [
    "a span with an unknown unit",
    "@every 1x",
    'failed to parse duration @every 1x: time: unknown unit "x" in duration "1x"',
  ],
  ["a word", "x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
])("%s", (_why, text, problem) => {
  expect(scheduleProblem(text)).toBe(problem as string);
});

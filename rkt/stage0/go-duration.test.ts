import { expect, test } from "bun:test";
import { formatGoDuration } from "./go-duration.ts";

test.each([
  [1_800_000, "30m0s", "the default grace period"],
  [3_600_000, "1h0m0s", "as rkt gc prints --grace-period=1h"],
  [0, "0s", "no unit below seconds for nothing"],
  [90, "90ms", "less than a second"],
  [1500, "1.5s", "a fraction"],
  [-1000, "-1s", "rkt accepts --grace-period=-1s"],
])("%p ms is %s: %s", (ms, text) => {
  expect(formatGoDuration(ms)).toBe(text);
});

import { expect, test } from "bun:test";
import fc from "fast-check";

import { formatGoDuration, parseGoDuration } from "./duration.ts";

const rows: readonly (readonly [text: string, shown: string])[] = [
  ["1h", "1h0m0s"],
  ["90m", "1h30m0s"],
  ["1.5s", "1.5s"],
  [".5s", "500ms"],
  ["1us", "1µs"],
  ["-1h2m3.004s", "-1h2m3.004s"],
  ["0", "0s"],
];
test.each(rows)("%p is written %p", (text, shown) => {
  expect(formatGoDuration(parseGoDuration(text))).toBe(shown);
});

const wrong: readonly (readonly [text: string, words: string])[] = [
  ["", 'time: invalid duration ""'],
  ["x", 'time: invalid duration "x"'],
  ["5", 'time: missing unit in duration "5"'],
  ["1d", 'time: unknown unit "d" in duration "1d"'],
  ["9223372036854775808ns", 'time: invalid duration "9223372036854775808ns"'],
];
test.each(wrong)("%p is refused: %s", (text, words) => {
  expect(() => parseGoDuration(text)).toThrow(words);
});

test("every number of nanoseconds comes back", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (nanos) => {
      expect(parseGoDuration(formatGoDuration(nanos))).toBe(nanos);
    }),
  );
});

import { describe, expect, test } from "bun:test";
import fc from "fast-check";

import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  roundUpQuantity,
  scaledValue,
} from "./quantity.ts";

const WRONG_FORM =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_SUFFIX = "unable to parse quantity's suffix";

describe("canonical quantities", () => {
  const rows: readonly (readonly [text: string, canonical: string, why: string])[] = [
    ["1500m", "1500m", "stays, though 1.5 is shorter"],
    ["1.5", "1500m", "no fraction is written"],
    ["0.5", "500m", "no fraction is written"],
    ["1000", "1k", "the largest suffix that loses nothing"],
    ["1000m", "1", "the largest suffix that loses nothing"],
    ["1000000k", "1G", "the largest suffix that loses nothing"],
    ["1024Mi", "1Gi", "powers of two have their own suffixes"],
    ["1.5Gi", "1536Mi", "powers of two have their own suffixes"],
    ["0.5Ki", "512", "below 1024 there is no suffix"],
    ["1024", "1024", "the family of the suffix stays decimal"],
    ["1e3", "1e3", "exponents stay"],
    ["1E3", "1E3", "as they were written"],
    ["+5", "+5", "what is nearly canonical stays as it is"],
    ["05", "05", "what is nearly canonical stays as it is"],
    ["0.1m", "100u", "down to a billionth"],
    ["1.2345678901234", "1234567891n", "rounded up to a billionth"],
    ["-1.2345678901234", "-1234567891n", "away from zero"],
    ["16Ei", "9223372036854775807", "capped where 64 bits end"],
    ["9999999999999999999", "9999999999999999999", "decimal ones are not capped"],
    ["0", "0", "zero"],
    ["0Gi", "0", "zero has no suffix"],
    ["-", "0", "Go reads a sign alone as zero"],
  ];
  test.each(rows)("%p → %p: %s", (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  const wrong: readonly (readonly [text: string, words: string])[] = [
    ["", WRONG_FORM],
    ["abc", WRONG_FORM],
    ["1Gx", WRONG_FORM],
    ["1 Gi", WRONG_FORM],
    ["1GG", WRONG_SUFFIX],
    ["1e", WRONG_SUFFIX],
    ["1e99999999999", WRONG_SUFFIX],
  ];
  test.each(wrong)("%p is refused: %s", (text, words) => {
    expect(() => canonicalQuantity(text)).toThrow(words);
  });
});

describe("amounts", () => {
  const suffix = fc.constantFrom("", "m", "k", "M", "G", "Ki", "Mi", "Gi", "n", "e3");
  const quantity = fc
    .tuple(fc.integer({ min: -999_999_999, max: 999_999_999 }), suffix)
    .map(([amount, unit]) => `${amount}${unit}`);

  test("the canonical text means the same amount, and is its own canonical text", () => {
    fc.assert(
      fc.property(quantity, (text) => {
        const canonical = formatQuantity({ ...parseQuantity(text) });
        expect(compareQuantities(parseQuantity(text), parseQuantity(canonical))).toBe(0);
        expect(canonicalQuantity(canonical)).toBe(canonical);
      }),
    );
  });

  test("sums and comparisons agree with whole billionths", () => {
    fc.assert(
      fc.property(quantity, quantity, (a, b) => {
        const [left, right] = [parseQuantity(a), parseQuantity(b)];
        const nanos = (one: typeof left): bigint => scaledValue(one, -9);
        expect(nanos(addQuantities(left, right))).toBe(nanos(left) + nanos(right));
        const order = nanos(left) < nanos(right) ? -1 : nanos(left) > nanos(right) ? 1 : 0;
        expect(compareQuantities(left, right)).toBe(order);
      }),
    );
  });

  test("milli values round up, away from zero", () => {
    expect(scaledValue(parseQuantity("1.0001"), -3)).toBe(1001n);
    expect(scaledValue(parseQuantity("-1.0001"), -3)).toBe(-1001n);
    expect(formatQuantity(roundUpQuantity(parseQuantity("100u"), -3))).toBe("1m");
  });
});

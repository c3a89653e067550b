/**
 * Quantities: every suffix, exact amounts, rounding away from zero, and the texts that are none.
 */
import { describe, expect, test } from "bun:test";
import { assert, bigInt, constantFrom, property } from "fast-check";
import { parseQuantity, printQuantity, thousandths, wholeUnits } from "./quantity.ts";

test.each([
  ["128M", 128_000_000],
  ["16Mi", 16_777_216],
  ["1Ki", 1024],
  ["1.5Gi", 1_610_612_736],
  ["1e3", 1000],
  ["1E3", 1000],
  ["1E", 1_000_000_000_000_000_000],
  ["12e-1", 2],
  ["500m", 1],
  ["1n", 1],
  ["0.0000000001", 1],
  ["0", 0],
  ["+5", 5],
  ["-1", -1],
  ["-0.5", -1],
  [".5k", 500],
  ["1.", 1],
  ["007", 7],
  ["100k", 100_000],
])("%p is %p whole units", (text, units) => {
  const most = Number.MAX_SAFE_INTEGER;
  expect(wholeUnits(parseQuantity(text))).toBe(Math.min(units, most));
});

test.each([
  ["500m", 500],
  ["0.1", 100],
  ["2", 2000],
  ["1u", 1],
  ["-1", -1000],
])("%p is %p thousandths", (text, milli) => {
  expect(thousandths(parseQuantity(text))).toBe(milli);
});

describe("refuses", () => {
  const format =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  test.each([
    "",
    "nonsense",
    "M",
    ".",
    "1.2.3",
    " 1",
    "1 M",
    "1M\n",
    "0x10",
    "--1",
    "9".repeat(65),
  ])("%p by its form", (text) => {
    expect(() => parseQuantity(text)).toThrow(new Error(format));
  });
  test.each(["1K", "1mi", "1e", "1MM", "1ki", "1e99", "1M5"])("%p by its suffix", (text) => {
    expect(() => parseQuantity(text)).toThrow(new Error("unable to parse quantity's suffix"));
  });
});

test.each([
  ["64M", "64M"],
  ["1000M", "1G"],
  ["1024Mi", "1Gi"],
  ["1000Mi", "1000Mi"],
  ["0.5", "500m"],
  ["0.5Gi", "512Mi"],
  ["512", "512"],
  ["1000", "1k"],
  ["100Ki", "100Ki"],
  ["1e3", "1e3"],
  ["1.5e3", "1500"],
  ["0", "0"],
  ["-1", "-1"],
])("%p prints as %p", (text, printed) => {
  expect(printQuantity(parseQuantity(text))).toBe(printed);
});

test("a printed quantity is the same amount", () => {
  const suffix = constantFrom("", "n", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "e-2");
  assert(
    property(bigInt({ min: -(10n ** 9n), max: 10n ** 9n }), suffix, (digits, end) => {
      const quantity = parseQuantity(`${digits}${end}`);
      expect(parseQuantity(printQuantity(quantity)).nano).toBe(quantity.nano);
    }),
  );
});

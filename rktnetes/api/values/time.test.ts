import { describe, expect, test } from "bun:test";
import fc from "fast-check";

import { canonicalMicroTime, canonicalTime } from "./time.ts";

describe("times", () => {
  const rows: readonly (readonly [text: string, shown: string | undefined, why: string])[] = [
    ["2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z", "a leap day"],
    ["2024-01-01T01:00:00.5+01:00", "2024-01-01T00:00:00Z", "in UTC, to the second"],
    ["2024-01-01T00:00:00-23:59", "2024-01-01T23:59:00Z", "west of Greenwich"],
    ["0001-01-01T00:00:00Z", undefined, "Go's zero time is no time"],
    ["0099-12-31T23:59:59Z", "0099-12-31T23:59:59Z", "two digits are no abbreviation"],
  ];
  test.each(rows)("%p → %p: %s", (text, shown) => {
    expect(canonicalTime(text)).toBe(shown);
  });

  const wrong: readonly (readonly [text: string, words: string])[] = [
    ["yesterday", 'as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'],
    ["2024-1-01T00:00:00Z", 'cannot parse "1-01T00:00:00Z" as "01"'],
    ["2024-01-01 00:00:00Z", 'cannot parse " 00:00:00Z" as "T"'],
    ["2024-01-01T00:00:00", 'cannot parse "" as "Z07:00"'],
    ["2024-01-01T00:00:00Zx", 'parsing time "2024-01-01T00:00:00Zx": extra text: "x"'],
    ["2024-13-01T00:00:00Z", 'parsing time "2024-13-01T00:00:00Z": month out of range'],
    ["2023-02-29T00:00:00Z", 'parsing time "2023-02-29T00:00:00Z": day out of range'],
    ["2024-01-01T24:00:00Z", 'parsing time "2024-01-01T24:00:00Z": hour out of range'],
  ];
  test.each(wrong)("%p is refused: %s", (text, words) => {
    expect(() => canonicalTime(text)).toThrow(words);
  });

  test("every instant of the platform comes back", () => {
    fc.assert(
      fc.property(fc.date({ min: new Date("0002-01-01"), noInvalidDate: true }), (date) => {
        if (date.getUTCFullYear() > 9999) return;
        const text = date.toISOString();
        expect(canonicalTime(text)).toBe(`${text.slice(0, -5)}Z`);
      }),
    );
  });
});

describe("times to the microsecond", () => {
  test("six digits, no fewer and no more", () => {
    expect(canonicalMicroTime("2024-01-01T01:00:00.000001+01:00")).toBe(
      "2024-01-01T00:00:00.000001Z",
    );
    expect(() => canonicalMicroTime("2024-01-01T00:00:00Z")).toThrow(
      'as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
    );
    expect(() => canonicalMicroTime("2024-01-01T00:00:00.5Z")).toThrow('cannot parse ".5Z" as');
  });
});

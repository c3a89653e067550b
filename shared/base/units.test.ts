import { describe, expect, test } from "bun:test";
import { formatAge, formatBytes, formatTime, parseDuration } from "./units.ts";

describe("formatBytes()", () => {
  for (const [bytes, want] of [
    [0, "0B"],
    [9, "9B"],
    [10, "10B"],
    [1023, "1023B"],
    [1024, "1.0KiB"],
    [1536, "1.5KiB"],
    [10 * 1024, "10KiB"],
    [48 * 2 ** 20, "48MiB"],
    [2.5 * 2 ** 30, "2.5GiB"],
  ] as const) {
    test(`${bytes}`, () => expect(formatBytes(bytes)).toBe(want));
  }
});

describe("formatAge()", () => {
  const now = 1_000_000_000_000;
  for (const [seconds, want] of [
    [0, "now"],
    [1, "1 second ago"],
    [59, "59 seconds ago"],
    [60, "1 minute ago"],
    [119, "1 minute ago"],
    [120, "2 minutes ago"],
    [3600, "1 hour ago"],
    [3 * 3600, "3 hours ago"],
    [86_400, "1 day ago"],
    [3 * 86_400, "3 days ago"],
    [-3600, "1 hour from now"],
  ] as const) {
    test(`${seconds} s`, () => expect(formatAge(now - seconds * 1000, now)).toBe(want));
  }
});

describe("formatTime()", () => {
  for (const [ms, want] of [
    [Date.UTC(2026, 0, 2, 3, 4, 5, 678), "2026-01-02 03:04:05.678 +0000 UTC"],
    [Date.UTC(2026, 0, 2, 3, 4, 5, 600), "2026-01-02 03:04:05.6 +0000 UTC"],
    [Date.UTC(2026, 0, 2, 3, 4, 5, 0), "2026-01-02 03:04:05 +0000 UTC"],
  ] as const) {
    test(want, () => expect(formatTime(ms)).toBe(want));
  }
});

describe("parseDuration()", () => {
  for (const [text, want] of [
    ["0", 0],
    ["0s", 0],
    ["30m", 1_800_000],
    ["24h0m0s", 86_400_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1500],
    ["-2m", -120_000],
    ["100ms", 100],
  ] as const) {
    test(text, () => expect(parseDuration(text)).toBe(want));
  }
  for (const text of ["", "soon", "1", "5 m", "1d", "-", "1h-5m"]) {
    test(`refuses ${JSON.stringify(text)} in Go's words`, () => {
      expect(() => parseDuration(text)).toThrow(`time: invalid duration ${JSON.stringify(text)}`);
    });
  }
});

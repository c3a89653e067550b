import { expect, test } from "bun:test";
import fc from "fast-check";

import { canonicalBase64 } from "./base64.ts";

test("what was encoded is canonical, with or without line breaks", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(), (bytes, at) => {
      const text = Buffer.from(bytes).toString("base64");
      const cut = text.length === 0 ? 0 : at % text.length;
      expect(canonicalBase64(text)).toBe(text);
      expect(canonicalBase64(`${text.slice(0, cut)}\r\n${text.slice(cut)}`)).toBe(text);
    }),
  );
});

const wrong: readonly (readonly [text: string, at: number, why: string])[] = [
  ["not base64!", 3, "a space is no digit"],
  ["YWI", 0, "without padding, counted from the unfinished group"],
  ["YWJjYW", 4, "without padding, counted from the unfinished group"],
  ["Y===", 1, "padding after one digit"],
  ["YWI=x", 4, "something after the padding"],
  ["YQ=", 3, "half of the padding"],
];
test.each(wrong)("%p is wrong at byte %d: %s", (text, at) => {
  expect(() => canonicalBase64(text)).toThrow(`illegal base64 data at input byte ${at}`);
});

test("stray bits at the end are dropped", () => {
  expect(canonicalBase64("YR==")).toBe("YQ==");
});

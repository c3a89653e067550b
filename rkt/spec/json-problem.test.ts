/** The place of the first problem, and that there is one exactly where the runtime finds one. */
import { expect, test } from "bun:test";
import { assert, constantFrom, array, jsonValue, property } from "fast-check";
import { parseImageManifest } from "./image-manifest.ts";
import { findJsonProblem } from "./json-problem.ts";

test.each<[string, number, number, string]>([
  ['{"acKind":"ImageManifest",', 1, 27, "unexpected end of JSON input"],
  ["", 1, 1, "unexpected end of JSON input"],
  ['{\n  "a": 1,\n}', 3, 1, "invalid character '}' looking for beginning of object key string"],
  ['{"a" 1}', 1, 6, "invalid character '1' after object key"],
  ['{"a":1 "b":2}', 1, 8, "invalid character '\"' after object key:value pair"],
  ["[1 2]", 1, 4, "invalid character '2' after array element"],
  ["[1,]", 1, 4, "invalid character ']' looking for beginning of value"],
  ["{} x", 1, 4, "invalid character 'x' after top-level value"],
  ["{'a':1}", 1, 2, 'invalid character "\'" looking for beginning of object key string'],
  ['["a\nb"]', 1, 2, "invalid or unfinished string"],
  ['{"é😀":x}', 1, 7, "invalid character 'x' looking for beginning of value"],
  ['{"\u007f\\u00e9\\n":x}', 1, 14, "invalid character 'x' looking for beginning of value"],
  ["[1}", 1, 3, "invalid character '}' after array element"],
  ["[01]", 1, 3, "invalid character '1' after array element"],
])("%j", (text, line, column, problem) => {
  expect(findJsonProblem(text)).toEqual({ line, column, problem });
});

test("finds none in any JSON", () => {
  assert(
    property(jsonValue(), (value) => {
      expect(findJsonProblem(JSON.stringify(value, null, 1))).toBeUndefined();
    }),
  );
});

test("finds one in a text exactly where the runtime's parser does", () => {
  const token = constantFrom("{", "}", "[", "]", ":", ",", '"a"', "1", "-", "true", " ", '"', "\\");
  assert(
    property(array(token, { maxLength: 8 }), (tokens) => {
      const text = tokens.join("");
      expect(findJsonProblem(text) === undefined).toBe(isJson(text));
    }),
    { numRuns: 3000 },
  );
});

test("deep nesting and long strings are no trouble", () => {
  expect(findJsonProblem(`["${"x".repeat(1_000_000)}" 1]`)?.column).toBe(1_000_005);
  expect(findJsonProblem("[".repeat(200_000))?.column).toBe(200_001);
});

test("a manifest that is no JSON says where", () => {
  expect(() => parseImageManifest('{\n"acKind" "x"}')).toThrow(
    new Error("parse image manifest: line 2, column 10: invalid character '\"' after object key"),
  );
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

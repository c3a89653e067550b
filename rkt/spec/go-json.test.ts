/** Our JSON against what Go's encoder is known to print. */
import { expect, test } from "bun:test";
import { assert, jsonValue, property } from "fast-check";
import { printGoJson, sortedMap } from "./go-json.ts";

test.each([
  ["<a> & b", '"\\u003ca\\u003e \\u0026 b"', "safe inside HTML"],
  ["\u2028\u2029", '"\\u2028\\u2029"', "safe inside JavaScript"],
  ["\b\f\n\r\t", '"\\u0008\\u000c\\n\\r\\t"', "Go has no short form of the first two"],
  ["\\b", '"\\\\b"', "a backslash and a letter are no escape"],
  ["\\\\f\f", '"\\\\\\\\f\\u000c"', "pairs of backslashes are counted"],
  ["\u0001\u007f", '"\\u0001\u007f"', "delete stays as it is"],
  ["\ud800x", '"\ufffdx"', "an unpaired surrogate is no character"],
  ["é€😀", '"é€😀"', "the rest stays"],
])("prints %j", (text, json, _reason) => {
  expect(printGoJson(text, { pretty: false })).toBe(json);
});

test("indents by tabs and keeps empty lists and objects on their line", () => {
  const value = { a: [], b: {}, c: [1, { d: null }] };
  const lines = ["{", '\t"a": [],', '\t"b": {},', '\t"c": [', "\t\t1,", "\t\t{"];
  lines.push('\t\t\t"d": null', "\t\t}", "\t]", "}");
  expect(printGoJson(value, { pretty: true })).toBe(lines.join("\n"));
});

test("means the same as JSON.stringify's text", () => {
  assert(
    property(jsonValue({ noUnicodeString: false }), (value) => {
      const plain = JSON.parse(JSON.stringify(value));
      expect(JSON.parse(printGoJson(plain, { pretty: true }))).toEqual(plain);
    }),
  );
});

test("sorts maps by bytes, not by UTF-16 units", () => {
  const map = { "\ud83d\ude00": "b", "\uffee": "a", Z: "1", a: "2" };
  expect(Object.keys(sortedMap(map) ?? {})).toEqual(["Z", "a", "\uffee", "\ud83d\ude00"]);
  expect(sortedMap({})).toBeUndefined();
  expect(sortedMap(undefined)).toBeUndefined();
});

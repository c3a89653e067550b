import { describe, expect, test } from "bun:test";
import fc from "fast-check";

import { parseJson, stringifyJson } from "./json.ts";
import { countMembers, parseExactJson, refuseCrowd } from "./json-text.ts";

describe("what is no JSON is said in Go's words", () => {
  const rows: readonly (readonly [text: string, words: string])[] = [
    ["", "unexpected end of JSON input"],
    ["[1,", "unexpected end of JSON input"],
    ["[1 2]", "invalid character '2' after array element"],
    ["[1}", "invalid character '}' after array element"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 2}', "invalid character '2' after object key:value pair"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ["01", "invalid character '1' after top-level value"],
    ["-x", "invalid character 'x' in numeric literal"],
    ["1.x", "invalid character 'x' after decimal point in numeric literal"],
    ["1ex", "invalid character 'x' in exponent of numeric literal"],
    ["trux", "invalid character 'x' in literal true (expecting 'e')"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u00g0"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['"\n"', "invalid character '\\n' in string literal"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
  ];
  test.each(rows)("%j: %s", (text, words) => {
    expect(() => parseExactJson(text)).toThrow(words);
    expect(() => parseJson(text)).toThrow(words);
  });
});

describe("for all JSON", () => {
  const json = fc.json({ maxDepth: 5 });

  test("the exact parser takes what JSON.parse takes, and nothing else", () => {
    const spoilt = fc.tuple(json, fc.nat(), fc.constantFrom("", "}", ",", '"', "\\", "e"));
    const texts = fc.oneof(
      json,
      spoilt.map(([text, at, put]) => put + text.slice(at % (text.length + 1))),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const takes = (parse: (text: string) => unknown): boolean => {
          try {
            parse(text);
            return true;
          } catch {
            return false;
          }
        };
        expect(takes(parseExactJson)).toBe(takes(JSON.parse));
      }),
    );
  });

  test("members are counted as they stand", () => {
    const count = (value: unknown): number =>
      typeof value !== "object" || value === null
        ? 0
        : Object.values(value).reduce<number>(
            (sum, one) => sum + count(one) + (Array.isArray(value) ? 0 : 1),
            0,
          );
    fc.assert(
      fc.property(json, (text) => {
        const members = countMembers(text);
        if (members !== undefined) expect(members).toBe(count(JSON.parse(text)));
      }),
    );
  });
});

test("integers stay exact, there and back", () => {
  const text = '{"a":9223372036854775807,"b":[12345678901234567890],"c":"x<\\u2028>"}';
  expect(stringifyJson(parseJson(text))).toBe(
    '{"a":9223372036854775807,"b":[12345678901234567890],"c":"x\\u003c\\u2028\\u003e"}',
  );
});

describe("texts that JSON.parse would lose something of", () => {
  test.each(["[1.0]", "[1e3]", "[1E3]", "[1234567890123456]", '["\\ud800"]', '{"a'])(
    "%j",
    (text) => {
      expect(countMembers(text)).toBeUndefined();
    },
  );
  test("words are none of them", () => {
    expect(countMembers('{"a":[true,false,null,"1.0e5",-12]}')).toBe(1);
  });
});

describe("texts of strangers", () => {
  const list = (item: string, count: number): string => `[${Array(count).fill(item).join(",")}]`;

  test.each([
    ['{"a":1}', 49_999],
    ["[]", 99_999],
    ['"a:b{[\\\""', 200_000],
    ["1", 200_000],
  ])("may have %s %d times", (item, count) => {
    expect(() => refuseCrowd(list(item, count))).not.toThrow();
  });

  test.each([
    ['{"a":1,"b":2}', 50_001, "members"],
    ["[]", 100_000, "objects and lists"],
    ["{}", 100_000, "objects and lists"],
  ])("may not have %s %d times", (item, count, what) => {
    const words = `Request entity too large: limit is 100000 ${what}`;
    expect(() => refuseCrowd(list(item, count))).toThrow(words);
  });

  test("may nest so deep that every walk through them has stack, not deeper", () => {
    const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    expect(() => refuseCrowd(nested(1000))).not.toThrow();
    expect(() => refuseCrowd(nested(1001))).toThrow("limit is 1000 levels");
    expect(() => refuseCrowd(nested(10_001))).not.toThrow();
    expect(() => parseExactJson(nested(10_001))).toThrow("exceeded max depth");
    expect(() => refuseCrowd(`[${"[],".repeat(2000)}"${"[".repeat(2000)}"]`)).not.toThrow();
  });

  test("are counted up to a string without an end", () => {
    expect(() => refuseCrowd(`${list("[]", 100_000)}"`)).toThrow("objects and lists");
    expect(() => refuseCrowd(`"${list("[]", 100_000)}`)).not.toThrow();
  });
});

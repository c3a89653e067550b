/**
 * What rules cost, by the schema that they stand in. The numbers are those that Kubernetes counts:
 * a definition that is taken there has to be taken here.
 */
import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../schema/schema.ts";
import { structuralOf } from "../structural/structural.ts";
import { compile } from "./compile.ts";
import { estimateCost } from "./cost.ts";
import { celType } from "./schema-types.ts";

function costOf(schema: JsonObject, rule: string): number | string {
  const self = celType(structuralOf(schema), false);
  const types = new Map([
    ["self", self],
    ["oldSelf", self],
  ]);
  const compilation = compile(rule, types);
  return compilation.ok ? estimateCost(compilation.compiled.expr, types) : compilation.error;
}

type Making = (max: number | undefined) => JsonObject;

function limited(name: string, max: number | undefined): JsonObject {
  return max === undefined ? {} : { [name]: max };
}

function value(type: string): JsonObject {
  if (type === "int-or-string") return { "x-kubernetes-int-or-string": true };
  const isFormat = ["date", "date-time", "duration"].includes(type);
  return isFormat ? { type: "string", format: type } : { type };
}

const text: Making = (max) => ({ type: "string", ...limited("maxLength", max) });
const bytes: Making = (max) => ({ ...text(max), format: "byte" });
const DOOR: JsonObject = {
  type: "object",
  required: ["required"],
  properties: { required: { type: "string" }, optional: { type: "string" } },
};

function listOf(items: JsonObject): Making {
  return (max) => ({ type: "array", items, ...limited("maxItems", max) });
}

function mapOf(additionalProperties: JsonObject): Making {
  return (max) => ({ type: "object", additionalProperties, ...limited("maxProperties", max) });
}

const numbers = listOf(value("number"));
const numberMap = mapOf(value("number"));
const texts: Making = (max) => listOf(text(max))(max);
const strings: Making = (max) => ({
  type: "object",
  properties: {
    str: text(max),
    separator: text(max),
    before: text(2),
    after: text(4),
  },
});

type Row = readonly [Making, string, number | undefined, number, number];

/** Schema, rule, cost without limits (undefined: too much), a limit, cost with it. */
const ROWS: readonly Row[] = [
  [numbers, "self.all(x, true)", 4718591, 10, 32],
  [listOf(value("string")), "self.all(x, true)", 3145727, 20, 62],
  [listOf(value("boolean")), "self.all(x, true)", 1887437, 5, 17],
  [listOf(numbers(undefined)), "self.all(x, true)", 3145727, 100, 302],
  [numberMap, "self.all(x, true)", 1348169, 10, 32],
  [mapOf(value("string")), "self.all(x, true)", 1179647, 3, 11],
  [mapOf(value("boolean")), "self.all(x, true)", 943718, 100, 302],
  [text, "self.contains('test')", 314574, 10, 5],
  [text, "self.startsWith('test')", 2, 15, 2],
  [text, "self.endsWith('test')", 2, 30, 2],
  [text, 'size(self + "hello") > size("hello")', 314578, 4, 7],
  [numbers, "self[1] == 0.0", 2, 5000, 2],
  [listOf(value("string")), "self[1] == self[1]", 314577, 8, 314577],
  [numbers, "self.all(x, self.all(y, true))", undefined, 10, 352],
  [numbers, "self.all(x, self.all(y, self.all(z, true)))", undefined, 10, 3552],
  [text, 'self.matches("x")', 314574, 50, 22],
  [text, '"".matches("(((((((((())))))))))[0-9]")', 7, 10, 7],
  [text, 'self.matches("")', 1, 100, 1],
  [numbers, "self[3] == 0.0", 2, 0, 2],
  [numberMap, 'self["x"] == 0.0', 2, 0, 2],
  [text, 'self == "x"', 2, 0, 1],
  [bytes, 'self == b"x"', 2, 0, 1],
  [numbers, "self.all(x, x == 0.0)", 6291454, 6291456, 25165826],
  [listOf(value("int-or-string")), "self.all(x, true)", 4718591, 10, 32],
  [listOf(value("int-or-string")), "self[0] == 5", 3, 10, 3],
  [listOf(value("boolean")), "self[0] == false", 2, 25, 2],
  [listOf(DOOR), "self[0] == null", 2, 422, 2],
  [listOf(numbers(undefined)), "self[0][0] == -1.0", 3, 51, 3],
  [listOf(numberMap(undefined)), "self.all(x, x.y == 25.2)", 6291452, 12, 74],
  [listOf(numberMap(undefined)), "self[0].x > 2.0", 4, 3000, 4],
  [listOf(value("duration")), "self.all(x, true)", 2359295, 5, 17],
  [listOf(value("duration")), "self[0].getHours() == 2", 4, 525, 4],
  [listOf(value("date")), "self.all(x, true)", 725936, 15, 47],
  [listOf(value("date")), "self[2].getDayOfMonth() == 13", 4, 42, 4],
  [listOf(value("date-time")), "self.all(x, true)", 428963, 25, 77],
  [listOf(value("date-time")), "self[2].getMinutes() == 45", 4, 99, 4],
  [mapOf(value("int-or-string")), "self.all(x, true)", 1348169, 15, 47],
  [mapOf(DOOR), "self.all(x, true)", 428963, 20, 62],
  [mapOf(numberMap(undefined)), "self.all(x, true)", 1179647, 10, 32],
  [mapOf(numbers(undefined)), "self.all(x, true)", 1179647, 25, 77],
  [mapOf(value("duration")), "self.all(x, true)", 1048577, 5, 17],
  [mapOf(value("date")), "self.all(x, true)", 524288, 10, 32],
  [mapOf(value("date-time")), "self.all(x, true)", 349526, 25, 77],
  [text, "self.find('[0-9]+') == ''", 629147, 10, 11],
  [texts, "self.join(' ') == 'aa bb'", 329853068905, 10, 43],
  [texts, "self.isSorted() == true", 329854432052, 10, 52],
  [strings, "self.str.replace(self.before, self.after) == 'does not matter'", 629154, 4, 12],
  [strings, "self.str.split(self.separator) == []", 629160, 10, 22],
  [text, "self.lowerAscii() == 'lower!'", 314575, 10, 6],
  [mapOf(value("integer")), "oldSelf.size() == self.size()", 5, 10, 5],
  [mapOf(value("date-time")), 'self["a"] == self["b"]', 8, 7, 8],
  [mapOf(value("duration")), 'self["c"] == self["d"]', 8, 42, 8],
];

const TOO_MUCH = 10_000_000;

describe("a rule costs what it does elsewhere", () => {
  for (const [make, rule, without, max, limit] of ROWS) {
    const name = JSON.stringify(make(undefined)).slice(0, 80);
    test(`${rule} in ${name}`, () => {
      const endless = costOf(make(undefined), rule);
      if (without === undefined) expect(endless).toBeGreaterThan(TOO_MUCH);
      else expect(endless).toBe(without);
      expect(costOf(make(max), rule)).toBe(limit);
    });
  }

  test("an enumeration bounds its texts", () => {
    const choices = { type: "string", enum: ["A", "B", "C", "LongValue"] };
    expect(costOf(choices, "self.contains('A')")).toBe(2);
    expect(costOf({ ...choices, maxLength: 1000 }, "self.contains('A')")).toBe(401);
  });

  test("items below items cost as often as there can be any", () => {
    const nested = (max: number | undefined): JsonObject => listOf(mapOf(DOOR)(max))(max);
    const rule = 'self.all(x, x["y"].required == "z")';
    expect(costOf(nested(undefined), rule)).toBe(7340027);
    expect(costOf(nested(10), rule)).toBe(72);
  });
});

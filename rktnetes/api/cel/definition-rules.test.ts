/** Rules of a schema about objects: what is judged when, and what it may cost. */
import { describe, expect, test } from "bun:test";
import type { Json, JsonObject } from "../schema/schema.ts";
import { structuralOf } from "../structural/structural.ts";
import { type RuleVerdict, schemaRules } from "./definition-rules.ts";

function verdict(schema: JsonObject, object: Json, old?: Json): RuleVerdict {
  return schemaRules(structuralOf(schema))?.(object, old) ?? { errors: [], warnings: [] };
}

function judge(schema: JsonObject, object: Json, old?: Json): readonly string[] {
  const { errors } = verdict(schema, object, old);
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

function rule(text: string, more: JsonObject = {}): JsonObject {
  return { "x-kubernetes-validations": [{ rule: text, ...more }] };
}

function withA(schema: JsonObject): JsonObject {
  return { type: "object", properties: { a: schema } };
}

const SMALL = withA({ type: "integer", ...rule("self < 5") });

describe("a rule", () => {
  test("is named by its text, its message or what its expression makes", () => {
    expect(judge(SMALL, { a: 7 })).toEqual(["a: Invalid value: 7: failed rule: self < 5"]);
    const told = withA({ type: "integer", ...rule("self < 5", { message: "too big" }) });
    expect(judge(told, { a: 7 })).toEqual(["a: Invalid value: 7: too big"]);
    const made = { messageExpression: "'%d is too big'.format([self])", message: "no" };
    const schema = withA({ type: "integer", ...rule("self < 5", made) });
    expect(judge(schema, { a: 7 })).toEqual(["a: Invalid value: 7: 7 is too big"]);
  });
  test("may point at a field and give a reason", () => {
    const more = { fieldPath: ".a", reason: "FieldValueForbidden", message: "not both" };
    const schema = {
      type: "object",
      properties: { a: { type: "integer" }, b: { type: "integer" } },
      ...rule("!(has(self.a) && has(self.b))", more),
    };
    expect(judge(schema, { a: 1, b: 2 })).toEqual(["a: Forbidden: not both"]);
  });
  test("only warns of what was so before", () => {
    expect(judge(SMALL, { a: 7 }, { a: 7 })).toEqual([]);
    expect(verdict(SMALL, { a: 7 }, { a: 7 }).warnings).toHaveLength(1);
    expect(verdict(SMALL, { a: 4 }, { a: 4 }).warnings).toEqual([]);
    expect(judge(SMALL, { a: 8 }, { a: 7 })).toHaveLength(1);
    const list = withA({ type: "array", items: { type: "integer", ...rule("self < 5") } });
    expect(judge(list, { a: [7] }, { a: [7] })).toEqual([]);
    expect(judge(list, { a: [7, 1] }, { a: [7] })).toHaveLength(1);
  });
  test("that cannot be told is an error all the same", () => {
    const schema = {
      type: "object",
      properties: { a: { type: "integer" } },
      ...rule("self.a > 0"),
    };
    const words = "no such key: a evaluating rule: self.a > 0";
    expect(judge(schema, {}, {})).toEqual([`<nil>: Invalid value: "object": ${words}`]);
  });
  test("about changes needs something that changes", () => {
    const fixed = withA({ type: "integer", ...rule("self == oldSelf") });
    expect(judge(fixed, { a: 7 })).toEqual([]);
    expect(judge(fixed, { a: 7 }, {})).toEqual([]);
    expect(judge(fixed, { a: 7 }, { a: 6 })).toHaveLength(1);
    const first = withA({
      type: "integer",
      ...rule("oldSelf.hasValue() || self == 1", { optionalOldSelf: true }),
    });
    expect(judge(first, { a: 7 })).toHaveLength(1);
    expect(judge(first, { a: 1 })).toEqual([]);
    expect(judge(first, { a: 7 }, { a: 6 })).toEqual([]);
  });
});

describe("what a rule may cost", () => {
  const items = Array.from({ length: 500 }, (_, at) => at);
  const square = "self.all(x, self.all(y, x + y >= 0))";
  const list: JsonObject = { type: "array", items: { type: "integer" } };

  test("by itself is limited, and ends the judgement", () => {
    const rules = [{ rule: square }, { rule: "false" }];
    const schema = withA({ ...list, "x-kubernetes-validations": rules });
    expect(judge(schema, { a: items })).toEqual([
      `a: Invalid value: "array": 'operation cancelled: actual cost limit exceeded': ` +
        "no further validation rules will be run due to call cost exceeds limit for rule: " +
        square,
    ]);
    expect(judge(schema, { a: [1] })).toHaveLength(1);
  });
  test("together with others is limited too", () => {
    const names = Array.from({ length: 30 }, (_, at) => `a${at}`);
    const properties = Object.fromEntries(
      names.map((name) => [name, { ...list, ...rule(square) }]),
    );
    const some = items.slice(0, 300);
    const object = Object.fromEntries(names.map((name) => [name, some]));
    const errors = judge({ type: "object", properties }, object);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain("validation failed due to running out of cost budget");
  });
});

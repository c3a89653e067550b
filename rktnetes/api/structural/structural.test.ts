import { describe, expect, test } from "bun:test";
import { schemaRules } from "../cel/definition-rules.ts";
import { ruleErrors } from "../cel/check-rules.ts";
import { decodeJson } from "../codec/decode.ts";
import { encodeJson } from "../codec/encode.ts";
import { parseJsonPath } from "../print/json-path.ts";
import type { Json, JsonObject } from "../schema/schema.ts";
import { describeFieldErrors } from "../validate/field-error.ts";
import { listTypeErrors } from "./list-types.ts";
import { structuralOf } from "./structural.ts";
import { customObjectSchema } from "./type-schema.ts";
import { valueErrors } from "./validate-value.ts";

const SCHEMA: JsonObject = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      required: ["s"],
      properties: {
        s: { type: "string", maxLength: 5 },
        n: { type: "integer", default: 7, minimum: 1 },
        nul: { type: "string", nullable: true },
        open: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        list: {
          type: "array",
          "x-kubernetes-list-type": "map",
          "x-kubernetes-list-map-keys": ["k"],
          items: {
            type: "object",
            required: ["k"],
            properties: { k: { type: "string" }, v: { type: "integer", default: 1 } },
          },
        },
      },
      "x-kubernetes-validations": [
        { rule: "self.n < 10", message: "n is too large", fieldPath: ".n" },
        { rule: "!has(oldSelf.s) || self.s == oldSelf.s", message: "s never changes" },
      ],
    },
  },
};

const STRUCTURAL = structuralOf(SCHEMA);
const KIND = customObjectSchema(STRUCTURAL);

const HEAD = `{"apiVersion":"a.b/v1","kind":"K","metadata":{"name":"x"},`;

function decode(spec: Json): { readonly object: JsonObject; readonly problems: readonly string[] } {
  const object = { apiVersion: "a.b/v1", kind: "K", metadata: { name: "x" }, spec };
  return decodeJson(KIND, JSON.stringify(object));
}

describe("reading", () => {
  test("unknown fields go, defaults come, nulls stay only where they may", () => {
    const { object, problems } = decode({ s: null, nul: null, x: 1, list: [{ k: "a", y: 1 }] });
    expect(object["spec"]).toEqual({ nul: null, n: 7, list: [{ k: "a", v: 1 }] });
    expect(problems).toEqual(['unknown field "spec.list[0].y"', 'unknown field "spec.x"']);
  });
  test("what is kept though unknown is kept as it is, numbers too", () => {
    const text = `${HEAD}"spec":{"open":{"big":9223372036854775807,"e":[],"z":0}}}`;
    const { object } = decodeJson(KIND, text);
    expect(encodeJson(KIND, object)).toContain('"open":{"big":9223372036854775807,"e":[],"z":0}');
  });
  test("members that are there twice are told", () => {
    const text = `${HEAD}"spec":{"s":"a","s":"b"}}`;
    expect(decodeJson(KIND, text).problems).toEqual(['duplicate field "spec.s"']);
  });
  test("names from outside harm nothing", () => {
    const text = `${HEAD}"spec":{"open":{"__proto__":{"polluted":1},"constructor":2}}}`;
    const { object } = decodeJson(KIND, text);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(encodeJson(KIND, object)).toContain('"constructor":2');
  });
});

describe("judging", () => {
  const errorsOf = (spec: Json, old?: Json): string =>
    describeFieldErrors(
      valueErrors({ spec }, STRUCTURAL, "", old === undefined ? undefined : { spec: old }),
    );
  test("missing, wrong and too long", () => {
    expect(errorsOf({ n: "x" })).toBe(
      '[spec.n: Invalid value: "string": spec.n in body must be of type integer: "string", ' +
        "spec.s: Required value]",
    );
    expect(errorsOf({ s: "abcdef" })).toBe("spec.s: Too long: may not be more than 5 bytes");
  });
  test("what was wrong before and did not change is left alone", () => {
    expect(errorsOf({ s: "abcdef", n: 1 }, { s: "abcdef", n: 2 })).toBe("[]");
    expect(errorsOf({ s: "abcdefg", n: 1 }, { s: "abcdef", n: 2 })).not.toBe("[]");
  });
  test("keys of a list that is a map are there once", () => {
    const value = { spec: { list: [{ k: "a" }, { k: "a" }] } };
    expect(describeFieldErrors(listTypeErrors(value, STRUCTURAL, ""))).toBe(
      'spec.list[1]: Duplicate value: {"k":"a"}',
    );
  });
});

describe("rules", () => {
  const rules = schemaRules(STRUCTURAL);
  test("name the field that they are about", () => {
    const found = rules?.({ spec: { s: "a", n: 12 } }, undefined);
    expect(describeFieldErrors(found?.errors ?? [])).toBe(
      'spec.n: Invalid value: "object": n is too large',
    );
  });
  test("about changes hold only where there was something", () => {
    expect(rules?.({ spec: { s: "a", n: 1 } }, undefined).errors).toEqual([]);
    const found = rules?.({ spec: { s: "b", n: 1 } }, { spec: { s: "a", n: 1 } });
    expect(describeFieldErrors(found?.errors ?? [])).toBe(
      'spec: Invalid value: "object": s never changes',
    );
  });
  test("that do not compile or cost too much are refused with the definition", () => {
    const wrong = { ...SCHEMA, "x-kubernetes-validations": [{ rule: "self.nope" }] };
    expect(describeFieldErrors(ruleErrors(wrong, "p"))).toContain("undefined field 'nope'");
    const items = { type: "array", items: { type: "string" } };
    const rule = "self.all(a, self.all(b, a == b))";
    const costly = {
      type: "object",
      properties: { l: { ...items, "x-kubernetes-validations": [{ rule }] } },
    };
    expect(describeFieldErrors(ruleErrors(costly, "p"))).toContain("exceeds budget by factor of");
    const bounded = {
      type: "object",
      properties: {
        l: {
          type: "array",
          maxItems: 10,
          items: { type: "string", maxLength: 10 },
          "x-kubernetes-validations": [{ rule }],
        },
      },
    };
    expect(ruleErrors(bounded, "p")).toEqual([]);
  });
});

describe("JSONPath", () => {
  const object: Json = {
    metadata: { labels: { "a.b/c": "x" } },
    status: {
      conditions: [
        { type: "A", status: "False" },
        { type: "Ready", status: "True" },
      ],
    },
    list: [1, 2, 3],
  };
  const rows: readonly (readonly [string, readonly Json[]])[] = [
    [".list[0]", [1]],
    [".list[-1]", [3]],
    [".list[1:]", [2, 3]],
    [".list[*]", [1, 2, 3]],
    [".metadata.labels.a\\.b/c", ["x"]],
    [".metadata.labels['a.b/c']", ["x"]],
    ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
    ["..type", ["A", "Ready"]],
    [".nope.more", []],
  ];
  for (const [path, found] of rows) {
    test(path, () => expect(parseJsonPath(path)(object)).toEqual([...found]));
  }
});

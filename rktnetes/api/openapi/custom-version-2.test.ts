import { expect, test } from "bun:test";
import type { JsonObject } from "../schema/schema.ts";
import { asVersion2, keepsUnknownFields } from "./custom-version-2.ts";

const PRESERVE = "x-kubernetes-preserve-unknown-fields";
const TEXT: JsonObject = { type: "string" };

const FORMS: readonly (readonly [why: string, before: JsonObject, after: JsonObject])[] = [
  [
    "alternatives",
    { type: "object", anyOf: [TEXT], oneOf: [], allOf: [], not: {} },
    { type: "object" },
  ],
  ["what may be null has no type", { type: "object", nullable: true, properties: { a: TEXT } }, {}],
  [
    "unknown fields are kept: no fields are named",
    { type: "object", [PRESERVE]: true, description: "d", properties: { a: TEXT } },
    { [PRESERVE]: true, description: "d" },
  ],
  ["a list of anything", { type: "array", [PRESERVE]: true, items: TEXT }, { [PRESERVE]: true }],
  [
    "what may be null need not be there",
    {
      type: "object",
      required: ["a", "b"],
      properties: { a: { ...TEXT, nullable: true }, b: TEXT },
    },
    { type: "object", required: ["b"], properties: { a: {}, b: TEXT } },
  ],
  [
    "values of a map that may be null",
    { type: "object", required: ["a"], additionalProperties: { ...TEXT, nullable: true } },
    { type: "object", additionalProperties: {} },
  ],
  [
    "below lists and maps",
    { type: "array", items: { type: "object", additionalProperties: { not: {}, ...TEXT } } },
    { type: "array", items: { type: "object", additionalProperties: TEXT } },
  ],
];

for (const [why, before, after] of FORMS) {
  test(why, () => {
    expect(asVersion2(before)).toEqual(after);
  });
}

test("a kind keeps unknown fields only where it says so at the top", () => {
  expect(keepsUnknownFields({ type: "object", [PRESERVE]: true })).toBe(true);
  expect(keepsUnknownFields({ type: "object", properties: { a: { [PRESERVE]: true } } })).toBe(
    false,
  );
});

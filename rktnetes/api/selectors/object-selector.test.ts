import { expect, test } from "bun:test";
import type { JsonObject } from "../schema/schema.ts";
import { selectsLabels } from "./object-selector.ts";

const LABELS: JsonObject = { app: "web", empty: "" };

const ROWS: readonly (readonly [selector: JsonObject | undefined, takes: boolean, why: string])[] =
  [
    [undefined, false, "no selector takes nothing"],
    [{}, true, "an empty selector takes everything"],
    [{ matchLabels: { app: "web" } }, true, "equal"],
    [{ matchLabels: { app: "web", none: "" } }, false, "what is not there is not empty"],
    [{ matchLabels: { empty: "" } }, true, "an empty value"],
    [{ matchLabels: { constructor: "x" } }, false, "names of prototypes are no labels"],
    [expression("toString", "DoesNotExist"), true, "names of prototypes are not there"],
    [expression("toString", "Exists"), false, "names of prototypes are not there"],
    [expression("app", "In", "db", "web"), true, "one of several"],
    [expression("none", "NotIn", "x"), true, "what is not there is none of them"],
  ];

function expression(key: string, operator: string, ...values: string[]): JsonObject {
  return { matchExpressions: [{ key, operator, values }] };
}

for (const [selector, takes, why] of ROWS) {
  test(`${JSON.stringify(selector)}: ${why}`, () => {
    expect(selectsLabels(selector, LABELS)).toBe(takes);
  });
}

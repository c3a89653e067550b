/** The comparison of before and after: what it must not overlook. */
import { expect, test } from "bun:test";
import { inventoryDifference } from "./inventory.ts";

const CASES: readonly (readonly [string, string[], string[], string[]])[] = [
  ["the same in another order", ["a", "b"], ["b", "a"], []],
  ["a new thing", ["a"], ["a", "b"], ["+ b"]],
  ["a thing that is gone", ["a", "b"], ["a"], ["- b"]],
  ["a second one of the same name", ["a"], ["a", "a"], ["+ a"]],
  ["one of two of the same name is gone", ["a", "a"], ["a"], ["- a"]],
];

for (const [reason, before, after, difference] of CASES) {
  test(reason, () => expect(inventoryDifference(before, after)).toEqual(difference));
}

import { expect, test } from "bun:test";
import { lowestFree } from "./user-range.ts";

const FIRST = 1_048_576;

test.each([
  ["nothing is taken", [], FIRST],
  ["the first is", [{ shift: FIRST, count: 65_536 }], FIRST + 65_536],
  ["a range ends inside of the first", [{ shift: 0, count: FIRST + 1 }], FIRST + 65_536],
  ["a range ends just before it", [{ shift: FIRST - 65_536, count: 65_536 }], FIRST],
  ["one of the middle is free", [{ shift: FIRST + 65_536, count: 65_536 }], FIRST],
])("the lowest free range of ids where %s", (_, taken, shift) => {
  expect(lowestFree(taken)).toEqual({ shift, count: 65_536 });
});

test("no range is free where all ids are taken", () => {
  expect(() => lowestFree([{ shift: 0, count: 2 ** 32 }])).toThrow("all ranges are taken");
});

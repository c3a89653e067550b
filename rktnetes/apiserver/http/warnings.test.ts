import { expect, test } from "bun:test";
import { Warnings } from "./warnings.ts";

function told(...texts: readonly string[]): readonly string[] {
  const warnings = new Warnings();
  for (const text of texts) warnings.add(text);
  return warnings.texts;
}

test("each warning is told once, in order, an empty one never", () => {
  expect(told("b", "a", "", "b")).toEqual(["b", "a"]);
});

test("a few long ones are told whole", () => {
  expect(told("x".repeat(2000), "y".repeat(2000))).toEqual(["x".repeat(2000), "y".repeat(2000)]);
});

test("many are shortened, what came before too, and end", () => {
  const texts = Array.from({ length: 100 }, (_, at) => `${at}${"é".repeat(1000)}`);
  const all = told(...texts);
  expect(all.length).toBe(16);
  expect(all[0]).toBe(`0${"é".repeat(255)}`);
  expect([...all.join("")].length).toBe(4096);
});

test("ten thousand short ones end too", () => {
  const all = told(...Array.from({ length: 10_000 }, (_, at) => `warning ${at}`));
  expect(all.join("").length).toBeLessThanOrEqual(4096);
  expect(all[0]).toBe("warning 0");
});

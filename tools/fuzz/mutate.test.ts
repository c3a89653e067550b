/** The inputs of the fuzzer: always bytes, never without end, and not always the same. */
import { expect, test } from "bun:test";
import { mutate } from "./mutate.ts";

function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * limit);
  };
}

test("the same numbers give the same bytes, others give others", () => {
  const known = [Buffer.from("some input"), Buffer.from("another one")];
  const made = (seed: number): string => Buffer.from(mutate(known, numbers(seed))).toString("hex");
  expect(made(1)).toBe(made(1));
  const different = new Set(Array.from({ length: 200 }, (_, seed) => made(seed)));
  expect(different.size).toBeGreaterThan(100);
});

test("inputs stay small, whatever they are made of", () => {
  const known = [Buffer.alloc(90_000), Buffer.alloc(0)];
  for (let seed = 0; seed < 200; seed++) {
    expect(mutate(known, numbers(seed)).length).toBeLessThanOrEqual(100_000);
  }
});

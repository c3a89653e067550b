import { expect, test } from "bun:test";
import { mayRestart, nextWaitMs } from "./back-off.ts";

test("waits double up to a minute", () => {
  const waits: number[] = [];
  for (let i = 0; i < 12; i++) waits.push(nextWaitMs(waits.at(-1), 5));
  expect(waits).toEqual([
    100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000,
  ]);
});

test("an app that ran for ten seconds begins anew", () => {
  expect(nextWaitMs(51_200, 9_999)).toBe(60_000);
  expect(nextWaitMs(51_200, 10_000)).toBe(100);
});

test.each([
  [{ when: "no" }, 1, 0, false],
  [{ when: "no" }, 0, 0, false],
  [{ when: "always" }, 0, 1_000_000, true],
  [{ when: "always" }, 7, 0, true],
  [{ when: "on-failure" }, 0, 0, false],
  [{ when: "on-failure" }, 1, 1_000_000, true],
  [{ when: "on-failure", timesMax: 2 }, 1, 1, true],
  [{ when: "on-failure", timesMax: 2 }, 1, 2, false],
  [{ when: "on-failure", timesMax: 0 }, 1, 0, false],
] as const)("policy %j, status %d, after %d restarts: %p", (policy, status, restarts, answer) => {
  expect(mayRestart(policy, status, restarts)).toBe(answer);
});

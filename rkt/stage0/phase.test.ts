import { expect, test } from "bun:test";
import { isAfterRun, mayMove, PHASES, type Phase, stateOf } from "./phase.ts";

const STATES: readonly (readonly [Phase, held: string, free: string])[] = [
  ["embryo", "embryo", "embryo"],
  ["prepare", "preparing", "aborted prepare"],
  ["prepared", "prepared", "prepared"],
  ["run", "running", "exited"],
  ["exited-garbage", "exited deleting", "exited garbage"],
  ["garbage", "deleting", "garbage"],
];

test.each(STATES)("a pod in %s is %p while its lock is held, else %p", (phase, held, free) => {
  expect<string>(stateOf(phase, true)).toBe(held);
  expect<string>(stateOf(phase, false)).toBe(free);
});

test("pods move forward only: this is what lets a reader find a moving pod in one pass", () => {
  for (const [from, phase] of PHASES.entries()) {
    for (const [to, other] of PHASES.entries()) {
      if (to <= from) expect(mayMove(phase, other)).toBe(false);
    }
  }
});

test.each([
  ["embryo", "prepare", true, "it is locked"],
  ["embryo", "run", false, "it was never prepared"],
  ["prepare", "run", true, "run prepares and runs in one"],
  ["prepare", "exited-garbage", false, "it never ran"],
  ["prepared", "run", true, "run-prepared"],
  ["run", "exited-garbage", true, "it has ended"],
  ["run", "prepared", false, "nothing is run twice"],
] as const)("%s to %s: %p, because %s", (from, to, may) => {
  expect(mayMove(from, to)).toBe(may);
});

test("what has run is told from what has not", () => {
  const states = PHASES.flatMap((phase) => [stateOf(phase, true), stateOf(phase, false)]);
  expect(new Set(states.filter(isAfterRun))).toEqual(
    new Set(["exited", "exited deleting", "exited garbage", "deleting", "garbage"]),
  );
});

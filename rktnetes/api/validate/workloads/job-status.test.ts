import { expect, test } from "bun:test";
import type { JsonObject } from "../../schema/schema.ts";
import { describeFieldErrors } from "../field-error.ts";
import { jobStatusErrors } from "./job-status.ts";

const START = "2026-01-01T00:00:00Z";
const END = "2026-01-01T00:01:00Z";

function holds(...types: readonly string[]): JsonObject[] {
  return types.map((type) => ({ type, status: "True" }));
}

const DONE: JsonObject = {
  startTime: START,
  completionTime: END,
  succeeded: 1,
  conditions: holds("SuccessCriteriaMet", "Complete"),
};
const RUNNING: JsonObject = { startTime: START, active: 1 };

test.each([
  ["a job that ran to its end", RUNNING, DONE, "[]"],
  ["what was wrong before and is not touched", { ready: 3 }, { ready: 3, failed: 1 }, "[]"],
  [
    "an end without a time, while a pod runs",
    RUNNING,
    { ...RUNNING, conditions: holds("SuccessCriteriaMet", "Complete") },
    "[status.completionTime: Required value: completionTime is required for Complete jobs, " +
      "status.active: Invalid value: 1: active>0 is invalid for finished job]",
  ],
  [
    "a time without an end",
    RUNNING,
    { ...RUNNING, completionTime: END },
    `status.completionTime: Invalid value: "${END}": cannot set completionTime when there is no ` +
      "Complete=True condition",
  ],
  [
    "a failure that nothing led to",
    RUNNING,
    { startTime: START, failed: 1, conditions: holds("Failed") },
    "status.conditions: Invalid value: cannot set Failed=True condition without the " +
      "FailureTarget=true condition",
  ],
  [
    "an end that is taken back",
    DONE,
    { ...DONE, conditions: holds("SuccessCriteriaMet"), completionTime: undefined as never },
    "status.conditions: Invalid value: cannot disable the terminal Complete=True condition",
  ],
  [
    "fewer pods than were counted",
    { succeeded: 2 },
    { succeeded: 1 },
    "status.succeeded: Invalid value: 1: cannot decrease the succeeded counter",
  ],
  [
    "a pod counted twice",
    {},
    { uncountedTerminatedPods: { succeeded: ["a"], failed: ["a"] } },
    'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
  ],
])("judges %s", (_reason, old, now, errors) => {
  const found = jobStatusErrors({ status: now }, { status: old });
  expect(found.length === 0 ? "[]" : describeFieldErrors(found)).toBe(errors);
});

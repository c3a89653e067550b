import { describe, expect, test } from "bun:test";
import { deploymentDefaults, statefulSetDefaults } from "../../defaults/apps.ts";
import { cronJobDefaults, jobDefaults } from "../../defaults/batch.ts";
import type { JsonObject } from "../../schema/schema.ts";
import { JOB } from "../../strategy/batch/job.ts";
import { describeFieldErrors } from "../field-error.ts";
import { cronJobErrors } from "./cron-job.ts";
import { deploymentErrors, deploymentUpdateErrors } from "./deployment.ts";
import { jobErrors } from "./job.ts";
import { statefulSetErrors, statefulSetUpdateErrors } from "./stateful-set.ts";

const NOW = {
  now: "2026-01-01T00:00:00Z",
  user: { name: "u", groups: [], uid: "", extra: {} },
  dryRun: false,
};

function templateOf(spec: JsonObject = {}): JsonObject {
  const containers = [{ name: "c", image: "img" }];
  return { metadata: { labels: { app: "a" } }, spec: { containers, ...spec } };
}

function workload(setDefaults: (object: JsonObject) => void, spec: JsonObject): JsonObject {
  const selector = { matchLabels: { app: "a" } };
  const metadata = { name: "w", namespace: "ns", uid: "1-2" };
  const object: JsonObject = { metadata, spec: { selector, template: templateOf(), ...spec } };
  setDefaults(object);
  return object;
}

describe("deployments", () => {
  test.each([
    ["a plain one", {}, "[]"],
    [
      "a selector that does not find its pods",
      { selector: { matchLabels: { app: "b" } } },
      'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match ' +
        "template `labels`",
    ],
    [
      "no pod may be missing and none may be added",
      { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: "0%" } } },
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when ' +
        "`maxSurge` is 0",
    ],
    [
      "an unknown strategy",
      { strategy: { type: "x" } },
      'spec.strategy: Unsupported value: {"Type":"x","RollingUpdate":null}: supported values: ' +
        '"Recreate", "RollingUpdate"',
    ],
  ])("%s", (_why, spec, expected) => {
    const errors = deploymentErrors(workload(deploymentDefaults, spec));
    expect(describeFieldErrors(errors)).toBe(expected);
  });

  test("the selector never changes", () => {
    const old = workload(deploymentDefaults, {});
    const selector = { matchExpressions: [{ key: "app", operator: "Exists" }] };
    const errors = deploymentUpdateErrors(workload(deploymentDefaults, { selector }), old);
    expect(describeFieldErrors(errors)).toContain("field is immutable");
  });
});

describe("stateful sets", () => {
  test("only some fields may change", () => {
    const old = workload(statefulSetDefaults, { serviceName: "s" });
    const more = workload(statefulSetDefaults, { serviceName: "s", replicas: 3 });
    expect(statefulSetErrors(more)).toEqual([]);
    expect(statefulSetUpdateErrors(more, old)).toEqual([]);
    const other = workload(statefulSetDefaults, { serviceName: "t" });
    expect(describeFieldErrors(statefulSetUpdateErrors(other, old))).toStartWith(
      "spec: Forbidden: updates to statefulset spec for fields other than",
    );
  });
});

describe("jobs", () => {
  function jobOf(spec: JsonObject): JsonObject {
    const template = templateOf({ restartPolicy: "Never" });
    const job = { metadata: { name: "j", uid: "1-2" }, spec: { template, ...spec } };
    jobDefaults(job);
    JOB.prepareForCreate?.(job, NOW);
    return job;
  }

  test("the server chooses a selector that finds the job's own pods only", () => {
    const job = jobOf({});
    const matchLabels = { "batch.kubernetes.io/controller-uid": "1-2" };
    expect(job).toMatchObject({ spec: { selector: { matchLabels } } });
    expect(jobErrors(job)).toEqual([]);
  });

  test("nobody else may choose it", () => {
    const errors = jobErrors(jobOf({ selector: { matchLabels: { app: "a" } } }));
    expect(describeFieldErrors(errors)).toContain("`selector` not auto-generated");
  });

  test("pods of jobs come to an end", () => {
    const errors = jobErrors(jobOf({ template: templateOf({ restartPolicy: "Always" }) }));
    expect(describeFieldErrors(errors)).toBe(
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    );
  });
});

test.each([
  ["a name too long for the jobs' names", "x".repeat(53), {}, "metadata.name"],
  ["a zone in the schedule", "c", { schedule: "TZ=UTC * * * * *" }, "spec.schedule"],
  ["a zone that is none", "c", { timeZone: "Bad/Zone" }, "spec.timeZone"],
])("cron jobs: %s", (_why, name, own, field) => {
  const template = templateOf({ restartPolicy: "Never" });
  const spec = { schedule: "* * * * *", jobTemplate: { spec: { template } }, ...own };
  const job: JsonObject = { metadata: { name }, spec };
  cronJobDefaults(job);
  expect(cronJobErrors(job).map((error) => error.field)).toEqual([field]);
});

import { expect, test } from "bun:test";
import type { Json, JsonObject } from "../schema/schema.ts";
import { podRow, podRowConditions, podSummary } from "./pod.ts";

const ENDED = "2026-11-20T10:00:00Z";

/** A container's status: its name, its state and whatever else. */
function status(name: string, state: JsonObject, more: JsonObject = {}): JsonObject {
  return { name, state, ...more };
}

const RUNNING = { running: { startedAt: ENDED } };
const COMPLETED = { terminated: { exitCode: 0, reason: "Completed" } };

function waiting(reason: string): JsonObject {
  return { waiting: { reason } };
}

function ended(more: JsonObject): JsonObject {
  return { terminated: { exitCode: 1, ...more } };
}

interface Parts {
  readonly phase?: string;
  readonly reason?: string;
  readonly init?: readonly JsonObject[];
  readonly initSpecs?: readonly JsonObject[];
  readonly main?: readonly JsonObject[];
  readonly conditions?: readonly JsonObject[];
  readonly deleted?: boolean;
}

function pod(parts: Parts): JsonObject {
  const { phase = "Running", init = [], main = [], conditions = [] } = parts;
  const specs = parts.initSpecs ?? init.map(({ name = "" }) => ({ name }));
  const metadata: JsonObject = { name: "p", creationTimestamp: ENDED };
  if (parts.deleted === true) metadata["deletionTimestamp"] = ENDED;
  const state: JsonObject = { phase, conditions: [...conditions] };
  if (parts.reason !== undefined) state["reason"] = parts.reason;
  if (init.length > 0) state["initContainerStatuses"] = [...init];
  if (main.length > 0) state["containerStatuses"] = [...main];
  const containers: Json[] = [{ name: "a" }, { name: "b" }];
  return { metadata, spec: { containers, initContainers: [...specs] }, status: state };
}

const READY = { ready: true };
const RESTARTED = { restartCount: 3, lastState: { terminated: { finishedAt: ENDED } } };
const SIDECAR = { name: "s", restartPolicy: "Always" };

const CASES: readonly (readonly [why: string, parts: Parts, ready: string, reason: string])[] = [
  ["no container has a state yet", { phase: "Pending" }, "0/2", "Pending"],
  ["the node says why", { phase: "Failed", reason: "Evicted" }, "0/2", "Evicted"],
  [
    "it waits for its gates",
    { phase: "Pending", conditions: [{ type: "PodScheduled", reason: "SchedulingGated" }] },
    "0/2",
    "SchedulingGated",
  ],
  [
    "all run",
    { main: [status("a", RUNNING, READY), status("b", RUNNING, READY)] },
    "2/2",
    "Running",
  ],
  [
    "the first container in order decides",
    { main: [status("a", waiting("CrashLoopBackOff")), status("b", waiting("ErrImagePull"))] },
    "0/2",
    "CrashLoopBackOff",
  ],
  ["a signal ended it", { main: [status("a", ended({ signal: 9 }))] }, "0/2", "Signal:9"],
  ["it ended with a code", { main: [status("a", ended({}))] }, "0/2", "ExitCode:1"],
  [
    "it ended with a reason",
    { main: [status("a", ended({ reason: "OOMKilled" }))] },
    "0/2",
    "OOMKilled",
  ],
  [
    "one has ended well, the other serves",
    {
      main: [status("a", COMPLETED), status("b", RUNNING, READY)],
      conditions: [{ type: "Ready", status: "True" }],
    },
    "1/2",
    "Running",
  ],
  [
    "one has ended well, the pod does not serve",
    { main: [status("a", COMPLETED), status("b", RUNNING, READY)] },
    "1/2",
    "NotReady",
  ],
  [
    "the second of three init containers runs",
    { phase: "Pending", init: [status("i", COMPLETED), status("j", RUNNING), status("k", {})] },
    "0/2",
    "Init:1/3",
  ],
  [
    "an init container waits for a reason",
    { phase: "Pending", init: [status("i", waiting("CrashLoopBackOff"))] },
    "0/2",
    "Init:CrashLoopBackOff",
  ],
  [
    "an init container that is only starting has no reason of its own",
    { phase: "Pending", init: [status("i", waiting("PodInitializing"))] },
    "0/2",
    "Init:0/1",
  ],
  [
    "an init container failed",
    { phase: "Pending", init: [status("i", ended({ exitCode: 7 }))] },
    "0/2",
    "Init:ExitCode:7",
  ],
  [
    "an init container was killed",
    { phase: "Pending", init: [status("i", ended({ signal: 15 }))] },
    "0/2",
    "Init:Signal:15",
  ],
  [
    "a sidecar counts as ready and does not hold the others up",
    {
      init: [status("s", RUNNING, { ready: true, started: true })],
      initSpecs: [SIDECAR],
      main: [status("a", RUNNING, READY), status("b", RUNNING, READY)],
    },
    "3/3",
    "Running",
  ],
  [
    "a sidecar that has not started holds them up",
    { phase: "Pending", init: [status("s", RUNNING)], initSpecs: [SIDECAR] },
    "0/3",
    "Init:0/1",
  ],
  [
    "it is being deleted",
    { deleted: true, main: [status("a", RUNNING, READY), status("b", RUNNING, READY)] },
    "2/2",
    "Terminating",
  ],
  ["its node is lost while it is deleted", { deleted: true, reason: "NodeLost" }, "0/2", "Unknown"],
  [
    "it is done and being deleted",
    { phase: "Succeeded", deleted: true, main: [status("a", COMPLETED)] },
    "0/2",
    "Completed",
  ],
];

for (const [why, parts, ready, reason] of CASES) {
  test(`${why}: ${reason}`, () => {
    const found = podSummary(pod(parts));
    expect({ ready: `${found.ready}/${found.total}`, reason: found.reason }).toEqual({
      ready,
      reason,
    });
  });
}

test("restarts of init containers count only while they run, those of sidecars always", () => {
  const init = [status("i", RUNNING, { restartCount: 5 })];
  expect(podSummary(pod({ phase: "Pending", init })).restarts).toBe(5);
  const done = [status("i", COMPLETED, { restartCount: 5 })];
  expect(podSummary(pod({ init: done, main: [status("a", RUNNING, RESTARTED)] })).restarts).toBe(3);
  const sidecar = [status("s", RUNNING, { restartCount: 2, started: true })];
  const parts = { init: sidecar, initSpecs: [SIDECAR], main: [status("a", RUNNING, RESTARTED)] };
  expect(podSummary(pod(parts)).restarts).toBe(5);
});

test("a row says when the last restart was, and what has no value yet", () => {
  const nowMs = Date.parse(ENDED) + 5 * 60_000;
  const main = [status("a", RUNNING, { ...READY, ...RESTARTED }), status("b", RUNNING, READY)];
  expect(podRow(pod({ main }), { nowMs })).toEqual([
    "p",
    "2/2",
    "Running",
    "3 (5m ago)",
    "5m",
    "<none>",
    "<none>",
    "<none>",
    "<none>",
  ]);
});

test("readiness gates are counted by their conditions", () => {
  const object = pod({ conditions: [{ type: "x", status: "True" }] });
  const spec = object["spec"] as JsonObject;
  spec["readinessGates"] = [{ conditionType: "x" }, { conditionType: "y" }];
  expect(podRow(object, { nowMs: 0 }).at(-1)).toBe("1/2");
});

test("only pods that are done can be hidden", () => {
  expect(podRowConditions(pod({}))).toBeUndefined();
  const [first] = podRowConditions(pod({ phase: "Failed" })) ?? [];
  expect(first).toMatchObject({ type: "Completed", reason: "Failed" });
});

/**
 * Pods as rows. What stands under STATUS is no field but follows from phase, conditions and the
 * states of all containers; `podSummary` finds it. In: pods. Out: cells. Pure.
 */
import type { Json, JsonObject } from "../schema/schema.ts";
import { readObject, readText } from "../strategy/object-at.ts";
import { formatAge } from "./age.ts";
import {
  ageOf,
  at,
  conditionOf,
  containerCells,
  countAt,
  formatLabels,
  isDeleted,
  nameOf,
  NONE,
  numberAt,
  objectsAt,
  orNone,
  type Row,
  textAt,
} from "./cells.ts";

/** What a pod's row says of its containers. */
export interface PodSummary {
  readonly ready: number;
  readonly total: number;
  readonly reason: string;
  readonly restarts: number;
  /** When a container last ended before it was started again; empty when none did. */
  readonly lastRestart: string;
}

interface Restarts {
  readonly count: number;
  readonly last: string;
}

interface InitState {
  /** Why the pod is still initialising; undefined when it is not. */
  readonly waiting: string | undefined;
  readonly ready: number;
  readonly restarts: Restarts;
  readonly sidecarRestarts: Restarts;
}

interface MainState {
  readonly reason: string;
  readonly ready: number;
  readonly restarts: Restarts;
}

const NO_RESTARTS: Restarts = { count: 0, last: "" };

/** Ready containers, status and restarts of a pod. */
export function podSummary(pod: JsonObject): PodSummary {
  const sidecars = sidecarNames(pod);
  const total = countAt(pod, "spec", "containers") + sidecars.size;
  const init = initState(pod, sidecars);
  const initialised = conditionOf(pod, "Initialized")?.["status"] === "True";
  if (init.waiting !== undefined && !initialised) {
    const { count, last } = init.restarts;
    const reason = deletedReason(pod) ?? init.waiting;
    return { ready: init.ready, total, reason, restarts: count, lastRestart: last };
  }
  const main = mainState(pod, init.waiting ?? ownReason(pod));
  const { count, last } = init.sidecarRestarts;
  return {
    ready: init.ready + main.ready,
    total,
    reason: deletedReason(pod) ?? main.reason,
    restarts: count + main.restarts.count,
    lastRestart: later(last, main.restarts.last),
  };
}

/** Init containers that go on running beside the others. */
function sidecarNames(pod: JsonObject): ReadonlySet<string> {
  const init = objectsAt(pod, "spec", "initContainers");
  const lasting = init.filter((each) => each["restartPolicy"] === "Always");
  return new Set(lasting.map((each) => readText(each, "name")));
}

function ownReason(pod: JsonObject): string {
  const scheduled = conditionOf(pod, "PodScheduled");
  if (scheduled?.["reason"] === "SchedulingGated") return "SchedulingGated";
  const status = readObject(pod, "status");
  return readText(status, "reason") || readText(status, "phase");
}

/** What a pod is called that is being deleted; its own state no longer counts. */
function deletedReason(pod: JsonObject): string | undefined {
  if (!isDeleted(pod)) return undefined;
  if (textAt(pod, "status", "reason") === "NodeLost") return "Unknown";
  const phase = textAt(pod, "status", "phase");
  return phase === "Succeeded" || phase === "Failed" ? undefined : "Terminating";
}

/**
 * Init containers run one after another: the first that is not done says what the pod waits for.
 */
function initState(pod: JsonObject, sidecars: ReadonlySet<string>): InitState {
  const all = objectsAt(pod, "status", "initContainerStatuses");
  let restarts = NO_RESTARTS;
  let sidecarRestarts = NO_RESTARTS;
  let ready = 0;
  for (const [index, status] of all.entries()) {
    const isSidecar = sidecars.has(readText(status, "name"));
    restarts = withRestarts(restarts, status);
    if (isSidecar) sidecarRestarts = withRestarts(sidecarRestarts, status);
    const terminated = at(status, "state", "terminated");
    if (terminated !== undefined && numberAt(status, "state", "terminated", "exitCode") === 0) {
      continue;
    }
    if (isSidecar && status["started"] === true) {
      if (status["ready"] === true) ready++;
      continue;
    }
    const progress = `${index}/${countAt(pod, "spec", "initContainers")}`;
    const waiting = `Init:${initReason(status) ?? progress}`;
    return { waiting, ready, restarts, sidecarRestarts };
  }
  return { waiting: undefined, ready, restarts, sidecarRestarts };
}

function initReason(status: JsonObject): string | undefined {
  const ended = endReason(status);
  if (ended !== undefined) return ended;
  const waiting = textAt(status, "state", "waiting", "reason");
  return waiting === "" || waiting === "PodInitializing" ? undefined : waiting;
}

/** Why a container ended, or how; undefined while it has not. */
function endReason(status: JsonObject): string | undefined {
  if (at(status, "state", "terminated") === undefined) return undefined;
  const reason = textAt(status, "state", "terminated", "reason");
  if (reason !== "") return reason;
  const signal = numberAt(status, "state", "terminated", "signal");
  if (signal !== 0) return `Signal:${signal}`;
  return `ExitCode:${numberAt(status, "state", "terminated", "exitCode")}`;
}

/** The first container in order that waits or has ended decides. */
function mainState(pod: JsonObject, before: string): MainState {
  let reason = before;
  let ready = 0;
  let restarts = NO_RESTARTS;
  for (const status of [...objectsAt(pod, "status", "containerStatuses")].reverse()) {
    restarts = withRestarts(restarts, status);
    const waiting = textAt(status, "state", "waiting", "reason");
    const isRunning = at(status, "state", "running") !== undefined;
    const ended = endReason(status);
    if (waiting !== "") reason = waiting;
    else if (ended !== undefined) reason = ended;
    else if (status["ready"] === true && isRunning) ready++;
  }
  if (reason === "Completed" && ready > 0) {
    reason = conditionOf(pod, "Ready")?.["status"] === "True" ? "Running" : "NotReady";
  }
  return { reason, ready, restarts };
}

function withRestarts({ count, last }: Restarts, status: JsonObject): Restarts {
  const ended = textAt(status, "lastState", "terminated", "finishedAt");
  return { count: count + numberAt(status, "restartCount"), last: later(last, ended) };
}

/** Times in one form and zone sort as texts do. */
function later(a: string, b: string): string {
  return a > b ? a : b;
}

export const podRow: Row = (pod, context) => {
  const { ready, total, reason, restarts, lastRestart } = podSummary(pod);
  const ago = lastRestart === "" ? "" : ` (${formatAge(lastRestart, context.nowMs)} ago)`;
  return [
    nameOf(pod),
    `${ready}/${total}`,
    reason,
    restarts === 0 ? "0" : `${restarts}${ago}`,
    ageOf(pod, context),
    orNone(podAddress(pod)),
    orNone(textAt(pod, "spec", "nodeName")),
    orNone(textAt(pod, "status", "nominatedNodeName")),
    readinessGates(pod),
  ];
};

/** What a client may hide: pods that are done. */
export function podRowConditions(pod: JsonObject): Json[] | undefined {
  const phase = textAt(pod, "status", "phase");
  if (phase !== "Succeeded" && phase !== "Failed") return undefined;
  const message = phase === "Failed" ? "The pod failed." : "The pod has completed successfully.";
  return [{ type: "Completed", status: "True", reason: phase, message }];
}

function podAddress(pod: JsonObject): string {
  const [first] = objectsAt(pod, "status", "podIPs");
  return first === undefined ? textAt(pod, "status", "podIP") : readText(first, "ip");
}

function readinessGates(pod: JsonObject): string {
  const gates = objectsAt(pod, "spec", "readinessGates");
  if (gates.length === 0) return NONE;
  const open = gates.filter((gate) => {
    return conditionOf(pod, readText(gate, "conditionType"))?.["status"] === "True";
  });
  return `${open.length}/${gates.length}`;
}

export const podTemplateRow: Row = (object) => [
  nameOf(object),
  ...containerCells(readObject(readObject(object, "template"), "spec")),
  formatLabels(readObject(readObject(readObject(object, "template"), "metadata"), "labels")),
];

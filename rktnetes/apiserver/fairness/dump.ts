/**
 * What people look at who ask why their requests wait. In: the state of the levels. Out: tables of
 * text, under the paths that Kubernetes has them. @see API Priority and Fairness, Debugging
 */
import { type Answer, textAnswer } from "../http/answer.ts";
import type { Fairness } from "./fairness.ts";

const ROOT = "/debug/api_priority_and_fairness/";

type Row = readonly (string | number | boolean)[];

/** Undefined for other paths. */
export function answerDump(fairness: Fairness, path: string): Answer | undefined {
  const rows = TABLES[path.slice(ROOT.length)]?.(fairness);
  if (rows === undefined || !path.startsWith(ROOT)) return undefined;
  return textAnswer(200, tableText(rows));
}

const TABLES: Readonly<Record<string, (fairness: Fairness) => readonly Row[]>> = {
  dump_priority_levels: levelRows,
  dump_queues: queueRows,
  dump_requests: requestRows,
};

function levelRows(fairness: Fairness): readonly Row[] {
  const head = [
    "PriorityLevelName",
    "ActiveQueues",
    "IsIdle",
    "IsQuiescing",
    "WaitingRequests",
    "ExecutingRequests",
    "DispatchedRequests",
    "RejectedRequests",
    "TimedoutRequests",
    "CancelledRequests",
  ];
  const counts = fairness.counts.all();
  const rows = fairness.levelNames().map((name): Row => {
    const mine = counts.filter(({ level }) => level === name);
    const sum = (field: "waiting" | "executing" | "dispatched" | "rejected" | "timedOut"): number =>
      mine.reduce((total, each) => total + each[field], 0);
    const queues = fairness.level(name)?.queueLengths().length ?? 0;
    const isIdle = sum("waiting") + sum("executing") === 0;
    const state = [queues, isIdle, false, sum("waiting"), sum("executing")];
    return [name, ...state, sum("dispatched"), sum("rejected"), sum("timedOut"), 0];
  });
  return [head, ...rows];
}

function queueRows(fairness: Fairness): readonly Row[] {
  const head = ["PriorityLevelName", "Index", "PendingRequests", "ExecutingRequests", "SeatsInUse"];
  const rows = fairness.levelNames().flatMap((name) => {
    const level = fairness.level(name);
    const queues = level?.queueLengths() ?? [];
    return queues.map(([index, pending]): Row => [name, index, pending, 0, 0]);
  });
  return [head, ...rows];
}

function requestRows(fairness: Fairness): readonly Row[] {
  const head = [
    "PriorityLevelName",
    "FlowSchemaName",
    "QueueIndex",
    "RequestIndexInQueue",
    "FlowDistingsher",
    "ArriveTime",
  ];
  const rows = fairness.levelNames().flatMap((name) =>
    (fairness.level(name)?.waiters() ?? []).map(({ queue, place, flow, since }): Row => {
      const [schema = "", who = ""] = flow.split("\0");
      return [name, schema, queue, place, who, new Date(since).toISOString()];
    }),
  );
  return [head, ...rows];
}

/** Every column as wide as its longest cell. */
function tableText(rows: readonly Row[]): string {
  const texts = rows.map((row) =>
    row.map((cell, at) => `${cell}${at === row.length - 1 ? "" : ","}`),
  );
  const widths = (texts[0] ?? []).map((_cell, at) =>
    Math.max(...texts.map((row) => (row[at] ?? "").length)),
  );
  const lines = texts.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" "));
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

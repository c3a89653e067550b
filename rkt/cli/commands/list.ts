/** `rkt list`: all pods with their apps, as a table or as JSON. */
import { type AppSummary, listPods, openPod, type PodSummary, podStatus } from "@rkt/stage0";
import { Fault, formatAge, formatTime } from "@shared/base";
import { formatFlag, full, noLegend, TABLE_FORMAT_USAGE } from "../flags/format.ts";
import { dir } from "../flags/global.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { formatColumns } from "../output/columns.ts";
import { formatJson } from "../output/json.ts";
import { podDocument } from "../output/pod-document.ts";
import { networksText } from "../output/networks-text.ts";
import { stage0HostOf } from "./stage0-host.ts";

const format = formatFlag(TABLE_FORMAT_USAGE);

export const list: Command = {
  usage: "list",
  description: ["Prints a table of the pods and their apps."],
  flags: [format, full, noLegend],
  grammar: "anywhere",
  run: printPods,
};

function printPods(host: Host, call: Call): number {
  const pods = podsOf(host, call);
  const form = call.flags.get(format);
  if (form === "") host.print(formatTable(pods, host, call));
  else host.print(formatJson(documentsOf(pods, host, call), form));
  notePodProblems(pods, host);
  return 0;
}

function podsOf(host: Host, call: Call): readonly PodSummary[] {
  try {
    return listPods(stage0HostOf(host, call), call.flags.get(dir));
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, "failed to get pod handles", { cause });
  }
}

function formatTable(pods: readonly PodSummary[], host: Host, { flags }: Call): string {
  const long = flags.get(full);
  const nowMs = host.clock.now();
  const rows = pods.flatMap((pod) => podRows(pod, long ? longCells : (p) => shortCells(p, nowMs)));
  const legend = flags.get(noLegend) ? [] : [LEGEND];
  const all = withNames([...legend, ...rows], pods, legend.length);
  return formatColumns(long ? all : all.map(withoutImageId));
}

/** The columns are rkt's; where a pod was given a name there is one more, behind them. */
function withNames(
  rows: readonly (readonly string[])[],
  pods: readonly PodSummary[],
  legendRows: number,
): readonly (readonly string[])[] {
  if (pods.every(({ name }) => name === undefined)) return rows;
  const names = pods.flatMap(({ name = "", apps }) => [name, ...apps.slice(1).map(() => "")]);
  const cells = legendRows === 0 ? names : ["NAME", ...names];
  return rows.map((row, at) => [...row, cells[at] ?? ""]);
}

const IMAGE_ID_COLUMN = 3;
const LEGEND: readonly string[] = [
  "UUID",
  "APP",
  "IMAGE NAME",
  "IMAGE ID",
  "STATE",
  "CREATED",
  "STARTED",
  "NETWORKS",
];

function withoutImageId(row: readonly string[]): readonly string[] {
  return row.filter((_, column) => column !== IMAGE_ID_COLUMN);
}

interface PodCells {
  readonly uuid: string;
  readonly created: string;
  readonly started: string;
}

/** One row for each app; what is true of the whole pod stands in its first row only. */
function podRows(pod: PodSummary, cellsOf: (pod: PodSummary) => PodCells): readonly string[][] {
  const { uuid, created, started } = cellsOf(pod);
  const [first, ...others] = pod.apps.length === 0 ? [NO_APP] : pod.apps.map(appCells);
  return [
    [uuid, ...(first ?? NO_APP), pod.state, created, started, networksText(pod.networks)],
    ...others.map((cells) => ["", ...cells, "", "", "", ""]),
  ];
}

const NO_APP: readonly string[] = ["-", "-", "-"];

function appCells(app: AppSummary): readonly string[] {
  return [app.name, app.imageName === "" ? "--" : app.imageName, shortId(app.imageId)];
}

function shortId(id: string): string {
  return id.slice(0, "sha512-".length + 12);
}

function shortCells(pod: PodSummary, nowMs: number): PodCells {
  return {
    uuid: pod.uuid.slice(0, 8),
    created: pod.createdMs === undefined ? "a long while ago" : formatAge(pod.createdMs, nowMs),
    started: pod.startedMs === undefined ? "" : formatAge(pod.startedMs, nowMs),
  };
}

function longCells(pod: PodSummary): PodCells {
  return {
    uuid: pod.uuid,
    created:
      pod.createdMs === undefined ? "0001-01-01 00:00:00 +0000 UTC" : formatTime(pod.createdMs),
    started: pod.startedMs === undefined ? "" : formatTime(pod.startedMs),
  };
}

/** A list that was never filled is null in Go's JSON, and clients of rkt know that. */
function documentsOf(pods: readonly PodSummary[], host: Host, call: Call): unknown {
  const documents = pods.flatMap((pod) => documentOf(pod, host, call) ?? []);
  return documents.length === 0 ? null : documents;
}

/** Undefined for a pod that was removed since it was listed. */
function documentOf(summary: PodSummary, host: Host, call: Call): unknown {
  try {
    using pod = openPod(call.flags.get(dir), summary.uuid);
    return podDocument(podStatus(stage0HostOf(host, call), pod));
  } catch (error) {
    if (error instanceof Fault && error.kind === "not-found") return undefined;
    throw error;
  }
}

/**
 * A pod whose preparation was cut short has its own state; only what should be whole and is not is
 * a problem.
 */
function notePodProblems(pods: readonly PodSummary[], host: Host): void {
  const damaged = pods.filter((pod) => pod.problem !== undefined && hasBeenPrepared(pod));
  if (damaged.length === 0) return;
  host.note(`list: ${damaged.length} error(s) encountered when listing pods:`);
  for (const { uuid, problem } of damaged) host.note(`list: pod ${uuid}: ${problem}`);
}

function hasBeenPrepared({ state }: PodSummary): boolean {
  return state !== "preparing" && state !== "aborted prepare";
}

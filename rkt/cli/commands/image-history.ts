/** `rkt image history`: how a stored image came to be, as a table or as JSON. */
import { type HistoryStep, historyOf } from "@rkt/image/export";
import { formatAge, formatBytes, formatTime } from "@shared/base";
import { formatFlag, full, noLegend, TABLE_FORMAT_USAGE } from "../flags/format.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { formatColumns } from "../output/columns.ts";
import { formatJson } from "../output/json.ts";
import { findImage } from "./find-image.ts";
import { openStoreOf } from "./open-store.ts";

const format = formatFlag(TABLE_FORMAT_USAGE);

export const imageHistory: Command = {
  usage: "image history IMAGE",
  description: [
    "IMAGE is the ID of a stored image, or its name.",
    "",
    "Shows the steps of a container image, newest first, with the size of each layer as fetched.",
    "Of an ACI only the archive itself is known.",
  ],
  flags: [format, full, noLegend],
  grammar: "anywhere",
  run: showHistory,
};

function showHistory(host: Host, call: Call): number | "usage" {
  const [text, more] = call.args;
  if (text === undefined || more !== undefined) return "usage";
  using store = openStoreOf(host, call);
  const steps = historyOf(store, findImage(store, text));
  const form = call.flags.get(format);
  host.print(form === "" ? formatTable(steps, host, call) : formatJson(documents(steps), form));
  return 0;
}

const LEGEND = ["CREATED", "CREATED BY", "SIZE", "COMMENT"];
const COMMAND_LENGTH_MAX = 60;

function formatTable(steps: readonly HistoryStep[], host: Host, { flags }: Call): string {
  const isFull = flags.get(full);
  const rows = steps.map(({ createdMs, createdBy, sizeBytes, comment }) => [
    createdMs === undefined ? "-" : timeText(createdMs, isFull, host.clock.now()),
    commandText(createdBy, isFull),
    isFull ? String(sizeBytes) : formatBytes(sizeBytes),
    comment === "" ? "-" : oneLine(comment),
  ]);
  return formatColumns(flags.get(noLegend) ? rows : [LEGEND, ...rows]);
}

function timeText(ms: number, isFull: boolean, nowMs: number): string {
  return isFull ? formatTime(ms) : formatAge(ms, nowMs);
}

function commandText(command: string, isFull: boolean): string {
  const line = oneLine(command);
  if (line === "") return "-";
  return isFull || line.length <= COMMAND_LENGTH_MAX ? line : `${line.slice(0, 57)}...`;
}

/** An image may say anything; a table has one line for it, without control characters. */
function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, " ").trim();
}

function documents(steps: readonly HistoryStep[]): unknown {
  return steps.map(({ createdMs, createdBy, sizeBytes, comment, digest }) => ({
    created: createdMs === undefined ? undefined : new Date(createdMs).toISOString(),
    created_by: createdBy,
    comment,
    size: sizeBytes,
    layer: digest,
  }));
}

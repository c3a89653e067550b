/**
 * Progress of downloads. In: a stream of bytes; out: the same stream, with events on the way; and a
 * bar for terminals made of such events: `Downloading sha256:2fdfe1cd78c [=====> ] 1.03 MB / 2.06
 * MB`. Never slows a stream down.
 */
import type { ImageHost, ProgressEvent } from "../host.ts";

/** What stays the same during a download. */
export interface ProgressSubject {
  readonly id: string;
  readonly label: string;
  /** NaN where it is not known. */
  readonly totalBytes: number;
  /** What is there already; nothing unless told. */
  readonly doneBytes?: number;
}

const STEP_BYTES = 128 * 1024;

/** Passes the stream through and reports about every 128 KiB, and once at its end. */
export async function* reported(
  host: Pick<ImageHost, "progress">,
  input: AsyncIterable<Uint8Array>,
  subject: ProgressSubject,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { id, label, totalBytes } = subject;
  const total = Number.isNaN(totalBytes) ? {} : { totalBytes };
  let { doneBytes = 0 } = subject;
  let said = Number.NEGATIVE_INFINITY;
  try {
    for await (const chunk of input) {
      doneBytes += chunk.length;
      if (doneBytes - said >= STEP_BYTES) {
        said = doneBytes;
        host.progress({ id, label, doneBytes, ...total, ended: false });
      }
      yield chunk;
    }
  } finally {
    host.progress({ id, label, doneBytes, ...total, ended: true });
  }
}

/** What the bar needs of a terminal. */
export interface BarTerminal {
  readonly columns: number;
  readonly write: (text: string) => void;
}

/** A `progress` for hosts: one line for each download, redrawn in place. */
export function progressBars(terminal: BarTerminal): (event: ProgressEvent) => void {
  const lines = new Map<string, string>();
  let drawn = 0;
  return (event) => {
    lines.set(event.id, progressLine(event, terminal.columns));
    const up = drawn > 0 ? `\x1b[${drawn}A` : "";
    const body = [...lines.values()].map((line) => `\r\x1b[2K${line}\n`).join("");
    terminal.write(up + body);
    drawn = lines.size;
    if (!event.ended) return;
    // An ended line stays where it is: it moves to the top, and is not redrawn from then on.
    const line = lines.get(event.id) ?? "";
    lines.delete(event.id);
    const rest = [...lines.values()];
    terminal.write([`\x1b[${drawn}A`, ...[line, ...rest].map((l) => `\r\x1b[2K${l}\n`)].join(""));
    drawn = rest.length;
  };
}

const BAR_MAX = 40;

/** One line, at most `columns` wide. */
export function progressLine(event: ProgressEvent, columns: number): string {
  const { label, doneBytes, totalBytes } = event;
  if (totalBytes === undefined) return `${label} ${siBytes(doneBytes)}`.slice(0, columns - 1);
  const sizes = `${siBytes(doneBytes)} / ${siBytes(totalBytes)}`;
  const width = Math.min(BAR_MAX, columns - label.length - sizes.length - 5);
  if (width < 3) return `${label} ${sizes}`.slice(0, Math.max(0, columns - 1));
  const filled = totalBytes === 0 ? width : Math.floor((width * doneBytes) / totalBytes);
  const bar = filled >= width ? "=".repeat(width) : `${"=".repeat(filled)}>`.padEnd(width);
  return `${label} [${bar}] ${sizes}`;
}

const UNITS = ["B", "KB", "MB", "GB", "TB"] as const;

/** Decimal units as rkt's bar shows them: 508 → `508 B`, 1030000 → `1.03 MB`. */
function siBytes(bytes: number): string {
  const step = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1000 ** step).toPrecision(3))} ${UNITS[step]}`;
}

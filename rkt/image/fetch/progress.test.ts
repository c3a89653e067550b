import { expect, test } from "bun:test";
import type { ProgressEvent } from "../host.ts";
import { progressBars, progressLine } from "./progress.ts";

const label = "Downloading sha256:2fdfe1cd78c";
const at = (doneBytes: number, totalBytes?: number): ProgressEvent => ({
  id: "x",
  label,
  doneBytes,
  ...(totalBytes !== undefined && { totalBytes }),
  ended: false,
});

for (const [event, columns, line, why] of [
  [at(0, 2_060_000), 80, `${label} [>${" ".repeat(31)}] 0 B / 2.06 MB`, "begins"],
  [at(1_030_000, 2_060_000), 70, `${label} [=========>        ] 1.03 MB / 2.06 MB`, "half"],
  [at(2_060_000, 2_060_000), 70, `${label} [==================] 2.06 MB / 2.06 MB`, "done"],
  [at(508, 508), 30, "Downloading sha256:2fdfe1cd78", "a narrow terminal"],
  [at(4000), 80, `${label} 4 KB`, "size unknown"],
  [at(0, 0), 60, `${label} [================] 0 B / 0 B`, "nothing to fetch"],
] as const) {
  test(`progressLine(): ${why}`, () => expect(progressLine(event, columns)).toBe(line));
}

/**
 * What a terminal shows after the text: cursor up, carriage return, erase line and newline suffice.
 */
function screenOf(text: string): string[] {
  const lines: string[] = [""];
  let row = 0;
  for (const [token = ""] of text.matchAll(/\x1b\[(\d+)A|\x1b\[2K|\r|\n|[^\x1b\r\n]+/g)) {
    const up = /\x1b\[(\d+)A/.exec(token)?.[1];
    if (up !== undefined) row -= Number(up);
    else if (token === "\x1b[2K") lines[row] = "";
    else if (token === "\n") lines[++row] ??= "";
    else if (token !== "\r") lines[row] = (lines[row] ?? "") + token;
  }
  return lines.filter(Boolean);
}

test("progressBars(): a line for each download; ended ones stay", () => {
  let text = "";
  const show = progressBars({ columns: 60, write: (more) => void (text += more) });
  const event = (id: string, doneBytes: number, ended = false): ProgressEvent => ({
    id,
    label: id,
    doneBytes,
    totalBytes: 1000,
    ended,
  });
  show(event("one", 0));
  show(event("two", 500));
  show(event("one", 1000));
  expect(screenOf(text).map((line) => line.replace(/\[.*\]/, ""))).toEqual([
    "one  1 KB / 1 KB",
    "two  500 B / 1 KB",
  ]);
  show(event("two", 1000, true));
  show(event("three", 1));
  show(event("one", 1000, true));
  expect(screenOf(text).map((line) => line.replace(/\[.*\]/, ""))).toEqual([
    "two  1 KB / 1 KB",
    "one  1 KB / 1 KB",
    "three  1 B / 1 KB",
  ]);
});

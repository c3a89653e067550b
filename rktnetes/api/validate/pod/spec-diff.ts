/** What changed between two texts, as `diff -u` shows it. In: texts. Out: hunks. Pure. */

const CONTEXT = 3;
/** Beyond so many pairs of lines, what differs is shown as replaced as a whole. */
const PAIRS_MAX = 250_000;

type Line = readonly [sign: " " | "-" | "+", text: string];

export function unifiedDiff(before: string, after: string): string {
  const lines = compare(before.split("\n"), after.split("\n"));
  return hunksOf(lines)
    .map(([from, to]) => hunkText(lines, from, to))
    .join("");
}

function compare(before: readonly string[], after: readonly string[]): readonly Line[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  const rest = Math.min(before.length, after.length) - head;
  while (tail < rest && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const middle = longest(
    before.slice(head, before.length - tail),
    after.slice(head, after.length - tail),
  );
  const same = (text: string): Line => [" ", text];
  return [
    ...before.slice(0, head).map(same),
    ...middle,
    ...before.slice(before.length - tail).map(same),
  ];
}

/** By the longest common part; lines that go stand before lines that come. */
function longest(before: readonly string[], after: readonly string[]): readonly Line[] {
  const width = after.length + 1;
  if (before.length * after.length > PAIRS_MAX) {
    return [...before.map((text): Line => ["-", text]), ...after.map((text): Line => ["+", text])];
  }
  const lengths = new Uint32Array((before.length + 1) * width);
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      lengths[row * width + column] =
        before[row] === after[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: Line[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    const old = before[row];
    const text = after[column];
    if (old !== undefined && old === text) {
      lines.push([" ", old]);
      row += 1;
      column += 1;
    } else if (
      old !== undefined &&
      (text === undefined || at(row + 1, column) >= at(row, column + 1))
    ) {
      lines.push(["-", old]);
      row += 1;
    } else if (text !== undefined) {
      lines.push(["+", text]);
      column += 1;
    }
  }
  return lines;
}

/** Ranges of lines with what is around them; those that touch are one. */
function hunksOf(lines: readonly Line[]): readonly (readonly [number, number])[] {
  const hunks: [number, number][] = [];
  for (const [at, [sign]] of lines.entries()) {
    if (sign === " ") continue;
    const from = Math.max(0, at - CONTEXT);
    const to = Math.min(lines.length, at + CONTEXT + 1);
    const last = hunks.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = to;
    else hunks.push([from, to]);
  }
  return hunks;
}

function hunkText(lines: readonly Line[], from: number, to: number): string {
  const count = (part: readonly Line[], without: string): number =>
    part.filter(([sign]) => sign !== without).length;
  const earlier = lines.slice(0, from);
  const own = lines.slice(from, to);
  const before = `${count(earlier, "+") + 1},${count(own, "+")}`;
  const after = `${count(earlier, "-") + 1},${count(own, "-")}`;
  return `@@ -${before} +${after} @@\n${own.map(([sign, text]) => `${sign}${text}\n`).join("")}`;
}

/**
 * Maps of sparse files: which parts of a file an archive holds, the rest being holes. In: the four
 * ways in which GNU tar wrote them; out: ascending segments, checked against the sizes claimed.
 *
 * @see GNU tar manual, "Storing Sparse Files"
 */
import { BLOCK_BYTES, broken, number } from "./tar-header.ts";
import { decimal } from "./tar-pax.ts";

export interface Segment {
  readonly offset: number;
  readonly size: number;
}

/** More segments than this make no file that anybody has. */
export const SEGMENTS_MAX = 1_000_000;

/** Segments of an old GNU header, 4, or of one of its extension blocks, 21. */
export function oldGnuSegments(block: Buffer, kind: "header" | "extension"): Segment[] {
  const [start, count] = kind === "header" ? [386, 4] : [0, 21];
  const segments: Segment[] = [];
  for (let at = start; at < start + count * 24; at += 24) {
    if (block[at] === 0 && block[at + 12] === 0) break;
    segments.push({ offset: number(block, at, 12), size: number(block, at + 12, 12) });
  }
  return segments;
}

/** Whether an extension block follows. */
export function oldGnuContinues(block: Buffer, kind: "header" | "extension"): boolean {
  return block[kind === "header" ? 482 : 504] !== 0;
}

export function oldGnuRealSize(header: Buffer): number {
  return number(header, 483, 12);
}

/** Offsets and sizes in turn. */
export function segmentsOfPairs(pairs: readonly number[]): Segment[] {
  if (pairs.length % 2 !== 0) throw broken("a sparse map lacks a number");
  const segments: Segment[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    segments.push({ offset: pairs[i] ?? 0, size: pairs[i + 1] ?? 0 });
  }
  return segments;
}

/** Format 0.1: the pairs as one text with commas. */
export function segmentsOfText(map: Buffer): Segment[] {
  const text = map.toString("latin1");
  return segmentsOfPairs(text === "" ? [] : text.split(",").map(decimal));
}

/**
 * Format 1.0: the map stands before the data, one number per line, padded to whole blocks.
 * Give the function block after block, until it returns the segments.
 */
export function segmentsOfBlocks(): (block: Buffer) => Segment[] | undefined {
  const numbers: number[] = [];
  let rest = "";
  let wanted = 1;
  return (block) => {
    const lines = (rest + block.toString("latin1")).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (numbers.length < wanted) numbers.push(decimal(line));
      if (numbers.length === 1) wanted = 1 + 2 * segmentCount(numbers[0] ?? 0);
    }
    if (rest.length > BLOCK_BYTES && numbers.length < wanted)
      throw broken("a sparse map is malformed");
    return numbers.length === wanted ? segmentsOfPairs(numbers.slice(1)) : undefined;
  };
}

function segmentCount(count: number): number {
  if (count > SEGMENTS_MAX) throw broken("a sparse map is too long");
  return count;
}

/**
 * Segments that ascend, lie within the file, and are exactly what is stored. @throws {Fault}
 * "corrupt"
 */
export function checkedSegments(
  segments: readonly Segment[],
  realSize: number,
  storedSize: number,
): Segment[] {
  if (segments.length > SEGMENTS_MAX) throw broken("a sparse map is too long");
  let end = 0;
  let stored = 0;
  for (const { offset, size } of segments) {
    if (offset < end || offset + size > realSize) throw broken("a sparse map contradicts itself");
    end = offset + size;
    stored += size;
  }
  if (stored !== storedSize) throw broken("a sparse map contradicts the size of its data");
  return segments.filter(({ size }) => size > 0);
}

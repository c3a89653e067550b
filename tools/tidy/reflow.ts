/**
 * Breaks comments that are too long for a line, the one thing the formatter leaves alone.
 *
 * In: the text of a TypeScript file. Out: the same text, with the paragraph around each long
 * comment line set anew. Lists, tables, tags and indented examples keep their lines; code is never
 * touched.
 */
import type { Source } from "./source.ts";
import { toSource } from "./source.ts";

const WIDTH = 100;

export function reflow(path: string, text: string): string {
  const source = toSource(path, text);
  const lines = [...source.lines];
  for (const { first, last } of ownLineComments(source).reverse()) {
    const block = lines.slice(first, last + 1);
    if (block.some((line) => line.length > WIDTH) && !block.some(isDirective)) {
      lines.splice(first, block.length, ...reflowBlock(block));
    }
  }
  return lines.join("\n");
}

/** Speaks to a tool that reads one line. */
function isDirective(line: string): boolean {
  return /^\s*(\/\/|\/?\*+)\s*(biome-ignore|oxlint-|@ts-)/.test(line);
}

interface Span {
  readonly first: number;
  readonly last: number;
}

/**
 * Comments that share no line with code, as line indices; neighbouring `//` lines are one comment.
 */
function ownLineComments(source: Source): Span[] {
  const spans: Span[] = [];
  for (const { type, start, end } of source.comments) {
    const first = source.lineAt(start) - 1;
    const last = source.lineAt(end) - 1;
    const before = source.lines[first]?.slice(0, start - offsetOf(source, first)) ?? "";
    const after = source.lines[last]?.slice(end - offsetOf(source, last)) ?? "";
    if (before.trim() !== "" || after.trim() !== "") continue;
    const previous = spans.at(-1);
    if (type === "Line" && previous?.last === first - 1 && isLine(source, previous.first)) {
      spans[spans.length - 1] = { first: previous.first, last };
    } else spans.push({ first, last });
  }
  return spans;
}

function offsetOf(source: Source, line: number): number {
  return source.lines.slice(0, line).reduce((sum, { length }) => sum + length + 1, 0);
}

function isLine(source: Source, index: number): boolean {
  return source.lines[index]?.trimStart().startsWith("//") === true;
}

function reflowBlock(block: readonly string[]): string[] {
  const indent = /^\s*/.exec(block[0] ?? "")?.[0] ?? "";
  if (block[0]?.trimStart().startsWith("//") === true) {
    return setParagraphs(contentOf(block, /^\s*\/\/ ?/), `${indent}// `);
  }
  const [only] = block;
  if (block.length === 1 && only !== undefined) {
    const content = only
      .trim()
      .replace(/^\/\*\*? ?/, "")
      .replace(/ ?\*\/$/, "");
    const opening = only.trim().startsWith("/**") ? "/**" : "/*";
    return [`${indent}${opening}`, ...setParagraphs([content], `${indent} * `), `${indent} */`];
  }
  const inner = setParagraphs(contentOf(block.slice(1, -1), /^\s*\* ?/), `${indent} * `);
  return [block[0] ?? "", ...inner, block.at(-1) ?? ""];
}

function contentOf(lines: readonly string[], prefix: RegExp): string[] {
  return lines.map((line) => line.replace(prefix, ""));
}

function setParagraphs(lines: readonly string[], prefix: string): string[] {
  const out: string[] = [];
  let paragraph: string[] = [];
  const end = (): void => {
    out.push(...setParagraph(paragraph, WIDTH - prefix.length));
    paragraph = [];
  };
  for (const line of lines) {
    if (isShape(line)) end();
    if (isFixed(line)) out.push(line);
    else paragraph.push(line);
  }
  end();
  return out.map((line) => `${prefix}${line}`.trimEnd());
}

/**
 * Starts something of its own: an empty line, a list item, a tag, a table row, an indented line.
 */
function isShape(line: string): boolean {
  return /^(\s*$|\s{2}|\s*([-*•|@]|\d+\.)\s*)/.test(line);
}

/** Keeps its line whatever its length: it is a picture, not prose. */
function isFixed(line: string): boolean {
  return /^(\s*$|\s{2}|\s*\|)/.test(line);
}

/** A paragraph stays as it was if all its lines fit; a list item hangs its further lines. */
function setParagraph(lines: readonly string[], width: number): string[] {
  if (lines.every((line) => line.length <= width)) return [...lines];
  const hanging = /^([-*•]|\d+\.) /.exec(lines[0] ?? "")?.[0].length ?? 0;
  const out: string[] = [];
  let current = "";
  for (const word of lines.join(" ").split(/ +/)) {
    if (current.trim() !== "" && current.length + 1 + word.length > width) {
      out.push(current);
      current = `${" ".repeat(hanging)}${word}`;
    } else current = current === "" ? word : `${current} ${word}`;
  }
  return [...out, current];
}

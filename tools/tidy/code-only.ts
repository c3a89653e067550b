/**
 * A source with everything blanked that is not code: comments and the insides of strings. What is
 * left stays at its line and column.
 *
 * In: a source. Out: text of the same length.
 */
import { Visitor } from "oxc-parser";
import type { Source } from "./source.ts";

export function codeOnly(source: Source): string {
  const spans: { start: number; end: number }[] = [...source.comments];
  new Visitor({
    Literal: (node) => {
      if (typeof node.value === "string" || "regex" in node) spans.push(node);
    },
    TemplateElement: (node) => {
      spans.push(node);
    },
  }).visit(source.program);
  return blank(source.text, spans);
}

function blank(text: string, spans: readonly { start: number; end: number }[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    parts.push(text.slice(at, start), text.slice(start, end).replace(/[^\n]/g, " "));
    at = end;
  }
  return [...parts, text.slice(at)].join("");
}

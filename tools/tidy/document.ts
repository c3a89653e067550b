/**
 * One Markdown file: its links, the file names it mentions, the anchors it offers.
 *
 * In: path and text. Out: a value. Text inside fenced blocks is shown, not meant, and is left out.
 */
export interface Mention {
  readonly text: string;
  readonly line: number;
}

export interface Document {
  readonly path: string;
  readonly lines: readonly string[];
  /** Targets of `[text](target)` and `[text]: target`. */
  readonly links: readonly Mention[];
  /** Code spans, such as `rkt/image/pull.ts`. */
  readonly spans: readonly Mention[];
  /** What `#fragment` may name, as GitHub makes it of headings. */
  readonly anchors: ReadonlySet<string>;
}

export function toDocument(path: string, text: string): Document {
  const all = text.split("\n");
  const lines = withoutFences(all);
  const anchors = lines.flatMap((line) => {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    return heading === undefined ? [] : [anchorOf(heading)];
  });
  return {
    path,
    lines: all,
    links: mentions(
      lines.map((line) => line.replace(/`[^`]*`/g, "")),
      /\]\(<?([^)\s>]+)[^)]*\)|^\[[^\]]+\]:\s*(\S+)/g,
    ),
    spans: mentions(lines, /`([^`]+)`/g),
    anchors: new Set(anchors),
  };
}

function withoutFences(lines: readonly string[]): string[] {
  let inside = false;
  return lines.map((line) => {
    const fence = /^\s*(```|~~~)/.test(line);
    if (fence) inside = !inside;
    return inside || fence ? "" : line;
  });
}

function mentions(lines: readonly string[], pattern: RegExp): Mention[] {
  return lines.flatMap((line, index) =>
    [...line.matchAll(pattern)].map((m) => ({ text: m[1] ?? m[2] ?? "", line: index + 1 })),
  );
}

function anchorOf(heading: string): string {
  const words = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "");
  return words.trim().replace(/\s/g, "-");
}

/**
 * One TypeScript file: its lines, its syntax tree, what it imports and exports.
 *
 * In: path and text. Out: a value. The tree comes from a real parser, so strings and comments never
 * look like code.
 */
import { type Comment, parseSync, type Program } from "oxc-parser";

export interface Import {
  /** As written: `./fault.ts`, `@shared/base`, `node:fs`. */
  readonly specifier: string;
  readonly line: number;
}

export interface Export {
  /** The name others see; `default` for a default export, `*` for `export *`. */
  readonly name: string;
  /** The name in the file it comes from. */
  readonly origin: string;
  /** The module it is passed on from, if it is not declared here. */
  readonly from: string | undefined;
  readonly line: number;
}

export interface Source {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly program: Program;
  readonly comments: readonly Comment[];
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  /** The line, counted from 1, of an offset into the text. */
  readonly lineAt: (offset: number) => number;
}

type Parsed = ReturnType<typeof parseSync>;
type LineAt = Source["lineAt"];

export function toSource(path: string, text: string): Source {
  const parsed = parseSync(path, text);
  const lineAt = lineFinder(text);
  return {
    path,
    text,
    lines: text.split("\n"),
    program: parsed.program,
    comments: parsed.comments,
    imports: importsOf(parsed, text, lineAt),
    exports: exportsOf(parsed, lineAt),
    lineAt,
  };
}

function importsOf({ module }: Parsed, text: string, lineAt: LineAt): Import[] {
  const fixed = module.staticImports.map(({ moduleRequest, start }) => ({
    specifier: moduleRequest.value,
    line: lineAt(start),
  }));
  const passedOn = module.staticExports.flatMap(({ entries, start }) =>
    entries.flatMap(({ moduleRequest }) =>
      moduleRequest === null ? [] : [{ specifier: moduleRequest.value, line: lineAt(start) }],
    ),
  );
  const lazy = module.dynamicImports.flatMap(({ moduleRequest, start }) => {
    const literal = /^["'`]([^"'`$]+)["'`]$/.exec(
      text.slice(moduleRequest.start, moduleRequest.end),
    );
    return literal?.[1] === undefined ? [] : [{ specifier: literal[1], line: lineAt(start) }];
  });
  return [...fixed, ...passedOn, ...lazy];
}

function exportsOf({ module }: Parsed, lineAt: LineAt): Export[] {
  return module.staticExports.flatMap(({ entries, start }) =>
    entries.map((entry) => ({
      name: entry.exportName.name ?? namelessExport(entry.exportName.kind),
      origin: entry.importName.name ?? entry.localName.name ?? "*",
      from: entry.moduleRequest?.value,
      line: lineAt(entry.start ?? start),
    })),
  );
}

function namelessExport(kind: string): string {
  return kind === "Default" ? "default" : "*";
}

function lineFinder(text: string): LineAt {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}

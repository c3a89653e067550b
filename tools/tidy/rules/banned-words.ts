/**
 * Applies the bans. In: sources, and documents for the bans on text. Out: a finding per line and
 * ban.
 */
import { codeOnly } from "../code-only.ts";
import type { Finding, Rule } from "../finding.ts";
import type { Source } from "../source.ts";
import { BANS, type Ban } from "./bans.ts";

interface Piece {
  readonly text: string;
  readonly line: number;
}

type Pieces = Readonly<Record<Ban["in"], readonly Piece[]>>;

export const bannedWords: Rule = {
  name: "no banned word is used",
  check: ({ sources, documents }) => [
    ...[...sources.values()].flatMap((source) => findBanned(source.path, piecesOf(source))),
    ...documents.flatMap(({ path, lines }) =>
      findBanned(path, { code: [], imports: [], text: toPieces(lines) }),
    ),
  ],
};

function findBanned(path: string, pieces: Pieces): Finding[] {
  return BANS.filter(({ allowedIn }) => allowedIn?.test(path) !== true).flatMap((ban) =>
    pieces[ban.in].flatMap((piece) => toFinding(path, ban, piece)),
  );
}

function piecesOf(source: Source): Pieces {
  return {
    code: toPieces(codeOnly(source).split("\n")),
    text: toPieces(source.lines),
    imports: source.imports.map(({ specifier, line }) => ({ text: specifier, line })),
  };
}

function toPieces(lines: readonly string[]): Piece[] {
  return lines.map((text, index) => ({ text, line: index + 1 }));
}

function toFinding(path: string, ban: Ban, { text, line }: Piece): Finding[] {
  const word = ban.pattern.exec(text)?.[0].trim();
  if (word === undefined) return [];
  return [{ path, line, what: `"${word}" is banned here`, instead: ban.instead }];
}

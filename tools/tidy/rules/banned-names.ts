/**
 * Names that say nothing. In: file paths and declared names. Out: those that could stand on
 * anything.
 */
import { Visitor } from "oxc-parser";
import type { Finding, Rule } from "../finding.ts";
import type { Source } from "../source.ts";

const EMPTY_FILE_NAME = /(^|[/-])(utils?|helpers?|common|misc|manager|impl)([-./]|$)/;
const EMPTY_NAME = /^(utils?|helpers?|common|misc)$|(Utils?|Helpers?|(?<!field)Manager|Impl)$/;
const INSTEAD = "name it after what it does or what it is, in the words of the field";

export const bannedNames: Rule = {
  name: "no file or declaration has an empty name",
  check: ({ sources }) =>
    [...sources.values()].flatMap((source) => [...fileName(source), ...declaredNames(source)]),
};

function fileName({ path }: Source): Finding[] {
  const word = EMPTY_FILE_NAME.exec(path)?.[2];
  if (word === undefined) return [];
  return [{ path, line: 1, what: `"${word}" in a file name says nothing`, instead: INSTEAD }];
}

function declaredNames(source: Source): Finding[] {
  const findings: Finding[] = [];
  const look = ({ id }: { id: { type: string; name?: unknown; start: number } | null }): void => {
    if (id?.type !== "Identifier" || typeof id.name !== "string") return;
    if (!EMPTY_NAME.test(id.name)) return;
    const what = `the name "${id.name}" says nothing`;
    findings.push({ path: source.path, line: source.lineAt(id.start), what, instead: INSTEAD });
  };
  new Visitor({
    VariableDeclarator: look,
    FunctionDeclaration: look,
    ClassDeclaration: look,
    TSInterfaceDeclaration: look,
    TSTypeAliasDeclaration: look,
  }).visit(source.program);
  return findings;
}

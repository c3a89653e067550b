/**
 * In: the text of a table as `tables.ts` writes it. Out: the structs that it was written from, as
 * far as TypeScript types need them.
 */
import type { ApiPackage } from "./packages.ts";
import type { Struct, TableField } from "./types.ts";

export function readStructs(of: ApiPackage, text: string): readonly Struct[] {
  const structs: { of: ApiPackage; name: string; isKind: boolean; fields: TableField[] }[] = [];
  for (const line of text.split("\n")) {
    const [first = "", name = "", ...words] = line.split(" ");
    if (first === "type") structs.push({ of, name, isKind: words[0] === "kind", fields: [] });
    else if (first === "" && name !== "") structs.at(-1)?.fields.push(readField(name, words));
  }
  return structs;
}

function readField(name: string, [number = "", marked = ""]: readonly string[]): TableField {
  const [, marks = "", type = ""] = /^(!?\*?)(.*)$/.exec(marked) ?? [];
  return {
    name,
    number,
    pointer: marks.includes("*"),
    alwaysWritten: marks.includes("!"),
    type,
    goType: undefined,
  };
}

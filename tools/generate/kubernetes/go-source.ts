/**
 * In: the Go files of packages that define Kubernetes types. Out: their structs and named types:
 * names, JSON names, protobuf numbers, pointers. Only such facts are taken, never a comment.
 *
 * Reads what gofmt prints, line by line; it is no Go parser.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface GoField {
  readonly name: string;
  readonly type: string;
  /** Empty for an embedded struct whose fields are inlined. */
  readonly jsonName: string;
  readonly omitEmpty: boolean;
  readonly omitZero: boolean;
  readonly number: number | undefined;
}

export interface GoType {
  readonly name: string;
  /** Go's text of what it stands for; "struct" where `fields` say it. */
  readonly underlying: string;
  readonly fields: readonly GoField[];
  readonly imports: ReadonlyMap<string, string>;
}

export interface GoPackage {
  readonly path: string;
  readonly types: ReadonlyMap<string, GoType>;
}

/** The types of a package's directory; tests and generated files are left out. */
export function readGoPackage(directory: string, path: string): GoPackage {
  const types = new Map<string, GoType>();
  for (const file of readdirSync(directory).toSorted()) {
    if (!file.endsWith(".go") || /_test\.go$|^zz_generated|^generated|_swagger_/.test(file))
      continue;
    for (const type of readTypes(readFileSync(join(directory, file), "utf8"))) {
      types.set(type.name, type);
    }
  }
  return { path, types };
}

function readTypes(text: string): GoType[] {
  const imports = readImports(text);
  const found: GoType[] = [];
  const declaration = /^type (\w+) (?:=\s*)?(.+?)(?:\s*\/\/.*)?$/gm;
  for (const match of text.matchAll(declaration)) {
    const [whole, name = "", what = ""] = match;
    if (what.startsWith("interface")) continue;
    if (!what.startsWith("struct")) {
      found.push({ name, underlying: what, fields: [], imports });
      continue;
    }
    const start = match.index + whole.length;
    const body = what.endsWith("}") ? "" : text.slice(start, text.indexOf("\n}", start));
    found.push({ name, underlying: "struct", fields: readFields(body), imports });
  }
  return found;
}

function readImports(text: string): Map<string, string> {
  const imports = new Map<string, string>();
  const block = /^import \(\n([\s\S]*?)^\)/m.exec(text)?.[1] ?? "";
  for (const [, alias, path = ""] of block.matchAll(/^\t(?:(\w+) )?"([^"]+)"/gm)) {
    imports.set(alias ?? path.slice(path.lastIndexOf("/") + 1), path);
  }
  const single = /^import (?:(\w+) )?"([^"]+)"/m.exec(text);
  if (single !== null) {
    const path = single[2] ?? "";
    imports.set(single[1] ?? path.slice(path.lastIndexOf("/") + 1), path);
  }
  return imports;
}

function readFields(body: string): GoField[] {
  const fields: GoField[] = [];
  for (const [, left = "", tag = ""] of body.matchAll(/^\t([\w*].*?)\s*`([^`]*)`/gm)) {
    const words = left.split(/\s+/);
    const json = /json:"([^"]*)"/.exec(tag)?.[1];
    if (json === undefined || json === "-") continue;
    const [jsonName = "", ...options] = json.split(",");
    const number = /protobuf:"[^,"]*,(\d+)/.exec(tag)?.[1];
    fields.push({
      name: words[0] ?? "",
      type: words.slice(1).join(" ") || (words[0] ?? ""),
      jsonName,
      omitEmpty: options.includes("omitempty"),
      omitZero: options.includes("omitzero"),
      number: number === undefined ? undefined : Number(number),
    });
  }
  return fields;
}

/**
 * `sh tools/bun tools/generate/kubernetes/main.ts DATA MODULES [--check]`: writes the tables of
 * all built-in kinds and their TypeScript types, or says which of the committed ones differ.
 *
 * In: DATA, answers of a real server (OpenAPI v3, resource lists, table columns, protobuf field
 * numbers), and MODULES, the Go modules api, apimachinery, apiextensions-apiserver and
 * kube-aggregator of the same version side by side. Out: `rktnetes/api/kinds/generated/*.txt` and
 * `rktnetes/api/types/*.ts`.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { compareProtobuf, missingFields, readProtobufFields } from "./compare.ts";
import { readColumns } from "./discovery.ts";
import { readGoPackage } from "./go-source.ts";
import { readDefinitions } from "./openapi.ts";
import { PACKAGES, SCALAR_TYPES } from "./packages.ts";
import { tableText } from "./tables.ts";
import { reachableStructs } from "./types.ts";
import type { Packages } from "./types.ts";
import { typesText } from "./typescript.ts";

const [data = "", modules = "", flag] = process.argv.slice(2);
const API = join(import.meta.dir, "../../../rktnetes/api");

const packages: Packages = new Map(
  PACKAGES.map(({ importPath, directory }) => [
    importPath,
    readGoPackage(join(modules, directory), importPath),
  ]),
);
const definitions = readDefinitions(join(data, "openapi-v3"));
const structs = reachableStructs(packages, roots());
const sources = { data, columns: readColumns(data), definitions };

const files = new Map<string, string>();
for (const of of PACKAGES) {
  const own = structs.filter((struct) => struct.of === of);
  files.set(join(API, "kinds/generated", `${of.id}.txt`), tableText(of, own, sources));
  files.set(join(API, "types", `${of.id.replaceAll("_", "-")}.ts`), formatted(typesText(of, own)));
}

const complaints = [
  ...missingFields(structs, definitions),
  ...compareProtobuf(structs, readProtobufFields(data)),
];
for (const complaint of complaints) console.log(complaint);

for (const [path, text] of files) {
  if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
  console.log(`${flag === "--check" ? "differs" : "written"}: ${path}`);
  if (flag === "--check") process.exitCode = 1;
  else writeFileSync(path, text);
}

/** Every definition of the OpenAPI documents, and every kind that the packages declare. */
function roots(): string[] {
  const found: string[] = [];
  for (const of of PACKAGES) {
    for (const type of packages.get(of.importPath)?.types.values() ?? []) {
      const isKind = type.fields.some((field) => /(^|\.)TypeMeta$/.test(field.type));
      const isListed = definitions.has(`${of.openapiPrefix}.${type.name}`);
      const isScalar = `${of.importPath}.${type.name}` in SCALAR_TYPES;
      if (type.underlying === "struct" && !isScalar && (isKind || isListed)) {
        found.push(`${of.id}.${type.name}`);
      }
    }
  }
  return found;
}

/** As the formatter of this repository writes it. */
function formatted(text: string): string {
  const biome = join(import.meta.dir, "../../../node_modules/.bin/biome");
  const done = Bun.spawnSync([biome, "format", "--stdin-file-path=types.ts"], {
    stdin: Buffer.from(text),
    stderr: "inherit",
  });
  if (!done.success) throw new Error("format generated types: biome failed");
  return done.stdout.toString();
}

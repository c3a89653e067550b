/**
 * In: resource lists and table columns of a server. Out: the lines of a table that say which
 * resources an API serves.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { SELECTABLE } from "./packages.ts";
import type { ApiPackage } from "./packages.ts";

interface Resource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
}

interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly priority: number;
}

export type Columns = Readonly<Record<string, { columnDefinitions?: readonly ColumnDefinition[] }>>;

export function readColumns(data: string): Columns {
  return JSON.parse(readFileSync(join(data, "table-columns.json"), "utf8")) as Columns;
}

/** A `kind` line per resource, its sub-resources and columns indented below it. */
export function kindLines(data: string, of: ApiPackage, columns: Columns): string[] {
  const file = join(
    data,
    "resources",
    `${of.group === "" ? "core" : of.group}__${of.version}.json`,
  );
  if (!existsSync(file)) return [];
  const text = readFileSync(file, "utf8");
  const { resources } = JSON.parse(text) as { resources: readonly Resource[] };
  const lines: string[] = [];
  for (const resource of resources) {
    if (resource.name.includes("/")) continue;
    const subresources = resources.filter(({ name }) => name.startsWith(`${resource.name}/`));
    const suffix = of.group === "" ? `/${of.version}` : `.${of.group}/${of.version}`;
    const key = resource.name + suffix;
    lines.push(kindLine(resource, SELECTABLE[key] ?? []), ...subresources.map(subresourceLine));
    const shown = columns[key]?.columnDefinitions ?? [];
    lines.push(...shown.map(columnLine));
  }
  return lines;
}

function kindLine(resource: Resource, fields: readonly string[]): string {
  const list = (word: string, values: readonly string[] = []): string =>
    values.length === 0 ? "" : ` ${word}=${values.join(",")}`;
  const scope = resource.namespaced ? " namespaced" : "";
  const hash =
    resource.storageVersionHash === undefined ? "" : ` hash=${resource.storageVersionHash}`;
  return (
    `kind ${resource.kind} ${resource.name} ${resource.singularName}${scope}` +
    list("short", resource.shortNames) +
    list("categories", resource.categories) +
    list("verbs", resource.verbs) +
    hash +
    list("fields", fields)
  );
}

function subresourceLine(resource: Resource): string {
  const name = resource.name.slice(resource.name.indexOf("/") + 1);
  const of = resource.group === undefined ? "" : ` of=${resource.group}/${resource.version}`;
  return ` sub ${name} ${resource.kind} verbs=${resource.verbs.join(",")}${of}`;
}

function columnLine({ name, type, format, priority }: ColumnDefinition): string {
  return ` column ${priority} ${type} ${format === "" ? "-" : format} ${name}`;
}

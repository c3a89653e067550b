/**
 * In: structs from the Go types, definitions from OpenAPI, resources from discovery. Out: the text
 * of one table per API, in the format that `rktnetes/api/kinds/table.ts` reads.
 */
import type { Columns } from "./discovery.ts";
import { kindLines } from "./discovery.ts";
import type { Definition, Property } from "./openapi.ts";
import type { ApiPackage } from "./packages.ts";
import type { Struct, TableField } from "./types.ts";

export interface Sources {
  readonly data: string;
  readonly columns: Columns;
  readonly definitions: ReadonlyMap<string, Definition>;
}

export function tableText(of: ApiPackage, structs: readonly Struct[], sources: Sources): string {
  const lines = [
    `api ${of.group === "" ? "-" : of.group} ${of.version} ${of.openapiPrefix}`,
    ...kindLines(sources.data, of, sources.columns),
  ];
  for (const struct of structs.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const definition = sources.definitions.get(`${of.openapiPrefix}.${struct.name}`) ?? {};
    lines.push(typeLine(struct, definition));
    for (const field of struct.fields) {
      lines.push(fieldLine(field, definition.properties?.[field.name] ?? {}));
    }
  }
  return `${lines.join("\n")}\n`;
}

function typeLine(struct: Struct, definition: Definition): string {
  const kind = struct.isKind ? " kind" : "";
  const atomic = definition["x-kubernetes-map-type"] === "atomic" ? " atomic" : "";
  const required = definition.required ?? [];
  return `type ${struct.name}${kind}${atomic}${words("required", required)}`;
}

function fieldLine(field: TableField, property: Property): string {
  const marks = `${field.alwaysWritten ? "!" : ""}${field.pointer ? "*" : ""}`;
  return (
    ` ${field.name} ${field.number} ${marks}${field.type}` +
    shapeWords(property) +
    words("enum", enumOf(property)) +
    defaultWord(property.default) +
    (field.goType === undefined ? "" : ` go=${field.goType}`)
  );
}

function shapeWords(property: Property): string {
  const listType = property["x-kubernetes-list-type"];
  const keys = property["x-kubernetes-list-map-keys"] ?? [];
  const strategy = property["x-kubernetes-patch-strategy"];
  const mergeKey = property["x-kubernetes-patch-merge-key"];
  return (
    (property["x-kubernetes-map-type"] === undefined
      ? ""
      : ` ${property["x-kubernetes-map-type"]}`) +
    (listType === "set" ? " set" : "") +
    (listType === "map" ? words("keys", keys) : "") +
    (strategy === undefined ? "" : ` patch=${strategy}`) +
    (mergeKey === undefined ? "" : ` mergeKey=${mergeKey}`)
  );
}

function enumOf(property: Property): readonly string[] {
  return property.enum ?? property.items?.enum ?? property.additionalProperties?.enum ?? [];
}

/** Zero values are no defaults: they say that Go always writes the field. */
function defaultWord(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return ["", "{}", '""', "0", "false"].includes(text) ? "" : ` default=${text}`;
}

function words(word: string, values: readonly string[]): string {
  return values.length === 0 ? "" : ` ${word}=${values.join(",")}`;
}

/**
 * Three sources say the same of a type; where they disagree, one of them was misread. In: structs
 * as the tables write them, OpenAPI definitions, protobuf field numbers. Out: a line for each
 * disagreement.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Definition } from "./openapi.ts";
import { PACKAGES } from "./packages.ts";
import type { Struct } from "./types.ts";

/** Properties that Go's types lack, and the other way round. */
export function missingFields(
  structs: readonly Struct[],
  definitions: ReadonlyMap<string, Definition>,
): string[] {
  const lines: string[] = [];
  const known = new Map(structs.map((one) => [`${one.of.openapiPrefix}.${one.name}`, one]));
  for (const [name, { properties = {} }] of definitions) {
    const of = PACKAGES.some(({ openapiPrefix }) => name.startsWith(`${openapiPrefix}.`));
    const struct = known.get(name);
    if (!of || Object.keys(properties).length === 0) continue;
    if (struct === undefined) {
      lines.push(`only OpenAPI has ${name}`);
      continue;
    }
    const fields = new Set(struct.fields.map((field) => field.name));
    const listed = new Set(Object.keys(properties));
    for (const one of listed.difference(fields)) lines.push(`only OpenAPI has ${name} ${one}`);
    for (const one of fields.difference(listed)) lines.push(`only Go has ${name} ${one}`);
  }
  return lines;
}

export type ProtobufFields = Readonly<
  Record<string, { messages: Record<string, Record<string, { number: number }>> }>
>;

export function readProtobufFields(data: string): ProtobufFields {
  return JSON.parse(readFileSync(join(data, "protobuf-fields.json"), "utf8")) as ProtobufFields;
}

/** Field numbers that differ, as sets: names on the wire may differ from those in JSON. */
export function compareProtobuf(structs: readonly Struct[], fields: ProtobufFields): string[] {
  const lines: string[] = [];
  for (const { of, name, fields: own } of structs) {
    const message = fields[of.protobufPackage]?.messages[name];
    if (message === undefined) continue;
    const wanted = Object.values(message).map((field) => field.number);
    const outer = own.map(({ number }) => number.split(".")[0]).filter((number) => number !== "-");
    const found = new Set(outer.map(Number));
    const odd = new Set(wanted).symmetricDifference(found);
    if (odd.size > 0) lines.push(`protobuf numbers of ${of.id}.${name} differ: ${[...odd].join()}`);
  }
  return lines;
}

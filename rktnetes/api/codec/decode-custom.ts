/**
 * An object of a custom kind out of any JSON. In: a tree and the kind's schema. Out: the object
 * with metadata as all kinds have it, pruned, with defaults; what was taken away are its problems.
 * A type that does not fit is no fault here: validation says so.
 */
import { Fault } from "@shared/base";

import type { Json, JsonObject, ObjectSchema, Structural } from "../schema/schema.ts";
import { fillIn } from "../structural/fill-in.ts";
import { prune } from "../structural/prune.ts";
import { isObject } from "../structural/structural.ts";
import { objectMetaSchema } from "../structural/type-schema.ts";
import { Decoder } from "./decoder.ts";
import { describe } from "./tree.ts";

export interface CustomDecoded {
  readonly object: JsonObject;
  readonly problems: readonly string[];
}

/** The tree becomes the object: it is changed in place. */
export function decodeCustom({ structural }: ObjectSchema, tree: Json): CustomDecoded {
  if (!isObject(tree)) {
    const type = "map[string]interface {}";
    const words = `json: cannot unmarshal ${describe(tree)} into Go value of type ${type}`;
    throw new Fault("invalid", words);
  }
  const unknown = readMetadata(tree, "");
  if (structural === undefined) return { object: tree, problems: unknown };
  unknown.push(...prune(tree, structural, true));
  readEmbedded(tree, structural, { path: "", unknown });
  fillIn(tree, structural);
  return { object: tree, problems: unknown.map((path) => `unknown field ${JSON.stringify(path)}`) };
}

/** Reads `metadata` of an object in place; hands back the paths of what nobody knows in it. */
function readMetadata(object: JsonObject, path: string): string[] {
  const metadata = object["metadata"];
  if (metadata === undefined) return [];
  if (metadata === null) {
    delete object["metadata"];
    return [];
  }
  const quick = new Decoder(false);
  const read = quick.root(metadata, objectMetaSchema());
  if (!quick.stumbled && read !== undefined) {
    object["metadata"] = read;
    return [];
  }
  const exact = new Decoder(true);
  const slow = exact.root(metadata, objectMetaSchema());
  if (exact.fault !== undefined) throw exact.fault;
  object["metadata"] = slow ?? {};
  return exact.problems.map((problem) => `${path}metadata.${/"(.*)"/.exec(problem)?.[1] ?? ""}`);
}

interface Place {
  readonly path: string;
  readonly unknown: string[];
}

function readEmbedded(value: Json, schema: Structural, { path, unknown }: Place): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return;
    for (const [at, item] of value.entries()) {
      readEmbeddedAt(item, items, { path: `${path}[${at}]`, unknown });
    }
    return;
  }
  if (!isObject(value)) return;
  for (const name of Object.keys(value)) {
    const known = schema.properties.get(name) ?? schema.additional;
    if (known === undefined || known === true) continue;
    const below = path === "" ? name : `${path}.${name}`;
    readEmbeddedAt(value[name] ?? null, known, { path: below, unknown });
  }
}

function readEmbeddedAt(value: Json, schema: Structural, place: Place): void {
  if (schema.embedded && isObject(value) && isObject(value["metadata"])) {
    place.unknown.push(...readMetadata(value, `${place.path}.`));
  }
  readEmbedded(value, schema, place);
}

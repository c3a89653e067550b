/** A YAML body as an object. Loaded when the first one comes. @throws {StatusFault} 400 */
import { type Decoded, decodeYaml } from "@rktnetes/api/codec/decode";
import { parseYaml, type YamlTree } from "@rktnetes/api/codec/yaml";
import type { Json } from "@rktnetes/api/schema";
import { tooLarge } from "@rktnetes/api/status-fault";
import { Fault } from "@shared/base";
import { type BodyKind, checkType, orRefuse, unrecognized } from "./body-kind.ts";

export async function decodeYamlBody(bytes: Buffer, kind: BodyKind): Promise<Decoded> {
  const tree = await readYaml(bytes, kind);
  checkType(
    { apiVersion: textOf(tree.tree, "apiVersion"), kind: textOf(tree.tree, "kind") },
    bytes,
    kind,
  );
  return orRefuse(kind, () => decodeYaml(kind.schema, tree));
}

async function readYaml(bytes: Buffer, kind: BodyKind): Promise<YamlTree> {
  try {
    return await parseYaml(bytes.toString());
  } catch (error) {
    if (error instanceof Fault && error.kind === "exhausted") throw tooLarge(error.message);
    if (!(error instanceof Fault) || error.kind !== "invalid") throw error;
    throw unrecognized(error.message, bytes, kind);
  }
}

function textOf(tree: Json, field: string): string {
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) return "";
  const value = tree[field];
  return typeof value === "string" ? value : "";
}

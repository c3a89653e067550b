/**
 * In: the OpenAPI v3 documents of a server. Out: what they alone know of a type: required fields,
 * enumerations, list types and keys, patch strategies, defaults. Descriptions are never read.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly items?: Property;
  readonly additionalProperties?: Property;
  readonly "x-kubernetes-list-type"?: string;
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: string;
  readonly "x-kubernetes-patch-strategy"?: string;
  readonly "x-kubernetes-patch-merge-key"?: string;
}

export interface Definition {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Property>>;
  readonly "x-kubernetes-map-type"?: string;
}

/** All definitions by full name; documents that share one have the same. */
export function readDefinitions(directory: string): Map<string, Definition> {
  const found = new Map<string, Definition>();
  for (const file of readdirSync(directory).toSorted()) {
    if (file === "index.json") continue;
    const text = readFileSync(join(directory, file), "utf8");
    const document = JSON.parse(text) as { components: { schemas: Record<string, Definition> } };
    for (const [name, definition] of Object.entries(document.components.schemas)) {
      found.set(name, definition);
    }
  }
  return found;
}

/** Labels and their like that a path does not write go back to what they were. */
import type { JsonObject } from "../schema/schema.ts";
import { objectAt, readObject } from "./object-at.ts";

export function keepMetadata(object: JsonObject, old: JsonObject, fields: readonly string[]): void {
  const metadata = objectAt(object, "metadata");
  const before = readObject(old, "metadata");
  for (const field of fields) {
    const value = before[field];
    if (value === undefined) delete metadata[field];
    else metadata[field] = structuredClone(value);
  }
}

/** All that clients write of metadata. */
export const WRITTEN: readonly string[] = [
  "labels",
  "annotations",
  "finalizers",
  "ownerReferences",
];

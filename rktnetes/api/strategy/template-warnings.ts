/** Warnings of workloads: only a new or a changed template is worth them. */
import type { JsonObject } from "../schema/schema.ts";
import { templateWarnings } from "../validate/pod/warnings.ts";
import { isSameJson } from "../values/same-json.ts";
import { readObject } from "./object-at.ts";

export function changedTemplateWarnings(
  object: JsonObject,
  old: JsonObject | undefined,
): readonly string[] {
  const isSame =
    old !== undefined && isSameJson(readObject(object, "spec"), readObject(old, "spec"));
  return isSame ? [] : templateWarnings(object);
}

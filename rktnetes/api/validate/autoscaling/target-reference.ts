/** References to what is scaled or measured. In: decoded references. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { readText } from "../../strategy/object-at.ts";
import { pathSegmentProblems } from "../../values/names.ts";
import { type Errors, problemErrors } from "../checks.ts";
import { invalid, required } from "../field-error.ts";

/** An object of any kind, by name. */
export function targetErrors(reference: JsonObject, field: string): Errors {
  const named = ["kind", "name"].flatMap((part) => {
    const text = readText(reference, part);
    if (text === "") return [required(`${field}.${part}`)];
    return problemErrors(`${field}.${part}`, text, pathSegmentProblems(text));
  });
  const version = readText(reference, "apiVersion");
  if (version !== "") return named;
  return [...named, invalid(`${field}.apiVersion`, version, "apiVersion must specify API group")];
}

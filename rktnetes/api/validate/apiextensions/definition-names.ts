/** The names of a custom kind. In: `spec.names`. Out: field errors in Kubernetes' order. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { readText } from "../../strategy/object-at.ts";
import { textsOf } from "../../structural/structural.ts";
import { dns1035LabelProblems } from "../../values/names.ts";
import { type FieldError, invalid, required } from "../field-error.ts";

export function missingNameErrors(names: JsonObject, path: string): readonly FieldError[] {
  return ["plural", "singular", "kind", "listKind"]
    .filter((name) => readText(names, name) === "")
    .map((name) => required(`${path}.${name}`));
}

export function nameErrors(names: JsonObject, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ["plural", "singular"]) {
    const value = readText(names, name);
    if (value !== "") errors.push(...labelErrors(value, `${path}.${name}`));
  }
  for (const name of ["kind", "listKind"]) {
    const value = readText(names, name);
    const problems = value === "" ? [] : dns1035LabelProblems(value.toLowerCase());
    if (problems.length === 0) continue;
    const why = `may have mixed case, but should otherwise match: ${problems.join(",")}`;
    errors.push(invalid(`${path}.${name}`, value, why));
  }
  for (const [at, name] of textsOf(names["shortNames"]).entries()) {
    errors.push(...labelErrors(name, `${path}.shortNames[${at}]`));
  }
  const kind = readText(names, "kind");
  if (kind !== "" && kind === names["listKind"]) {
    errors.push(invalid(`${path}.listKind`, kind, "kind and listKind may not be the same"));
  }
  for (const [at, name] of textsOf(names["categories"]).entries()) {
    errors.push(...labelErrors(name, `${path}.categories[${at}]`));
  }
  return errors;
}

export function labelErrors(value: string, field: string): readonly FieldError[] {
  const problems = dns1035LabelProblems(value);
  return problems.length === 0 ? [] : [invalid(field, value, problems.join(","))];
}

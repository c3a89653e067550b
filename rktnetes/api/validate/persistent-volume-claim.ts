/** What a claim of storage may ask for. In: a decoded claim's spec. Out: field errors. Pure. */
import type { JsonObject } from "../schema/schema.ts";
import { findObject, readObject, readText, readTexts } from "../strategy/object-at.ts";
import { compareQuantities, parseQuantity } from "../values/quantity.ts";
import { choiceErrors, type Errors, labelSelectorErrors, subdomainErrors } from "./checks.ts";
import { type FieldError, forbidden, invalid, required } from "./field-error.ts";

const ACCESS_MODES: readonly string[] = [
  "ReadOnlyMany",
  "ReadWriteMany",
  "ReadWriteOnce",
  "ReadWriteOncePod",
];
export const VOLUME_MODES: readonly string[] = ["Block", "Filesystem"];

export function claimSpecErrors(spec: JsonObject, field: string): Errors {
  const selector = findObject(spec, "selector");
  const errors: FieldError[] = [];
  const modes = readTexts(spec, "accessModes");
  if (modes.length === 0)
    errors.push(required(`${field}.accessModes`, "at least 1 access mode is required"));
  if (selector !== undefined) errors.push(...labelSelectorErrors(selector, `${field}.selector`));
  errors.push(...accessModeErrors(modes, `${field}.accessModes`));
  const requests = readObject(readObject(spec, "resources"), "requests");
  errors.push(...storageErrors(requests, `${field}.resources[storage]`));
  const storageClass = readText(spec, "storageClassName");
  if (storageClass !== "")
    errors.push(...subdomainErrors(`${field}.storageClassName`, storageClass));
  errors.push(...choiceErrors(`${field}.volumeMode`, spec["volumeMode"], VOLUME_MODES));
  return [...errors, ...sourceErrors(spec, field)];
}

export function accessModeErrors(modes: readonly string[], field: string): Errors {
  const errors = modes.flatMap((mode) => choiceErrors(field, mode, ACCESS_MODES));
  if (!modes.includes("ReadWriteOncePod") || modes.length === 1) return errors;
  return [...errors, forbidden(field, "may not use ReadWriteOncePod with other access modes")];
}

function storageErrors(requests: JsonObject, field: string): Errors {
  const storage = requests["storage"];
  if (typeof storage !== "string") return [required(field)];
  const order = compareQuantities(parseQuantity(storage), 0n);
  return order > 0 ? [] : [invalid(field, storage, "must be greater than zero")];
}

function sourceErrors(spec: JsonObject, field: string): Errors {
  return ["dataSource", "dataSourceRef"].flatMap((name) => {
    const source = findObject(spec, name);
    if (source === undefined) return [];
    const path = `${field}.${name}`;
    const errors: FieldError[] = [];
    if (readText(source, "name") === "") errors.push(required(`${path}.name`));
    const kind = readText(source, "kind");
    if (kind === "") errors.push(required(`${path}.kind`));
    if (readText(source, "apiGroup") === "" && kind !== "PersistentVolumeClaim") {
      const why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
      errors.push(invalid(`${path}.kind`, kind, why));
    }
    return errors;
  });
}

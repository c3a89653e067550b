/**
 * What is wrong with the metadata of an object. In: an object as it will be stored, the one it
 * replaces, and what its kind demands of names. Out: field errors in Kubernetes' order. Pure.
 */
import type { Json, JsonObject } from "../schema/schema.ts";
import { labelKeyProblems, labelValueProblems } from "../selectors/label-syntax.ts";
import { readObject, readText } from "../strategy/object-at.ts";
import { dnsLabelProblems } from "../values/names.ts";
import { type FieldError, forbidden, goQuote, invalid, required, tooLong } from "./field-error.ts";
import { type NameProblems, subdomainName } from "./object-names.ts";

const ANNOTATIONS_MAX = 256 * 1024;

/** What a kind demands of the metadata of its objects. */
export interface MetaRules {
  readonly namespaced: boolean;
  readonly nameProblems?: NameProblems | undefined;
  /** Not one of the built-in kinds: its finalizers may have any name. */
  readonly custom: boolean;
}

/** Of a new object. */
export function objectMetaErrors(object: JsonObject, rules: MetaRules): readonly FieldError[] {
  const metadata = readObject(object, "metadata");
  return [
    ...nameErrors(metadata, rules.nameProblems ?? subdomainName),
    ...namespaceErrors(readText(metadata, "namespace"), rules.namespaced),
    ...generationErrors(metadata["generation"]),
    ...contentErrors(metadata),
    ...finalizerErrors(metadata, rules.custom),
  ];
}

/**
 * Of an object that takes the place of another. The registry has seen to name, uid and times.
 * Built-in kinds tell of each fault twice, as clients know it.
 */
export function objectMetaUpdateErrors(
  object: JsonObject,
  old: JsonObject,
  { custom }: Pick<MetaRules, "custom">,
): readonly FieldError[] {
  const metadata = readObject(object, "metadata");
  const before = readObject(old, "metadata");
  const errors = [
    ...newFinalizerErrors(metadata, before),
    ...deletionErrors(metadata, before),
    ...contentErrors(metadata),
    ...(custom ? [] : standardFinalizerErrors(textsOf(metadata["finalizers"]))),
  ];
  return custom ? errors : [...errors, ...errors];
}

function nameErrors(metadata: JsonObject, problemsOf: NameProblems): readonly FieldError[] {
  const name = readText(metadata, "name");
  const prefix = readText(metadata, "generateName");
  const errors: FieldError[] = [];
  if (prefix !== "") {
    for (const problem of problemsOf(prefix, true))
      errors.push(invalid("metadata.generateName", prefix, problem));
  }
  if (name === "") errors.push(required("metadata.name", "name or generateName is required"));
  else {
    for (const problem of problemsOf(name, false))
      errors.push(invalid("metadata.name", name, problem));
  }
  return errors;
}

function namespaceErrors(namespace: string, namespaced: boolean): readonly FieldError[] {
  const field = "metadata.namespace";
  if (!namespaced) return namespace === "" ? [] : [forbidden(field, "not allowed on this type")];
  if (namespace === "") return [required(field)];
  return dnsLabelProblems(namespace).map((problem) => invalid(field, namespace, problem));
}

function generationErrors(generation: Json | undefined): readonly FieldError[] {
  if (typeof generation !== "number" || generation >= 0) return [];
  const detail = "must be greater than or equal to 0";
  return [invalid("metadata.generation", generation, detail)];
}

function contentErrors(metadata: JsonObject): readonly FieldError[] {
  return [
    ...labelsErrors(readObject(metadata, "labels"), "metadata.labels"),
    ...annotationsErrors(readObject(metadata, "annotations"), "metadata.annotations"),
    ...ownerErrors(metadata["ownerReferences"]),
  ];
}

/** Labels of anything that has some, pod templates and selectors too. */
export function labelsErrors(labels: JsonObject, field: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const key of Object.keys(labels)) {
    const value = readText(labels, key);
    for (const problem of labelKeyProblems(key)) errors.push(invalid(field, key, problem));
    for (const problem of labelValueProblems(value)) errors.push(invalid(field, value, problem));
  }
  return errors;
}

/** Upper case letters do not matter in the keys of annotations. */
export function annotationsErrors(annotations: JsonObject, field: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  let sizeBytes = 0;
  for (const key of Object.keys(annotations)) {
    for (const problem of labelKeyProblems(key.toLowerCase()))
      errors.push(invalid(field, key, problem));
    sizeBytes += Buffer.byteLength(key) + Buffer.byteLength(readText(annotations, key));
  }
  if (sizeBytes > ANNOTATIONS_MAX) errors.push(tooLong(field, ANNOTATIONS_MAX));
  return errors;
}

function ownerErrors(owners: Json | undefined): readonly FieldError[] {
  const field = "metadata.ownerReferences";
  if (!Array.isArray(owners)) return [];
  const errors: FieldError[] = [];
  let controller = "";
  for (const owner of owners as readonly JsonObject[]) {
    errors.push(...oneOwnerErrors(owner, field));
    if (owner["controller"] !== true) continue;
    const name = `${readText(owner, "kind")}/${readText(owner, "name")}`;
    if (controller === "") controller = name;
    else errors.push(invalid(field, owners, twoControllers(controller, name)));
  }
  return errors;
}

function twoControllers(first: string, second: string): string {
  return (
    'Only one reference can have Controller set to true. Found "true" in references for ' +
    `${first} and ${second}`
  );
}

function oneOwnerErrors(owner: JsonObject, field: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  const version = readText(owner, "apiVersion");
  if (version === "" || version.split("/").length > 2)
    errors.push(invalid(`${field}.apiVersion`, version, "version must not be empty"));
  for (const part of ["kind", "name", "uid"]) {
    if (readText(owner, part) === "")
      errors.push(invalid(`${field}.${part}`, "", "must not be empty"));
  }
  if (version === "v1" && owner["kind"] === "Event")
    errors.push(invalid(field, owner, "/v1, Kind=Event is disallowed from being an owner"));
  return errors;
}

function finalizerErrors(metadata: JsonObject, custom: boolean): readonly FieldError[] {
  const field = "metadata.finalizers";
  const finalizers = textsOf(metadata["finalizers"]);
  const errors: FieldError[] = [];
  for (const finalizer of finalizers) {
    for (const problem of labelKeyProblems(finalizer))
      errors.push(invalid(field, finalizer, problem));
  }
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    const detail = "finalizer orphan and foregroundDeletion cannot be both set";
    errors.push(invalid(field, [...finalizers], detail));
  }
  return custom ? errors : [...errors, ...standardFinalizerErrors(finalizers)];
}

const STANDARD_FINALIZERS: ReadonlySet<string> = new Set([
  "kubernetes",
  "orphan",
  "foregroundDeletion",
]);

function standardFinalizerErrors(finalizers: readonly string[]): readonly FieldError[] {
  return finalizers.flatMap((finalizer, at) =>
    standardFinalizerProblems(finalizer).map((problem) =>
      invalid(`metadata.finalizers[${at}]`, finalizer, problem),
    ),
  );
}

/** A finalizer of a built-in kind has a domain, or is one of the few that the server knows. */
export function standardFinalizerProblems(finalizer: string): readonly string[] {
  if (finalizer.includes("/") || STANDARD_FINALIZERS.has(finalizer)) return [];
  return ["name is neither a standard finalizer name nor is it fully qualified"];
}

/** Only a deletion sets these. */
function deletionErrors(metadata: JsonObject, old: JsonObject): readonly FieldError[] {
  return ["deletionTimestamp", "deletionGracePeriodSeconds"].flatMap((name) =>
    metadata[name] === old[name]
      ? []
      : [invalid(`metadata.${name}`, metadata[name], "field is immutable")],
  );
}

function newFinalizerErrors(metadata: JsonObject, old: JsonObject): readonly FieldError[] {
  if (readText(old, "deletionTimestamp") === "") return [];
  const before = textsOf(old["finalizers"]);
  const added = textsOf(metadata["finalizers"]).filter((each) => !before.includes(each));
  if (added.length === 0) return [];
  const list = `[]string{${added.map(goQuote).join(", ")}}`;
  const why =
    "no new finalizers can be added if the object is being deleted, found new finalizers " + list;
  return [forbidden("metadata.finalizers", why)];
}

function textsOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

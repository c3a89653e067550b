/**
 * Is the definition of a custom kind one? In: a definition with defaults. Out: field errors in
 * Kubernetes' order; schemas that all versions share are named as the one that they are. Pure.
 */
import type { Json, JsonObject } from "../../schema/schema.ts";
import { readObject, readText } from "../../strategy/object-at.ts";
import { isObject, structuralOf, textsOf } from "../../structural/structural.ts";
import { equalJson } from "../../values/equal-json.ts";
import { dnsSubdomainProblems } from "../../values/names.ts";
import { type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";
import { APPROVED, approvalOf } from "./approval.ts";
import { labelErrors, missingNameErrors, nameErrors } from "./definition-names.ts";
import {
  columnsErrors,
  conversionErrors,
  selectableErrors,
  subresourcesErrors,
} from "./definition-parts.ts";
import { schemaDefaultErrors } from "./schema-defaults.ts";
import { schemaFormErrors } from "./schema-form.ts";
import { schemaRuleErrors } from "./schema-rules.ts";

/** What is wrong with the CEL rules of a schema. */
export type RuleCheck = (schema: JsonObject, path: string) => readonly FieldError[];

export function definitionErrors(definition: JsonObject, check: RuleCheck): readonly FieldError[] {
  const spec = readObject(definition, "spec");
  const name = readText(readObject(definition, "metadata"), "name");
  const wanted = `${readText(readObject(spec, "names"), "plural")}.${readText(spec, "group")}`;
  const misnamed = 'must be spec.names.plural+"."+spec.group';
  return [
    ...(name === wanted ? [] : [invalid("metadata.name", name, misnamed)]),
    ...specErrors(spec, check),
    ...storedVersionErrors(definition),
    ...approvalErrors(definition),
    ...preserveErrors(spec),
  ];
}

const IMMUTABLE = [["group"], ["names", "plural"]] as const;
const IMMUTABLE_WHEN_ESTABLISHED = [["scope"], ["names", "kind"]] as const;

export function definitionUpdateErrors(
  definition: JsonObject,
  old: JsonObject,
  check: RuleCheck,
): readonly FieldError[] {
  const [spec, before] = [readObject(definition, "spec"), readObject(old, "spec")];
  const fields = isEstablished(old) ? [...IMMUTABLE_WHEN_ESTABLISHED, ...IMMUTABLE] : IMMUTABLE;
  const fixed = fields.flatMap((steps) => {
    const [value, was] = [textAt(spec, steps), textAt(before, steps)];
    return value === was ? [] : [invalid(`spec.${steps.join(".")}`, value, "field is immutable")];
  });
  return [...specErrors(spec, check), ...fixed, ...storedVersionErrors(definition)];
}

function isEstablished(definition: JsonObject): boolean {
  const { conditions } = readObject(definition, "status");
  if (!Array.isArray(conditions)) return false;
  return conditions.some(
    (each) => isObject(each) && each["type"] === "Established" && each["status"] === "True",
  );
}

function textAt(object: JsonObject, steps: readonly string[]): string {
  const [first = "", second] = steps;
  return second === undefined
    ? readText(object, first)
    : readText(readObject(object, first), second);
}

function specErrors(spec: JsonObject, check: RuleCheck): readonly FieldError[] {
  const names = readObject(spec, "names");
  const shared = sharedParts(spec);
  return [
    ...groupErrors(readText(spec, "group")),
    ...scopeErrors(readText(spec, "scope")),
    ...versionsErrors(spec, shared, check),
    ...missingNameErrors(names, "spec.names"),
    ...nameErrors(names, "spec.names"),
    ...partsErrors(shared, { versionPath: "spec", schemaPath: "spec.validation" }, check),
    ...conversionErrors(readObject(spec, "conversion"), "spec.conversion"),
  ];
}

function groupErrors(group: string): readonly FieldError[] {
  if (group === "") return [required("spec.group")];
  const problems = dnsSubdomainProblems(group);
  if (problems.length > 0) return [invalid("spec.group", group, problems.join(","))];
  if (group.includes(".")) return [];
  return [invalid("spec.group", group, "should be a domain with at least one dot")];
}

function scopeErrors(scope: string): readonly FieldError[] {
  if (scope === "") return [required("spec.scope")];
  if (scope === "Cluster" || scope === "Namespaced") return [];
  return [notSupported("spec.scope", scope, ["Cluster", "Namespaced"])];
}

const PARTS = ["schema", "subresources", "additionalPrinterColumns", "selectableFields"] as const;

export function versionsOf(spec: JsonObject): readonly JsonObject[] {
  const { versions } = spec;
  return Array.isArray(versions) ? versions.filter(isObject) : [];
}

/** The parts that all versions have in common: they are judged, and named, once. */
function sharedParts(spec: JsonObject): JsonObject {
  const versions = versionsOf(spec);
  const shared: JsonObject = {};
  for (const part of PARTS) {
    const first = versions[0]?.[part];
    if (first === undefined) continue;
    if (versions.every((each) => equalJson(each[part] ?? null, first))) shared[part] = first;
  }
  return shared;
}

function versionsErrors(
  spec: JsonObject,
  shared: JsonObject,
  check: RuleCheck,
): readonly FieldError[] {
  const versions = versionsOf(spec);
  const errors: FieldError[] = [];
  for (const [at, version] of versions.entries()) {
    errors.push(...versionErrors(version, shared, { path: `spec.versions[${at}]`, check }));
  }
  const names = versions.map((version) => readText(version, "name"));
  const shown = versions.map((version) => internalVersion(version, shared));
  if (new Set(names).size < names.length) {
    errors.push(invalid("spec.versions", shown, "must contain unique version names"));
  }
  if (versions.filter((version) => version["storage"] === true).length !== 1) {
    const why = "must have exactly one version marked as storage version";
    errors.push(invalid("spec.versions", shown, why));
  }
  const first = names[0] ?? "";
  return first === "" ? errors : [...errors, ...labelErrors(first, "spec.version")];
}

/** A version as Kubernetes' own form of it reads in messages. */
function internalVersion(version: JsonObject, shared: JsonObject): JsonObject {
  const part = (name: string): Json =>
    shared[name] === undefined ? (version[name] ?? null) : null;
  return {
    Name: version["name"] ?? "",
    Served: version["served"] ?? false,
    Storage: version["storage"] ?? false,
    Deprecated: version["deprecated"] ?? false,
    DeprecationWarning: version["deprecationWarning"] ?? null,
    Schema: part("schema"),
    Subresources: part("subresources"),
    AdditionalPrinterColumns: part("additionalPrinterColumns"),
    SelectableFields: part("selectableFields"),
  };
}

function versionErrors(
  version: JsonObject,
  shared: JsonObject,
  { path, check }: { readonly path: string; readonly check: RuleCheck },
): readonly FieldError[] {
  const errors: FieldError[] = [...labelErrors(readText(version, "name"), `${path}.name`)];
  const { deprecationWarning: warning } = version;
  if (typeof warning === "string" && version["deprecated"] !== true) {
    const why = "can only be set for deprecated versions";
    errors.push(invalid(`${path}.deprecationWarning`, warning, why));
  }
  if (!isObject(readObject(version, "schema")["openAPIV3Schema"])) {
    errors.push(required(`${path}.schema.openAPIV3Schema`));
  }
  const own = Object.fromEntries(
    PARTS.filter((part) => shared[part] === undefined && version[part] !== undefined).map(
      (part) => [part, version[part] ?? null],
    ),
  );
  const places = { versionPath: path, schemaPath: `${path}.schema` };
  const schema = own["schema"] ?? shared["schema"];
  const whole = schema === undefined ? own : { ...own, schema };
  const errorsOfParts = partsErrors(whole, places, check);
  const isShared = own["schema"] === undefined;
  return [
    ...errors,
    ...errorsOfParts.filter(({ field }) => !isShared || !field.startsWith(places.schemaPath)),
  ];
}

interface Places {
  readonly versionPath: string;
  readonly schemaPath: string;
}

function partsErrors(
  parts: JsonObject,
  { versionPath, schemaPath }: Places,
  check: RuleCheck,
): readonly FieldError[] {
  const schema = readObject(parts, "schema")["openAPIV3Schema"];
  const subresources = readObject(parts, "subresources");
  const fields = parts["selectableFields"];
  return [
    ...(isObject(schema) ? schemaErrors(schema, `${schemaPath}.openAPIV3Schema`, check) : []),
    ...subresourcesErrors(subresources, `${versionPath}.subresources`),
    ...columnsErrors(parts["additionalPrinterColumns"], `${versionPath}.additionalPrinterColumns`),
    ...(isObject(schema)
      ? selectableErrors(fields, schema, `${versionPath}.selectableFields`)
      : []),
  ];
}

function schemaErrors(schema: JsonObject, path: string, check: RuleCheck): readonly FieldError[] {
  const form = schemaFormErrors(schema, path) ?? [];
  const nullable =
    schema["nullable"] === true
      ? [forbidden(`${path}.nullable`, "nullable cannot be true at the root")]
      : [];
  const errors = [...nullable, ...form, ...schemaRuleErrors(schema, path)];
  if (errors.length > 0) return errors;
  return [...schemaDefaultErrors(structuralOf(schema), path), ...check(schema, path)];
}

function storedVersionErrors(definition: JsonObject): readonly FieldError[] {
  const field = "status.storedVersions";
  const stored = readObject(definition, "status")["storedVersions"];
  const names = textsOf(stored);
  if (names.length === 0) {
    return [invalid(field, stored ?? null, "must have at least one stored version")];
  }
  const versions = versionsOf(readObject(definition, "spec"));
  const left = new Set(names);
  const errors: FieldError[] = [];
  for (const version of versions) {
    const name = readText(version, "name");
    if (!left.delete(name) && version["storage"] === true) {
      errors.push(invalid(field, [...names], `must have the storage version ${name}`));
    }
  }
  for (const [at, name] of names.entries()) {
    if (!left.has(name)) continue;
    const why =
      `missing from spec.versions; ${name} was previously a storage version, and must remain in ` +
      "spec.versions until a storage migration ensures no data remains persisted in " +
      `${name} and removes ${name} from status.storedVersions`;
    errors.push(invalid(`${field}[${at}]`, name, why));
  }
  return errors;
}

function approvalErrors(definition: JsonObject): readonly FieldError[] {
  const approval = approvalOf(definition);
  const field = `metadata.annotations[${APPROVED}]`;
  if (approval?.reason === "MissingAnnotation") return [required(field, approval.message)];
  if (approval?.reason !== "InvalidAnnotation") return [];
  const annotations = readObject(readObject(definition, "metadata"), "annotations");
  return [invalid(field, readText(annotations, APPROVED), approval.message)];
}

function preserveErrors(spec: JsonObject): readonly FieldError[] {
  if (spec["preserveUnknownFields"] !== true) return [];
  const why =
    "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in " +
    "spec.versions[*].schema instead";
  return [invalid("spec.preserveUnknownFields", true, why)];
}

/**
 * What every custom kind does: its schema judges its objects, its columns print them. In: a kind
 * made from a definition. Out: its strategy.
 */
import { schemaRules } from "../../cel/definition-rules.ts";
import type { Kind } from "../../kinds/kind.ts";
import { parseJsonPath, type JsonPath } from "../../print/json-path.ts";
import { formatAge } from "../../print/age.ts";
import type { Json, JsonObject, Structural } from "../../schema/schema.ts";
import { listTypeErrors } from "../../structural/list-types.ts";
import { isObject } from "../../structural/structural.ts";
import { valueErrors } from "../../structural/validate-value.ts";
import { describeFieldError, type FieldError, invalid } from "../../validate/field-error.ts";
import { goType } from "../../structural/go-value.ts";
import type { RowContext, Strategy } from "../strategy.ts";

export function customStrategy(kind: Kind): Strategy {
  const { structural } = kind.schema;
  if (structural === undefined) return {};
  const hasStatus = kind.subresources.some(({ name }) => name === "status");
  const rules = rulesOf(structural);
  const judge = (object: JsonObject, old: JsonObject | undefined): readonly FieldError[] => {
    const errors = objectErrors(kind, structural, object, old);
    return [...errors, ...rules.errors(errors, object, old)];
  };
  const judgeStatus = (object: JsonObject, old: JsonObject): readonly FieldError[] => {
    const errors = statusErrors(kind, structural, object, old);
    return [...errors, ...rules.errors(errors, object, old)];
  };
  const { warnings } = rules;
  return {
    validateCreate: (object) => judge(object, undefined),
    prepareForUpdate: (object, old) => {
      if (hasStatus) put(object, "status", old["status"]);
    },
    validateUpdate: judge,
    warnings,
    subresources: {
      status: {
        resetFields: STATUS_RESETS,
        prepareForUpdate: keepAllButStatus,
        validateUpdate: judgeStatus,
        warnings,
      },
    },
    row: rowOf(kind),
  };
}

const STATUS_RESETS = [["metadata"], ["spec"]] as const;

/** Of metadata, too, only what the server keeps by itself is written. */
function keepAllButStatus(object: JsonObject, old: JsonObject): void {
  const { status } = object;
  const { managedFields } = asObject(object["metadata"]);
  for (const name of Object.keys(object)) delete object[name];
  Object.assign(object, old);
  const metadata = { ...asObject(old["metadata"]) };
  put(metadata, "managedFields", managedFields);
  object["metadata"] = metadata;
  put(object, "status", status);
}

interface CustomRules {
  /** `before` are the errors of the object's form. */
  readonly errors: (
    before: readonly FieldError[],
    object: JsonObject,
    old: JsonObject | undefined,
  ) => readonly FieldError[];
  /** Of an object that was judged. */
  readonly warnings: (object: JsonObject) => readonly string[];
}

/** Rules are not asked about objects of a wrong form. */
function rulesOf(structural: Structural): CustomRules {
  const rules = schemaRules(structural);
  const told = new WeakMap<JsonObject, readonly FieldError[]>();
  return {
    errors: (before, object, old) => {
      if (rules === undefined) return [];
      if (before.some(({ type }) => BLOCKING.has(type))) return [UNCHECKED];
      const { errors, warnings } = rules(object, old);
      if (warnings.length > 0) told.set(object, warnings);
      return errors;
    },
    warnings: (object) => (told.get(object) ?? []).map(describeFieldError),
  };
}

function put(object: JsonObject, name: string, value: Json | undefined): void {
  if (value === undefined) delete object[name];
  else object[name] = value;
}

function objectErrors(
  kind: Kind,
  structural: Structural,
  object: JsonObject,
  old: JsonObject | undefined,
): readonly FieldError[] {
  const said = object["kind"];
  if (typeof said === "string" && said !== kind.kind) {
    return [invalid("kind", said, `must be ${kind.kind}`)];
  }
  return [
    ...schemaErrors(structural, object, old),
    ...scaleErrors(kind, object),
    ...listTypeErrors(object, structural, ""),
  ];
}

function schemaErrors(
  structural: Structural,
  object: JsonObject,
  old: JsonObject | undefined,
): readonly FieldError[] {
  const { managedFields: _fields, ...metadata } = asObject(object["metadata"]);
  const judged = structural.properties.has("metadata") ? { ...object, metadata } : object;
  return valueErrors(judged, structural, "", old);
}

/** Only the status is judged, and its errors name it from there. */
function statusErrors(
  kind: Kind,
  structural: Structural,
  object: JsonObject,
  old: JsonObject,
): readonly FieldError[] {
  const { status } = object;
  const schema = structural.properties.get("status");
  const errors =
    status === undefined || schema === undefined
      ? []
      : valueErrors(status, schema, "", old["status"]);
  const path = kind.scale?.statusReplicasPath;
  return [
    ...errors.map((error) => ({ ...error, field: statusField(error.field) })),
    ...(path === undefined ? [] : replicasErrors(path, object)),
    ...listTypeErrors(object, structural, ""),
  ];
}

function statusField(field: string): string {
  return field === "<nil>" ? "status" : `status${field.startsWith("[") ? "" : "."}${field}`;
}

function asObject(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

const BLOCKING: ReadonlySet<string> = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

const UNCHECKED: FieldError = invalid(
  "<nil>",
  null,
  "some validation rules were not checked because the object was invalid; correct the existing " +
    "errors to complete validation",
);

/** Replicas of a scale must be whole numbers. */
function scaleErrors({ scale }: Kind, object: JsonObject): readonly FieldError[] {
  if (scale === undefined) return [];
  return [scale.specReplicasPath, scale.statusReplicasPath].flatMap((path) =>
    replicasErrors(path, object),
  );
}

const INT32_MAX = 2 ** 31 - 1;

function replicasErrors(path: string, object: JsonObject): readonly FieldError[] {
  const steps = path.replace(/^\./, "").split(".");
  let value: Json | undefined = object;
  for (const step of steps) {
    if (value === undefined) return [];
    if (!isObject(value)) {
      const [shown, type] = goType(value);
      const why = `${shown} is of the type ${type}, expected map[string]interface{}`;
      return [invalid(path, 0, `${path} accessor error: ${why}`)];
    }
    value = Object.hasOwn(value, step) ? value[step] : undefined;
  }
  if (value === undefined) return [];
  const isWhole =
    typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
  if (!isWhole) {
    const [shown, type] = goType(value);
    return [
      invalid(path, 0, `${path} accessor error: ${shown} is of the type ${type}, expected int64`),
    ];
  }
  if (Number(value) < 0) return [invalid(path, value, "should be a non-negative integer")];
  if (Number(value) <= INT32_MAX) return [];
  return [invalid(path, value, `should be less than or equal to ${INT32_MAX}`)];
}

type Cell = (object: JsonObject, context: RowContext) => Json;

function rowOf(kind: Kind): (object: JsonObject, context: RowContext) => readonly Json[] {
  let cells: readonly Cell[] | undefined;
  return (object, context) => {
    cells ??= kind.columns.map((column) => cellOf(column.type, column.jsonPath ?? ""));
    return cells.map((cell) => cell(object, context));
  };
}

function cellOf(type: string, jsonPath: string): Cell {
  const find = pathOrNothing(jsonPath);
  return (object, context) => {
    const values = find(object);
    const [first] = values;
    if (first === undefined || first === null) return null;
    if (type === "date") return typeof first === "string" ? ageOf(first, context) : null;
    if (type === "string") return values.map(textOf).join(" ");
    if (type === "boolean") return typeof first === "boolean" ? first : null;
    if (typeof first !== "number" && typeof first !== "bigint") return null;
    return type === "integer" && typeof first === "number" ? Math.trunc(first) : first;
  };
}

function pathOrNothing(jsonPath: string): JsonPath {
  try {
    return parseJsonPath(jsonPath);
  } catch {
    return () => [];
  }
}

function ageOf(time: string, { nowMs }: RowContext): string {
  const age = formatAge(time, nowMs);
  return age === "<unknown>" ? "<invalid>" : age;
}

function textOf(value: Json): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return String(value);
  return JSON.stringify(value);
}

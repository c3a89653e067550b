/**
 * Columns, sub-resources, selectable fields and conversion of a custom kind. In: those parts of a
 * definition. Out: field errors in Kubernetes' order. Pure.
 */
import type { Json, JsonObject } from "../../schema/schema.ts";
import { readObject, readText } from "../../strategy/object-at.ts";
import { isObject, textsOf } from "../../structural/structural.ts";
import { dns1035LabelProblems } from "../../values/names.ts";
import { authorityErrors, webhookClientErrors } from "../cluster/webhook-client.ts";
import {
  duplicate,
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  required,
  tooMany,
} from "../field-error.ts";

const COLUMN_TYPES = ["boolean", "date", "integer", "number", "string"] as const;
const COLUMN_FORMATS = [
  "byte",
  "date",
  "date-time",
  "double",
  "float",
  "int32",
  "int64",
  "password",
] as const;

export function columnsErrors(columns: Json | undefined, path: string): readonly FieldError[] {
  if (!Array.isArray(columns)) return [];
  return columns.flatMap((column, at) =>
    isObject(column) ? columnErrors(column, `${path}[${at}]`) : [],
  );
}

function columnErrors(column: JsonObject, path: string): readonly FieldError[] {
  const [type, format] = [readText(column, "type"), readText(column, "format")];
  const jsonPath = readText(column, "jsonPath");
  const errors: FieldError[] = [];
  if (readText(column, "name") === "") errors.push(required(`${path}.name`));
  const types = `must be one of ${COLUMN_TYPES.join(",")}`;
  if (type === "") errors.push(required(`${path}.type`, types));
  else if (!COLUMN_TYPES.some((each) => each === type)) {
    errors.push(invalid(`${path}.type`, type, types));
  }
  if (format !== "" && !COLUMN_FORMATS.some((each) => each === format)) {
    const why = `must be one of ${COLUMN_FORMATS.join(",")}`;
    errors.push(invalid(`${path}.format`, format, why));
  }
  if (jsonPath === "") return [...errors, required(`${path}.JSONPath`)];
  return [...errors, ...simplePathErrors(jsonPath, `${path}.JSONPath`)];
}

function simplePathErrors(jsonPath: string, field: string): readonly FieldError[] {
  if (jsonPath === "") return [invalid(field, jsonPath, "must not be empty")];
  if (jsonPath.startsWith(".")) return [];
  return [invalid(field, jsonPath, "must be a simple json path starting with .")];
}

export function subresourcesErrors(subresources: JsonObject, path: string): readonly FieldError[] {
  const { scale } = subresources;
  if (!isObject(scale)) return [];
  const errors: FieldError[] = [];
  for (const [name, root] of [
    ["specReplicasPath", ".spec"],
    ["statusReplicasPath", ".status"],
  ] as const) {
    const value = readText(scale, name);
    const field = `${path}.scale.${name}`;
    if (value === "") errors.push(required(field));
    else errors.push(...pathUnder(value, field, [root]));
  }
  const selector = readText(scale, "labelSelectorPath");
  if (selector === "") return errors;
  return [
    ...errors,
    ...pathUnder(selector, `${path}.scale.labelSelectorPath`, [".spec", ".status"]),
  ];
}

function pathUnder(value: string, field: string, roots: readonly string[]): readonly FieldError[] {
  const simple = simplePathErrors(value, field);
  if (simple.length > 0) return simple;
  if (roots.some((root) => value.startsWith(`${root}.`))) return [];
  const where = roots.length > 1 ? `either ${roots.join(" or ")}` : (roots[0] ?? "");
  return [invalid(field, value, `should be a json path under ${where}`)];
}

const SELECTABLE_MAX = 8;

export function selectableErrors(
  fields: Json | undefined,
  schema: JsonObject,
  path: string,
): readonly FieldError[] {
  if (!Array.isArray(fields)) return [];
  if (fields.length > SELECTABLE_MAX) return [tooMany(path, fields.length, SELECTABLE_MAX)];
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [at, each] of fields.entries()) {
    const jsonPath = isObject(each) ? readText(each, "jsonPath") : "";
    const field = `${path}[${at}].jsonPath`;
    if (jsonPath === "") errors.push(required(field));
    else if (seen.has(jsonPath)) errors.push(duplicate(field, jsonPath));
    else {
      const why = selectableProblem(jsonPath, schema);
      if (why !== undefined) errors.push(invalid(field, jsonPath, `is an invalid path: ${why}`));
    }
    seen.add(jsonPath);
  }
  return errors;
}

function selectableProblem(jsonPath: string, schema: JsonObject): string | undefined {
  if (/\[\d+\]/.test(jsonPath)) return "array notation is not allowed";
  const steps = jsonPath.replace(/^\./, "").split(".");
  let place: JsonObject = schema;
  if (steps[0] === "metadata") return "does not refer to a valid field";
  for (const step of steps) {
    const properties = readObject(place, "properties");
    const next = Object.hasOwn(properties, step) ? properties[step] : undefined;
    if (!isObject(next)) return "does not refer to a valid field";
    place = next;
  }
  if (["string", "boolean", "integer"].includes(readText(place, "type"))) return undefined;
  return (
    "must point to a field of type string, boolean or integer. Enum string fields and strings " +
    "with formats are allowed."
  );
}

export function conversionErrors(conversion: JsonObject, path: string): readonly FieldError[] {
  const strategy = readText(conversion, "strategy");
  const errors: FieldError[] = [];
  if (strategy !== "None" && strategy !== "Webhook") {
    return [notSupported(`${path}.strategy`, strategy, ["None", "Webhook"])];
  }
  const webhook = conversion["webhook"];
  const client = isObject(webhook) ? webhook["clientConfig"] : undefined;
  const versions = textsOf(isObject(webhook) ? webhook["conversionReviewVersions"] : undefined);
  const clientField = `${path}.webhookClientConfig`;
  const versionsField = `${path}.conversionReviewVersions`;
  if (strategy === "None") {
    const why = "should not be set when strategy is not set to Webhook";
    if (client !== undefined) errors.push(forbidden(clientField, why));
    if (versions.length > 0) errors.push(forbidden(versionsField, why));
    return errors;
  }
  if (!isObject(client)) {
    errors.push(required(clientField, "required when strategy is set to Webhook"));
  } else errors.push(...clientErrors(client, clientField));
  return [...errors, ...reviewErrors(versions, versionsField)];
}

function clientErrors(client: JsonObject, path: string): readonly FieldError[] {
  const bundle = readText(client, "caBundle");
  const errors = webhookClientErrors(client, path);
  return bundle === "" ? errors : [...errors, ...authorityErrors(bundle, `${path}.caBundle`)];
}

/** At least one of the forms that the server speaks; others are for other servers. */
function reviewErrors(versions: readonly string[], path: string): readonly FieldError[] {
  if (versions.length === 0) return [required(path)];
  const errors = versions.flatMap((version, at) => {
    const field = `${path}[${at}]`;
    if (versions.indexOf(version) < at) return [invalid(field, version, "duplicate version")];
    return dns1035LabelProblems(version).map((problem) => invalid(field, version, problem));
  });
  if (versions.includes("v1") || versions.includes("v1beta1")) return errors;
  return [...errors, invalid(path, [...versions], "must include at least one of v1, v1beta1")];
}

/**
 * Types as OpenAPI describes them. In: schemas of types and the dialect (2 or 3). Out: JSON schemas
 * that name each other, and the types they name. Only the items of lists are described. Pure.
 */
import type {
  FieldSchema,
  Json,
  JsonObject,
  ListSchema,
  ObjectSchema,
  Scalar,
  ScalarSchema,
  TypeSchema,
} from "../schema/schema.ts";

export type Dialect = "2" | "3";

/** Where references point, and who hears of the types they name. */
export interface Naming {
  readonly dialect: Dialect;
  readonly named: (type: string, schema: () => JsonObject) => void;
}

const MACHINERY = "io.k8s.apimachinery.pkg";
const EXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1";

/** A type by its name. */
export function reference(name: string, { dialect }: Pick<Naming, "dialect">): JsonObject {
  return { $ref: `${dialect === "2" ? "#/definitions/" : "#/components/schemas/"}${name}` };
}

/** The definition of an object. */
export function objectForm(schema: ObjectSchema, naming: Naming): JsonObject {
  const properties: JsonObject = {};
  for (const [name, field] of schema.fields) properties[name] = fieldForm(field, naming);
  if (schema.name?.endsWith("List") === true) plainItems(schema.name, properties["items"]);
  const form: JsonObject = { type: "object" };
  if (schema.required.length > 0) form["required"] = [...schema.required].sort();
  if (schema.fields.size > 0) form["properties"] = properties;
  if (schema.atomic === true) form["x-kubernetes-map-type"] = "atomic";
  return form;
}

/** Nobody owns the items of a list of objects, so it has no list type. */
function plainItems(name: string, items: Json | undefined): void {
  if (typeof items !== "object" || items === null || Array.isArray(items)) return;
  delete items["x-kubernetes-list-type"];
  items["description"] = `List of ${pluralOf(name.slice(name.lastIndexOf(".") + 1, -4))}`;
}

function pluralOf(kind: string): string {
  const word = kind.toLowerCase();
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  if (/(s|x|ch)$/.test(word)) return word.endsWith("points") ? word : `${word}es`;
  return `${word}s`;
}

function fieldForm(field: FieldSchema, naming: Naming): JsonObject {
  const form = withDefault(typeForm(field.type, naming), field, naming);
  if (field.patchMergeKey !== undefined) form["x-kubernetes-patch-merge-key"] = field.patchMergeKey;
  if (field.patchStrategy !== undefined && field.patchStrategy.length > 0) {
    form["x-kubernetes-patch-strategy"] = field.patchStrategy.join(",");
  }
  return form;
}

/** Version 3 shows what an absent field means to the decoder, and so wraps references. */
function withDefault(form: JsonObject, field: FieldSchema, { dialect }: Naming): JsonObject {
  if (dialect === "2") return form;
  const value = field.default ?? zeroOf(field);
  const { $ref, ...rest } = form;
  if ($ref === undefined) return value === undefined ? form : { ...form, default: value };
  const wrapped: JsonObject = { allOf: [{ $ref }], ...rest };
  return value === undefined ? wrapped : { default: value, ...wrapped };
}

function zeroOf({ type, pointer, alwaysWritten }: FieldSchema): Json | undefined {
  if (pointer === true) return undefined;
  if (type.kind === "object") return {};
  if (alwaysWritten !== true || type.kind !== "scalar") return undefined;
  switch (type.scalar) {
    case "string":
      return "";
    case "boolean":
      return false;
    case "int32":
    case "int64":
    case "double":
      return 0;
    default:
      return undefined;
  }
}

/** A type where it is used: objects by name, all else in place. */
export function typeForm(type: TypeSchema, naming: Naming): JsonObject {
  switch (type.kind) {
    case "object":
      return objectReference(type, naming);
    case "list":
      return listForm(type, naming);
    case "map": {
      const additionalProperties = typeForm(type.values, naming);
      const form: JsonObject = { type: "object", additionalProperties };
      return type.atomic === true ? { ...form, "x-kubernetes-map-type": "atomic" } : form;
    }
    default:
      return scalarForm(type, naming);
  }
}

/** Objects without a name are written where they stand: fields of custom kinds. */
function objectReference(type: ObjectSchema, naming: Naming): JsonObject {
  const { name } = type;
  if (name === undefined) return objectForm(type, naming);
  naming.named(name, () => objectForm(type, naming));
  return reference(name, naming);
}

function listForm({ items, listType, keys }: ListSchema, naming: Naming): JsonObject {
  const form: JsonObject = { type: "array", items: typeForm(items, naming) };
  if (keys.length > 0) form["x-kubernetes-list-map-keys"] = [...keys];
  form["x-kubernetes-list-type"] = listType;
  return form;
}

const PLAIN: Partial<Readonly<Record<Scalar, JsonObject>>> = {
  boolean: { type: "boolean" },
  bytes: { type: "string", format: "byte" },
  double: { type: "number", format: "double" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  string: { type: "string" },
};

interface NamedScalar {
  readonly name: string;
  readonly forms: Readonly<Record<Dialect, JsonObject>>;
}

function both(form: JsonObject): Readonly<Record<Dialect, JsonObject>> {
  return { "2": form, "3": form };
}

const NAMED: Partial<Readonly<Record<Scalar, NamedScalar>>> = {
  quantity: {
    name: `${MACHINERY}.api.resource.Quantity`,
    forms: { "2": { type: "string" }, "3": { oneOf: [{ type: "string" }, { type: "number" }] } },
  },
  "int-or-string": {
    name: `${MACHINERY}.util.intstr.IntOrString`,
    forms: {
      "2": { type: "string", format: "int-or-string" },
      "3": { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] },
    },
  },
  time: {
    name: `${MACHINERY}.apis.meta.v1.Time`,
    forms: both({ type: "string", format: "date-time" }),
  },
  "micro-time": {
    name: `${MACHINERY}.apis.meta.v1.MicroTime`,
    forms: both({ type: "string", format: "date-time" }),
  },
  duration: { name: `${MACHINERY}.apis.meta.v1.Duration`, forms: both({ type: "string" }) },
  "json-schema-or-bool": { name: `${EXTENSIONS}.JSONSchemaPropsOrBool`, forms: both({}) },
  "json-schema-or-array": { name: `${EXTENSIONS}.JSONSchemaPropsOrArray`, forms: both({}) },
  "json-schema-or-strings": { name: `${EXTENSIONS}.JSONSchemaPropsOrStringArray`, forms: both({}) },
};

function scalarForm(type: ScalarSchema, naming: Naming): JsonObject {
  const { scalar } = type;
  if (scalar === "any") return anyForm(type, naming);
  const named = NAMED[scalar];
  if (named !== undefined) {
    naming.named(named.name, () => named.forms[naming.dialect]);
    return reference(named.name, naming);
  }
  const form: JsonObject = { ...PLAIN[scalar] };
  if (type.enum !== undefined && naming.dialect === "3") form["enum"] = [...type.enum];
  return form;
}

/** Any JSON: some types of it may be any value, the others are objects. */
function anyForm({ goType }: ScalarSchema, naming: Naming): JsonObject {
  const isJson = goType === "v1.JSON";
  const fields = goType === "v1.FieldsV1" ? `${MACHINERY}.apis.meta.v1.FieldsV1` : undefined;
  const name = isJson ? `${EXTENSIONS}.JSON` : (fields ?? `${MACHINERY}.runtime.RawExtension`);
  naming.named(name, () => (isJson ? {} : { type: "object" }));
  return reference(name, naming);
}

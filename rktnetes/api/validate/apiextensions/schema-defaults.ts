/**
 * Defaults must be what their own schema allows. In: a structural schema. Out: field errors. Pure.
 */
import type { Json, Structural } from "../../schema/schema.ts";
import { fillIn } from "../../structural/fill-in.ts";
import { prune } from "../../structural/prune.ts";
import { valueErrors } from "../../structural/validate-value.ts";
import { type FieldError, forbidden, invalid } from "../field-error.ts";

export function schemaDefaultErrors(schema: Structural, path: string): readonly FieldError[] {
  const own = schema.default;
  const errors =
    own === undefined
      ? []
      : path.endsWith("openAPIV3Schema")
        ? [forbidden(`${path}.default`, "must not be set at the root")]
        : defaultErrors(own, schema, `${path}.default`);
  const below: FieldError[] = [...errors];
  if (schema.items !== undefined) below.push(...schemaDefaultErrors(schema.items, `${path}.items`));
  for (const [name, property] of schema.properties) {
    below.push(...schemaDefaultErrors(property, `${path}.properties[${name}]`));
  }
  const { additional } = schema;
  if (additional === undefined || additional === true) return below;
  return [...below, ...schemaDefaultErrors(additional, `${path}.additionalProperties`)];
}

function defaultErrors(value: Json, schema: Structural, path: string): readonly FieldError[] {
  const copy = structuredClone(value);
  if (prune(copy, schema, schema.embedded).length > 0) {
    return [invalid(path, value, "must not have unknown fields")];
  }
  fillIn(copy, schema);
  return valueErrors(copy, schema, "").map((error) => ({
    ...error,
    field: error.field === "<nil>" ? path : `${path}.${error.field}`,
  }));
}

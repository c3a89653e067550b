/** What is wrong with storage classes and their like. In: decoded objects. Out: field errors. */
import type { JsonObject } from "../../schema/schema.ts";
import { readList, readObject, readText, readTexts } from "../../strategy/object-at.ts";
import {
  choiceErrors,
  type Errors,
  immutableErrors,
  qualifiedNameErrors,
  requiredChoice,
} from "../checks.ts";
import { duplicate, type FieldError, invalid, required, tooLong } from "../field-error.ts";

const RECLAIM = ["Delete", "Retain"];
const BINDING = ["Immediate", "WaitForFirstConsumer"];
const PARAMETERS_MAX = 512;
const PARAMETERS_BYTES_MAX = 256 * 1024;

export function storageClassErrors(storageClass: JsonObject): Errors {
  return [
    ...provisionerErrors(readText(storageClass, "provisioner")),
    ...parameterErrors(readObject(storageClass, "parameters")),
    ...choiceErrors("reclaimPolicy", storageClass["reclaimPolicy"], RECLAIM),
    ...requiredChoice("volumeBindingMode", storageClass["volumeBindingMode"], BINDING),
    ...readList(storageClass, "allowedTopologies").flatMap((term, at) =>
      topologyErrors(term, `allowedTopologies[${at}]`),
    ),
  ];
}

export function storageClassUpdateErrors(storageClass: JsonObject, old: JsonObject): Errors {
  const fields = ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"];
  return fields.flatMap((field) => immutableErrors(field, storageClass[field], old[field]));
}

function provisionerErrors(provisioner: string): Errors {
  if (provisioner === "") return [required("provisioner")];
  return qualifiedNameErrors("provisioner", provisioner.toLowerCase()).map((error) => {
    const [, problem = ""] = /^Invalid value: "[^"]*": (.*)$/s.exec(error.message) ?? [];
    return invalid("provisioner", provisioner, problem);
  });
}

/** Options of a driver; also of classes of volume attributes. */
function parameterErrors(parameters: JsonObject): Errors {
  const names = Object.keys(parameters);
  const errors: FieldError[] = [];
  if (names.length > PARAMETERS_MAX) errors.push(tooLong("parameters", PARAMETERS_MAX));
  let sizeBytes = 0;
  for (const name of names) {
    if (name === "") errors.push(invalid("parameters", name, "field can not be empty."));
    sizeBytes += Buffer.byteLength(name) + Buffer.byteLength(readText(parameters, name));
  }
  if (sizeBytes > PARAMETERS_BYTES_MAX) errors.push(tooLong("parameters", PARAMETERS_BYTES_MAX));
  return errors;
}

function topologyErrors(term: JsonObject, field: string): Errors {
  const keys = new Set<string>();
  return readList(term, "matchLabelExpressions").flatMap((expression, at) => {
    const where = `${field}.matchLabelExpressions[${at}]`;
    const key = readText(expression, "key");
    const values = readTexts(expression, "values");
    const errors: FieldError[] = [];
    if (values.length === 0) errors.push(required(`${where}.values`));
    for (const [index, value] of values.entries()) {
      if (values.indexOf(value) < index) errors.push(duplicate(`${where}.values[${index}]`, value));
    }
    errors.push(...qualifiedNameErrors(`${where}.key`, key));
    if (keys.has(key)) errors.push(duplicate(`${where}.key`, key));
    keys.add(key);
    return errors;
  });
}

export function attributesClassErrors(attributesClass: JsonObject): Errors {
  const driver = readText(attributesClass, "driverName");
  const parameters = readObject(attributesClass, "parameters");
  const isEmpty = Object.keys(parameters).length === 0;
  const why = "must contain at least one key/value pair";
  return [
    ...(driver === "" ? [required("driverName")] : []),
    ...(isEmpty ? [required("parameters", why)] : parameterErrors(parameters)),
  ];
}

export function attributesClassUpdateErrors(attributesClass: JsonObject, old: JsonObject): Errors {
  const fields = ["driverName", "parameters"];
  return fields.flatMap((field) => immutableErrors(field, attributesClass[field], old[field]));
}

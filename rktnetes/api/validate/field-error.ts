/**
 * What is wrong with one field of an object, worded as Kubernetes words it. In: the field's path,
 * what it holds, why that is wrong. Out: text for people and a cause for clients. Never throws.
 */
import type { Json } from "../schema/schema.ts";

/** The reasons of causes, as clients read them. */
export type FieldErrorType =
  | "FieldValueRequired"
  | "FieldValueInvalid"
  | "FieldValueDuplicate"
  | "FieldValueForbidden"
  | "FieldValueNotFound"
  | "FieldValueNotSupported"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueTypeInvalid"
  | "InternalError";

/** One thing that is wrong with one field. */
export interface FieldError {
  readonly type: FieldErrorType;
  /** As `spec.containers[0].name`; `<nil>` where there is no field. */
  readonly field: string;
  /** Without the field's path: `Required value: name or generateName is required`. */
  readonly message: string;
}

function withDetail(words: string, detail: string): string {
  return detail === "" ? words : `${words}: ${detail}`;
}

/** The field must have a value. */
export function required(field: string, detail: string = ""): FieldError {
  return { type: "FieldValueRequired", field, message: withDetail("Required value", detail) };
}

/** The field must not have this value, or any. */
export function forbidden(field: string, detail: string): FieldError {
  return { type: "FieldValueForbidden", field, message: withDetail("Forbidden", detail) };
}

/** The value has the wrong form. */
export function invalid(field: string, value: Json | undefined, detail: string): FieldError {
  const message = withDetail(`Invalid value: ${showValue(value)}`, detail);
  return { type: "FieldValueInvalid", field, message };
}

/** The value has the wrong form, and is not shown. */
export function invalidWhole(field: string, detail: string): FieldError {
  return { type: "FieldValueInvalid", field, message: withDetail("Invalid value", detail) };
}

/** The value has the wrong type. */
export function typeInvalid(field: string, value: Json | undefined, detail: string): FieldError {
  return { ...invalid(field, value, detail), type: "FieldValueTypeInvalid" };
}

/** The value is there already. */
export function duplicate(field: string, value: Json, detail: string = ""): FieldError {
  const message = withDetail(`Duplicate value: ${showValue(value)}`, detail);
  return { type: "FieldValueDuplicate", field, message };
}

/** The value names nothing that there is. */
export function notFound(field: string, value: Json, detail: string = ""): FieldError {
  const message = withDetail(`Not found: ${showValue(value)}`, detail);
  return { type: "FieldValueNotFound", field, message };
}

/** The value is none of `choices`. */
export function notSupported(field: string, value: Json, choices: readonly string[]): FieldError {
  const list = choices.map((choice) => goQuote(choice)).join(", ");
  const detail = choices.length === 0 ? "" : `supported values: ${list}`;
  const message = withDetail(`Unsupported value: ${showValue(value)}`, detail);
  return { type: "FieldValueNotSupported", field, message };
}

/** The value has too many bytes. */
export function tooLong(field: string, bytesMax: number): FieldError {
  const message = `Too long: may not be more than ${bytesMax} bytes`;
  return { type: "FieldValueTooLong", field, message };
}

/** The list has too many items. */
export function tooMany(field: string, count: number, countMax: number): FieldError {
  const items = countMax === 1 ? "item" : "items";
  const message = `Too many: ${count}: must have at most ${countMax} ${items}`;
  return { type: "FieldValueTooMany", field, message };
}

/** The check itself failed. */
export function internalError(field: string, detail: string): FieldError {
  return { type: "InternalError", field, message: withDetail("Internal error", detail) };
}

/** The error on one line, with its field. */
export function describeFieldError(error: FieldError): string {
  return `${error.field}: ${error.message}`;
}

/** Several errors as one text; the same line is said once. */
export function describeFieldErrors(errors: readonly FieldError[]): string {
  const lines = [...new Set(errors.map(describeFieldError))];
  return lines.length === 1 ? (lines[0] ?? "") : `[${lines.join(", ")}]`;
}

/** A value as it stands in a message. */
function showValue(value: Json | undefined): string {
  if (value === undefined || value === null) return "null";
  if (typeof value === "string") return goQuote(value);
  if (typeof value === "object") return JSON.stringify(value, bigintAsText);
  return String(value);
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

const SHORT: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  '"': '\\"',
  "\\": "\\\\",
};

/** A string in quotes as Go's `%q` writes it. */
export function goQuote(text: string): string {
  let out = "";
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    const short = SHORT[char];
    if (short !== undefined) out += short;
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, "0")}`;
    else if (code >= 0x80 && code < 0xa0) out += `\\u${code.toString(16).padStart(4, "0")}`;
    else out += char;
  }
  return `"${out}"`;
}

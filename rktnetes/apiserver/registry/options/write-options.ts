/**
 * What a write asks for beside its body. In: query parameters. Out: options. @throws {StatusFault}
 * 422
 */
import {
  type FieldError,
  forbidden,
  invalid,
  notSupported,
  tooLong,
} from "@rktnetes/api/field-error";
import type { JsonObject } from "@rktnetes/api/schema";
import { invalidFault } from "@rktnetes/api/status-fault";
import { switchOf } from "./query.ts";

export type FieldValidation = "" | "Ignore" | "Warn" | "Strict";

export interface WriteQuery {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  /** Only for apply. */
  readonly force: boolean | undefined;
}

export type OptionsKind = "CreateOptions" | "UpdateOptions" | "PatchOptions";

/** What a request asked for beside its object. */
export interface SentOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation?: string;
  readonly force?: boolean | undefined;
  /** Of deletions. */
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: string | undefined;
  readonly orphanDependents?: boolean | undefined;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

const KINDS: Readonly<Record<string, string>> = {
  DELETE: "DeleteOptions",
  PATCH: "PatchOptions",
  POST: "CreateOptions",
  PUT: "UpdateOptions",
};

/** The same as the options object of the method. */
export function optionsObject(method: string, sent: SentOptions): JsonObject {
  const { dryRun, fieldManager, fieldValidation = "", uid, resourceVersion, ...rest } = sent;
  const object: JsonObject = {
    kind: KINDS[method] ?? "CreateOptions",
    apiVersion: "meta.k8s.io/v1",
  };
  if (dryRun) object["dryRun"] = ["All"];
  if (fieldManager !== "") object["fieldManager"] = fieldManager;
  if (fieldValidation !== "") object["fieldValidation"] = fieldValidation;
  for (const field of FIELDS) {
    const value = rest[field];
    if (value !== undefined) object[field] = value;
  }
  if (uid !== undefined || resourceVersion !== undefined) {
    object["preconditions"] = {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    };
  }
  return object;
}

const FIELDS = ["force", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"] as const;

const MANAGER_MAX = 128;

export function readWriteQuery(query: URLSearchParams, kind: OptionsKind): WriteQuery {
  const fieldValidation = query.get("fieldValidation") ?? "";
  const fieldManager = query.get("fieldManager") ?? "";
  const dryRun = query.getAll("dryRun");
  const errors = [...dryRunErrors(dryRun), ...managerErrors(fieldManager)];
  if (!["", "Ignore", "Strict", "Warn"].includes(fieldValidation)) {
    const choices = ["", "Ignore", "Strict", "Warn"];
    errors.push(notSupported("fieldValidation", fieldValidation, choices));
  }
  if (errors.length > 0) throw invalidFault({ group: "meta.k8s.io", name: kind }, "", errors);
  return {
    dryRun: dryRun.length > 0,
    fieldManager,
    fieldValidation: fieldValidation as FieldValidation,
    force: kind === "PatchOptions" ? switchOf(query, "force") : undefined,
  };
}

/** What only apply may ask for, and what it must. @throws {StatusFault} 422 */
export function checkPatchQuery(options: WriteQuery, isApply: boolean): void {
  const errors: FieldError[] = [];
  if (isApply && options.fieldManager === "") {
    const message = "Required value: is required for apply patch";
    errors.push({ type: "FieldValueRequired", field: "fieldManager", message });
  }
  if (!isApply && options.force !== undefined) {
    errors.push(forbidden("force", "may not be specified for non-apply patch"));
  }
  if (errors.length > 0) {
    throw invalidFault({ group: "meta.k8s.io", name: "PatchOptions" }, "", errors);
  }
}

export function dryRunErrors(values: readonly string[]): readonly FieldError[] {
  if (values.every((value) => value === "All")) return [];
  return [notSupported("dryRun", [...values], ["All"])];
}

function managerErrors(manager: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(manager) > MANAGER_MAX) errors.push(tooLong("fieldManager", MANAGER_MAX));
  [...manager].forEach((char, at) => {
    if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) return;
    const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    const why = `invalid character U+${code} (at position ${at})`;
    errors.push(invalid("fieldManager", manager, why));
  });
  return errors;
}

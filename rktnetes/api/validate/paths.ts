/** Paths inside volumes: they may not lead out of them. In: a path. Out: field errors. Pure. */
import type { Errors } from "./checks.ts";
import { invalid } from "./field-error.ts";

export function noBackstepErrors(field: string, path: string): Errors {
  if (!path.split("/").includes("..")) return [];
  return [invalid(field, path, "must not contain '..'")];
}

/** Relative, and never upwards. */
export function descendingPathErrors(field: string, path: string): Errors {
  const absolute = path.startsWith("/") ? [invalid(field, path, "must be a relative path")] : [];
  return [...absolute, ...noBackstepErrors(field, path)];
}

/** Names of files that a volume is made of: `..data` is the kubelet's own. */
export function projectedPathErrors(field: string, path: string): Errors {
  const errors = [...descendingPathErrors(field, path)];
  if (path.startsWith("..") && !path.startsWith("../"))
    errors.push(invalid(field, path, "must not start with '..'"));
  return errors;
}

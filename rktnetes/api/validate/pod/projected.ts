/** Volumes made of files from several sources. In: decoded sources. Out: field errors. Pure. */
import type { Json, JsonObject } from "../../schema/schema.ts";
import { findObject, readList, readNumber, readText } from "../../strategy/object-at.ts";
import { type Errors, requiredText } from "../checks.ts";
import { type FieldError, forbidden, invalid, required } from "../field-error.ts";
import { projectedPathErrors } from "../paths.ts";
import { fieldRefErrors, resourceRefErrors, VOLUME_FIELDS } from "./references.ts";

const MODE_MAX = 0o777;
const TOKEN_SECONDS_MIN = 600;
const TOKEN_SECONDS_MAX = 2 ** 32;
const CONFLICT = "conflicting duplicate paths";

export function fileModeErrors(source: JsonObject, field: string, name: string): Errors {
  const mode = readNumber(source, name);
  if (mode === undefined || (mode >= 0 && mode <= MODE_MAX)) return [];
  return [invalid(field, mode, "must be a number between 0 and 0777 (octal), both inclusive")];
}

export function keyItemErrors(item: JsonObject, field: string): Errors {
  return [
    ...requiredText(item, field, "key"),
    ...requiredText(item, field, "path"),
    ...projectedPathErrors(`${field}.path`, readText(item, "path")),
    ...fileModeErrors(item, `${field}.mode`, "mode"),
  ];
}

export function downwardItemErrors(item: JsonObject, field: string): Errors {
  const errors = [
    ...requiredText(item, field, "path"),
    ...projectedPathErrors(`${field}.path`, readText(item, "path")),
  ];
  const fieldRef = findObject(item, "fieldRef");
  const resourceRef = findObject(item, "resourceFieldRef");
  if (fieldRef !== undefined) {
    errors.push(...fieldRefErrors(fieldRef, `${field}.fieldRef`, VOLUME_FIELDS));
    const why = "fieldRef and resourceFieldRef can not be specified simultaneously";
    if (resourceRef !== undefined) errors.push(invalid(field, "resource", why));
  } else if (resourceRef !== undefined) {
    errors.push(...resourceRefErrors(resourceRef, `${field}.resourceFieldRef`, true));
  } else errors.push(required(field, "one of fieldRef and resourceFieldRef is required"));
  return [...errors, ...fileModeErrors(item, `${field}.mode`, "mode")];
}

export function projectedErrors(source: JsonObject, field: string): Errors {
  const paths = new Set<string>();
  const sources = readList(source, "sources").flatMap((part, at) =>
    partErrors(part, { field, part: `${field}.sources[${at}]` }, paths),
  );
  return [...fileModeErrors(source, `${field}.defaultMode`, "defaultMode"), ...sources];
}

interface Where {
  /** The volume's source: most faults of its parts are told of it. */
  readonly field: string;
  readonly part: string;
}

type PartCheck = (source: JsonObject, where: Where, paths: Set<string>) => Errors;

const PARTS: Readonly<Record<string, PartCheck>> = {
  secret: keyedErrors,
  configMap: keyedErrors,
  downwardAPI: (source, { field, part }, paths) =>
    readList(source, "items").flatMap((item) => [
      ...downwardItemErrors(item, part),
      ...pathErrors(field, readText(item, "path"), { paths, shown: readText(item, "path") }),
    ]),
  serviceAccountToken: tokenErrors,
  clusterTrustBundle: (source, { field, part }, paths) => [
    ...requiredText(source, part, "path"),
    ...pathErrors(field, readText(source, "path"), { paths, shown: readText(source, "path") }),
  ],
  podCertificate: (source, { part }) => [
    ...requiredText(source, part, "signerName"),
    ...requiredText(source, part, "keyType"),
  ],
};

function partErrors(part: JsonObject, where: Where, paths: Set<string>): Errors {
  const errors: FieldError[] = [];
  let count = 0;
  for (const [name, check] of Object.entries(PARTS)) {
    const source = findObject(part, name);
    if (source === undefined) continue;
    count += 1;
    const path = `${where.part}.${name}`;
    if (count > 1)
      errors.push(forbidden(path, "may not specify more than 1 volume type per source"));
    else errors.push(...check(source, { ...where, part: path }, paths));
  }
  return errors;
}

function keyedErrors(source: JsonObject, { field, part }: Where, paths: Set<string>): Errors {
  const name = readText(source, "name");
  const items = readList(source, "items").flatMap((item, at) => [
    ...keyItemErrors(item, `${part}.items[${at}]`),
    ...pathErrors(field, readText(item, "path"), { paths, shown: name }),
  ]);
  return [...requiredText(source, part, "name"), ...items];
}

function pathErrors(
  field: string,
  path: string,
  { paths, shown }: { readonly paths: Set<string>; readonly shown: Json },
): Errors {
  if (path === "") return [];
  if (paths.has(path)) return [invalid(field, shown, CONFLICT)];
  paths.add(path);
  return [];
}

function tokenErrors(source: JsonObject, { field, part }: Where): Errors {
  const errors: FieldError[] = [];
  const seconds = readNumber(source, "expirationSeconds") ?? 0;
  const path = `${part}.expirationSeconds`;
  if (seconds < TOKEN_SECONDS_MIN)
    errors.push(invalid(path, seconds, "may not specify a duration less than 10 minutes"));
  if (seconds > TOKEN_SECONDS_MAX)
    errors.push(invalid(path, seconds, "may not specify a duration larger than 2^32 seconds"));
  const file = readText(source, "path");
  if (file === "") errors.push(required(`${field}.path`));
  else errors.push(...projectedPathErrors(`${field}.path`, file));
  return errors;
}

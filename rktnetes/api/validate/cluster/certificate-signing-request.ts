/**
 * What is wrong with requests for certificates. In: decoded objects, the request and the
 * certificate in base64. Out: field errors in Kubernetes' order. Pure.
 */
import type { JsonObject } from "../../schema/schema.ts";
import { readList, readNumber, readObject, readText, readTexts } from "../../strategy/object-at.ts";
import { dnsSubdomainProblems, pathSegmentProblems } from "../../values/names.ts";
import { choiceErrors, type Errors } from "../checks.ts";
import { duplicate, type FieldError, forbidden, invalid, required } from "../field-error.ts";

const USAGES: readonly string[] = [
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
];
const SECONDS_MIN = 600;
const NOT_PEM = "PEM block type must be CERTIFICATE REQUEST";
const REQUEST = /^-----BEGIN CERTIFICATE REQUEST-----\r?\n/m;
const CERTIFICATE = /^-----BEGIN CERTIFICATE-----\r?\n[^-]+-----END CERTIFICATE-----/m;

export function requestErrors(request: JsonObject): Errors {
  const spec = readObject(request, "spec");
  const text = Buffer.from(readText(spec, "request"), "base64").toString("latin1");
  const errors: FieldError[] = [];
  if (!REQUEST.test(text)) errors.push(invalid("spec.request", spec["request"], NOT_PEM));
  errors.push(...usageErrors(readTexts(spec, "usages")));
  errors.push(...signerErrors(readText(spec, "signerName")));
  const seconds = readNumber(spec, "expirationSeconds");
  if (seconds !== undefined && seconds < SECONDS_MIN) {
    const why = `may not specify a duration less than ${SECONDS_MIN} seconds (10 minutes)`;
    errors.push(invalid("spec.expirationSeconds", seconds, why));
  }
  return errors;
}

function usageErrors(usages: readonly string[]): Errors {
  if (usages.length === 0) return [required("spec.usages")];
  return usages.flatMap((usage, at) => [
    ...choiceErrors(`spec.usages[${at}]`, usage, USAGES),
    ...(usages.indexOf(usage) < at ? [duplicate(`spec.usages[${at}]`, usage)] : []),
  ]);
}

function signerErrors(signer: string): Errors {
  const field = "spec.signerName";
  if (signer === "") return [required(field)];
  const parts = signer.split("/");
  const [domain = "", path = ""] = parts;
  if (parts.length !== 2) {
    const why = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
    return [invalid(field, signer, why)];
  }
  const problems = [...dnsSubdomainProblems(domain), ...pathSegmentProblems(path)];
  if (!domain.includes("."))
    problems.push("should be a domain with at least two segments separated by dots");
  return problems.map((why) => invalid(field, signer, why));
}

/** What the paths `/status` and `/approval` may not do to the conditions. */
export function statusErrors(request: JsonObject, old: JsonObject): Errors {
  return [
    ...certificateErrors(request, old),
    ...conditionErrors(request),
    ...changeErrors(request, old, false),
  ];
}

/** Only this path decides, and only once. */
export function approvalErrors(request: JsonObject, old: JsonObject): Errors {
  return [...conditionErrors(request), ...changeErrors(request, old, true)];
}

function certificateErrors(request: JsonObject, old: JsonObject): Errors {
  const field = "status.certificate";
  const certificate = readText(readObject(request, "status"), "certificate");
  const before = readText(readObject(old, "status"), "certificate");
  if (certificate === "" || certificate === before) return [];
  if (before !== "") return [forbidden(field, "updates may not modify the certificate")];
  const text = Buffer.from(certificate, "base64").toString("latin1");
  if (CERTIFICATE.test(text)) return [];
  const why = "must contain at least one CERTIFICATE PEM block";
  return [invalid(field, "<certificate data>", why)];
}

const DECISIONS = ["Approved", "Denied"];

function typesOf(request: JsonObject): readonly string[] {
  const conditions = readList(readObject(request, "status"), "conditions");
  return conditions.map((condition) => readText(condition, "type"));
}

function conditionErrors(request: JsonObject): Errors {
  const field = "status.conditions";
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [at, condition] of readList(readObject(request, "status"), "conditions").entries()) {
    const where = `${field}[${at}]`;
    const type = readText(condition, "type");
    const status = readText(condition, "status");
    if (type === "") errors.push(required(`${where}.type`));
    const isDecision = [...DECISIONS, "Failed"].includes(type);
    const choices = isDecision ? ["True"] : ["False", "True", "Unknown"];
    if (status === "") errors.push(required(`${where}.status`));
    else errors.push(...choiceErrors(`${where}.status`, status, choices));
    const other = type === "Approved" ? "Denied" : "Approved";
    if (DECISIONS.includes(type) && seen.has(other)) {
      const why = "Approved and Denied conditions are mutually exclusive";
      errors.push(invalid(field, type, why));
    }
    if (seen.has(type)) errors.push(duplicate(`${where}.type`, type));
    seen.add(type);
  }
  return errors;
}

function changeErrors(request: JsonObject, old: JsonObject, isApproval: boolean): Errors {
  const [now, before] = [typesOf(request), typesOf(old)];
  const field = "status.conditions";
  const kept = [...DECISIONS, "Failed"].filter(
    (type) => before.includes(type) && !now.includes(type),
  );
  const added = isApproval
    ? []
    : DECISIONS.filter((type) => now.includes(type) && !before.includes(type));
  return [
    ...kept.map((type) => forbidden(field, `updates may not remove a condition of type "${type}"`)),
    ...added.map((type) => forbidden(field, `updates may not add a condition of type "${type}"`)),
  ];
}

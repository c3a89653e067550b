/**
 * What is wrong with the ranges that services have addresses from, and with the addresses that are
 * taken. In: decoded objects. Out: field errors. Pure.
 */
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readObject, readText, readTexts } from "../../strategy/object-at.ts";
import { formatCidr, formatIp, parseCidr, parseIp } from "../../values/ip.ts";
import { pathSegmentProblems } from "../../values/names.ts";
import { cidrErrors } from "../addresses.ts";
import { type Errors, immutableErrors, problemErrors, subdomainErrors } from "../checks.ts";
import { goQuote, invalid, required } from "../field-error.ts";

const RANGES_MAX = 2;

/** Names of IPAddress objects are addresses, spelled in the one way. */
export function addressNameProblems(name: string): readonly string[] {
  const ip = parseIp(name);
  if (ip === undefined) return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"];
  const canonical = formatIp(ip);
  return canonical === name ? [] : [`must be in canonical form (${goQuote(canonical)})`];
}

export function addressErrors(address: JsonObject): Errors {
  const field = "spec.parentRef";
  const parent = findObject(readObject(address, "spec"), "parentRef");
  if (parent === undefined) return [required(field)];
  const group = readText(parent, "group");
  const namespace = readText(parent, "namespace");
  const segment = (name: string, text: string): Errors =>
    problemErrors(`${field}.${name}`, text, pathSegmentProblems(text));
  const needed = (name: string): Errors => {
    const text = readText(parent, name);
    return text === "" ? [required(`${field}.${name}`)] : segment(name, text);
  };
  return [
    ...(group === "" ? [] : subdomainErrors(`${field}.group`, group)),
    ...needed("resource"),
    ...needed("name"),
    ...(namespace === "" ? [] : segment("namespace", namespace)),
  ];
}

export function addressUpdateErrors(address: JsonObject, old: JsonObject): Errors {
  const [now, before] = [readObject(address, "spec"), readObject(old, "spec")];
  return immutableErrors("spec.parentRef", now["parentRef"], before["parentRef"]);
}

export function rangeErrors(range: JsonObject): Errors {
  const field = "spec.cidrs";
  const cidrs = readTexts(readObject(range, "spec"), "cidrs");
  const shown = { CIDRs: [...cidrs] };
  if (cidrs.length === 0) return [required(field, "at least one CIDR required")];
  if (cidrs.length > RANGES_MAX) return [invalid(field, shown, "may only hold up to 2 values")];
  const families = new Set(cidrs.map((cidr) => parseCidr(cidr)?.family));
  if (families.size < cidrs.length || (cidrs.length > 1 && families.has(undefined))) {
    const example = "i.e 192.168.0.0/24 and 2001:db8::/64";
    const why = `may specify no more than one IP for each IP family, ${example}`;
    return [invalid(field, shown, why)];
  }
  return cidrs.flatMap((cidr, at) => oneRangeErrors(cidr, `${field}[${at}]`));
}

function oneRangeErrors(text: string, field: string): Errors {
  const cidr = parseCidr(text);
  if (cidr === undefined) return cidrErrors(field, text);
  const canonical = formatCidr(cidr);
  if (canonical === text) return [];
  return [invalid(field, text, `must be in canonical form (${goQuote(canonical)})`)];
}

/** A range of one family may get a second one; what is there stays. */
export function rangeUpdateErrors(range: JsonObject, old: JsonObject): Errors {
  const now = readTexts(readObject(range, "spec"), "cidrs");
  const before = readTexts(readObject(old, "spec"), "cidrs");
  const isWidened = before.length === 1 && now.length === RANGES_MAX && now[0] === before[0];
  return isWidened ? rangeErrors(range) : immutableErrors("spec.cidrs", [...now], [...before]);
}

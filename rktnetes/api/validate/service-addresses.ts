/**
 * What is wrong with a service's own addresses and their families. In: specs, as the server has
 * completed them. Out: field errors in Kubernetes' order. Pure.
 */
import type { JsonObject } from "../schema/schema.ts";
import { readText, readTexts } from "../strategy/object-at.ts";
import { parseIp } from "../values/ip.ts";
import { ipErrors } from "./addresses.ts";
import { duplicate, type FieldError, invalid, notSupported, required } from "./field-error.ts";

const FAMILIES = ["IPv4", "IPv6"];
const FAMILY_POLICIES = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const FIELD = "spec.clusterIPs";
const UNCHANGED = "may not change once set";

/** A service without an address of its own. */
export function isHeadless(spec: JsonObject): boolean {
  const addresses = readTexts(spec, "clusterIPs");
  return addresses.length === 1 && addresses[0] === "None";
}

/** `IPv4`, `IPv6`, or undefined for what is no address. */
function familyOf(text: string): string | undefined {
  const ip = parseIp(text);
  return ip === undefined ? undefined : `IPv${ip.family}`;
}

export function clusterAddressErrors(spec: JsonObject): readonly FieldError[] {
  if (readText(spec, "type") === "ExternalName") return [];
  const addresses = readTexts(spec, "clusterIPs");
  const errors = [...pairErrors(readText(spec, "clusterIP"), addresses), ...familyErrors(spec)];
  const each = eachErrors(addresses);
  errors.push(...each);
  if (addresses.length > 2)
    errors.push(invalid(FIELD, [...addresses], "may only hold up to 2 values"));
  if (each.length > 0) return errors;
  if (addresses.length > 1 && new Set(addresses.map(familyOf)).size < addresses.length) {
    const why = "may specify no more than one IP for each IP family";
    errors.push(invalid(FIELD, [...addresses], why));
  }
  return [...errors, ...matchErrors(spec, addresses)];
}

function pairErrors(address: string, addresses: readonly string[]): readonly FieldError[] {
  if (addresses.length === 0) return address === "" ? [] : [required(FIELD)];
  if (address === "")
    return [invalid(FIELD, [...addresses], "must be empty when `clusterIP` is not specified")];
  if (addresses[0] === address) return [];
  return [invalid(FIELD, [...addresses], "first value must match `clusterIP`")];
}

function familyErrors(spec: JsonObject): readonly FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [at, family] of readTexts(spec, "ipFamilies").entries()) {
    const field = `spec.ipFamilies[${at}]`;
    if (!FAMILIES.includes(family)) errors.push(notSupported(field, family, FAMILIES));
    if (seen.has(family)) errors.push(duplicate(field, family));
    seen.add(family);
  }
  const policy = readText(spec, "ipFamilyPolicy");
  if (spec["ipFamilyPolicy"] !== undefined && !FAMILY_POLICIES.includes(policy))
    errors.push(notSupported("spec.ipFamilyPolicy", policy, FAMILY_POLICIES));
  return errors;
}

function eachErrors(addresses: readonly string[]): readonly FieldError[] {
  return addresses.flatMap((address, at) => {
    if (at > 0 || address !== "None") return ipErrors(`${FIELD}[${at}]`, address);
    if (addresses.length === 1) return [];
    return [invalid(FIELD, [...addresses], "'None' must be the first and only value")];
  });
}

function matchErrors(spec: JsonObject, addresses: readonly string[]): readonly FieldError[] {
  const families = readTexts(spec, "ipFamilies");
  if (isHeadless(spec) || families.length === 0) return [];
  return addresses.flatMap((address, at) => {
    const family = families[at];
    if (family === undefined || !FAMILIES.includes(family) || family === familyOf(address))
      return [];
    const why = `expected an ${family} value as indicated by \`ipFamilies[${at}]\``;
    return [invalid(`${FIELD}[${at}]`, address, why)];
  });
}

/** The first address stays for the life of the service; the second may come and go. */
export function addressChangeErrors(spec: JsonObject, before: JsonObject): readonly FieldError[] {
  if ([spec, before].some((each) => readText(each, "type") === "ExternalName")) return [];
  if (isHeadless(spec) && isHeadless(before)) return [];
  const [now, then] = [readTexts(spec, "clusterIPs"), readTexts(before, "clusterIPs")];
  if (now.length === then.length) {
    return then.flatMap((address, at) =>
      now[at] === address ? [] : [invalid(`${FIELD}[${at}]`, [...now], UNCHANGED)],
    );
  }
  if (now.length === 0)
    return [invalid(`${FIELD}[0]`, [...now], "primary clusterIP can not be unset")];
  const errors: FieldError[] = [];
  if (then.length > 0 && now[0] !== then[0])
    errors.push(invalid(`${FIELD}[0]`, [...now], UNCHANGED));
  const policy = spec["ipFamilyPolicy"];
  if (now.length === 1 && then.length > 1 && policy !== "SingleStack") {
    const why = "must be set to 'SingleStack' when releasing the secondary clusterIP";
    errors.push(invalid("spec.ipFamilyPolicy", policy, why));
  }
  return errors;
}

/**
 * Which families of addresses a service has. In: its spec and what the cluster has, the first one
 * first. Out: the spec completed in place, or what it asks for in vain.
 */
import { type FieldError, invalid } from "@rktnetes/api/field-error";
import type { JsonObject } from "@rktnetes/api/schema";
import { readObject, readText, readTexts } from "@rktnetes/api/strategy/object-at";
import { needsAddress } from "@rktnetes/api/strategy/core/service";
import { parseIp } from "@rktnetes/api/values/ip";

export function settleFamilies(
  spec: JsonObject,
  offered: readonly string[],
): readonly FieldError[] {
  if (!needsAddress(spec)) return [];
  if (isBare(spec)) return settleBare(spec, offered);
  const wanted = readTexts(spec, "ipFamilies");
  const policy = readText(spec, "ipFamilyPolicy");
  const missing = wanted.findIndex((family) => !offered.includes(family));
  if (missing >= 0) {
    const field = `spec.ipFamilies[${missing}]`;
    return [invalid(field, wanted[missing] ?? "", "not configured on this cluster")];
  }
  const isDual = offered.length > 1;
  if (policy === "RequireDualStack" && !isDual) {
    const why = "this cluster is not configured for dual-stack services";
    return [invalid("spec.ipFamilyPolicy", policy, why)];
  }
  const addresses = readTexts(spec, "clusterIPs").filter((address) => address !== "None");
  const said = addresses.flatMap((address) => familyOf(address) ?? []);
  const families = [...new Set([...(wanted.length > 0 ? wanted : said)])];
  if (families.length === 0) families.push(offered[0] ?? "IPv4");
  const isBoth = policy === "" ? families.length > 1 : policy !== "SingleStack";
  const other = offered.find((family) => !families.includes(family));
  if (isBoth && families.length === 1 && other !== undefined) families.push(other);
  spec["ipFamilies"] = policy === "SingleStack" ? families.slice(0, 1) : families;
  if (policy === "") spec["ipFamilyPolicy"] = isBoth ? "RequireDualStack" : "SingleStack";
  if (policy === "SingleStack" && addresses.length > 1) spec["clusterIPs"] = addresses.slice(0, 1);
  return [];
}

function familyOf(address: string): string | undefined {
  const ip = parseIp(address);
  return ip === undefined ? undefined : `IPv${ip.family}`;
}

/** No address, and nobody behind it that the server knows: whoever writes the endpoints decides. */
function isBare(spec: JsonObject): boolean {
  const isHeadless = readText(spec, "clusterIP") === "None";
  return isHeadless && Object.keys(readObject(spec, "selector")).length === 0;
}

function settleBare(spec: JsonObject, offered: readonly string[]): readonly FieldError[] {
  const policy = readText(spec, "ipFamilyPolicy") || "RequireDualStack";
  const families = [...readTexts(spec, "ipFamilies")];
  if (families.length === 0) families.push(offered[0] ?? "IPv4");
  if (policy !== "SingleStack" && families.length === 1)
    families.push(families[0] === "IPv4" ? "IPv6" : "IPv4");
  spec["ipFamilyPolicy"] = policy;
  spec["ipFamilies"] = families;
  return [];
}

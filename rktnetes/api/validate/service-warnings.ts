/** What clients are told of services that are valid but not as they may think. Pure. */
import type { JsonObject } from "../schema/schema.ts";
import { readObject, readText, readTexts } from "../strategy/object-at.ts";
import { formatCidr, formatIp, parseCidr, parseIp } from "../values/ip.ts";
import { goQuote } from "./field-error.ts";

const HINTS = "service.kubernetes.io/topology-aware-hints";

export function serviceWarnings(service: JsonObject): readonly string[] {
  const annotations = readObject(readObject(service, "metadata"), "annotations");
  const spec = readObject(service, "spec");
  const hints =
    `annotation ${HINTS} is deprecated, ` +
    "please use service.kubernetes.io/topology-mode instead";
  return [
    ...(HINTS in annotations ? [hints] : []),
    ...ipWarnings("spec.clusterIPs", readTexts(spec, "clusterIPs")),
    ...headlessWarnings(spec),
    ...ipWarnings("spec.externalIPs", readTexts(spec, "externalIPs")),
    ...cidrWarnings("spec.loadBalancerSourceRanges", readTexts(spec, "loadBalancerSourceRanges")),
    ...typeWarnings(spec),
  ];
}

function headlessWarnings(spec: JsonObject): readonly string[] {
  if (readText(spec, "clusterIP") !== "None") return [];
  const warnings: string[] = [];
  const ignored = 'is ignored when spec.clusterIP is "None"';
  if (readText(spec, "loadBalancerIP") !== "") warnings.push(`spec.loadBalancerIP ${ignored}`);
  if (readTexts(spec, "externalIPs").length > 0) warnings.push(`spec.externalIPs ${ignored}`);
  if (readText(spec, "sessionAffinity") !== "None")
    warnings.push("spec.SessionAffinity is ignored for headless services");
  return warnings;
}

function typeWarnings(spec: JsonObject): readonly string[] {
  const warnings: string[] = [];
  const isName = readText(spec, "type") === "ExternalName";
  if (readTexts(spec, "externalIPs").length > 0) {
    warnings.push(
      "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
    );
    if (isName) warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  }
  if (!isName && readText(spec, "externalName") !== "")
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (readText(spec, "trafficDistribution") === "PreferClose")
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return warnings;
}

/** Old spellings that will be refused one day. */
function ipWarnings(field: string, texts: readonly string[]): readonly string[] {
  return texts.flatMap((text, at) => {
    const ip = parseIp(text);
    if (ip === undefined) return [];
    const short = formatIp(ip);
    if (short === text) return [];
    const isLegacy = ip.family === 4;
    const what = isLegacy ? "non-standard IP address" : "IPv6 address";
    const why = isLegacy
      ? "will be considered invalid in a future Kubernetes release: use"
      : "should be in RFC 5952 canonical format";
    const end = isLegacy ? ` ${goQuote(short)}` : ` (${goQuote(short)})`;
    return [`${field}[${at}]: ${what} ${goQuote(text)} ${why}${end}`];
  });
}

function cidrWarnings(field: string, texts: readonly string[]): readonly string[] {
  return texts.flatMap((text, at) => {
    const cidr = parseCidr(text.trim());
    if (cidr === undefined || formatCidr(cidr) === text.trim()) return [];
    const isMasked = formatIp(cidr) !== formatCidr(cidr).split("/")[0];
    if (!isMasked) return [];
    const short = goQuote(formatCidr(cidr));
    return [
      `${field}[${at}]: CIDR value ${goQuote(text)} is ambiguous in this context ` +
        `(should be ${short} or ${goQuote(`${formatIp(cidr)}/${cidr.family === 4 ? 32 : 128}`)}?)`,
    ];
  });
}

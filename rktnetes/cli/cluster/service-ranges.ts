/**
 * The addresses that services have, as `--service-cluster-ip-range` says them. In: the flag's text.
 * Out: networks, checked for their form, and the names by which pods find the server. Pure.
 */
import { SERVICE_RANGE } from "@rktnetes/apiserver/api-server";
import { type Cidr, firstOf, formatCidr, formatIp, parseCidr } from "@rktnetes/api/values/ip";
import { Fault, quote } from "@shared/base";
import type { Flag, FlagValues } from "../flags/flags.ts";

const NAME = "service-cluster-ip-range";

export const SERVICE_RANGE_FLAG: Flag = {
  name: NAME,
  value: "CIDR",
  usage: "services of a new cluster have its addresses; an IPv4 and an IPv6 one with a comma",
  initial: SERVICE_RANGE,
};

/** @throws {Fault} "invalid" */
export function readServiceRanges(flags: FlagValues): readonly Cidr[] {
  const text = flags.get(NAME) ?? "";
  const ranges = text.split(",").map((range) => parseCidr(range.trim()));
  const found = ranges.filter((range) => range !== undefined);
  const families = new Set(found.map(({ family }) => family));
  if (found.length !== ranges.length || families.size !== found.length) {
    const hint = "one network of IPv4, one of IPv6, or both";
    throw new Fault("invalid", `invalid argument ${quote(text)} for --${NAME}`, { hint });
  }
  return found;
}

/** As objects have them. */
export function rangeTexts(ranges: readonly Cidr[]): readonly string[] {
  return ranges.map(formatCidr);
}

/** Where pods find the server: the first address of each range. */
export function serverAddresses(ranges: readonly Cidr[]): readonly string[] {
  return ranges.map((range) => formatIp({ family: range.family, value: firstOf(range) + 1n }));
}

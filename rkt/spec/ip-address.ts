/**
 * Which version of IP an address is of: a text flows in, 4, 6 or nothing flows out. Here because
 * loading `node:net` for this one question costs ten times as much as a whole manifest.
 *
 * @see RFC 4291 section 2.2; leading zeros and zones are refused, as in Go's net.ParseIP
 */

const OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const IPV4 = new RegExp(`^(?:${OCTET}\\.){3}${OCTET}$`);
const GROUP = /^[0-9a-fA-F]{1,4}$/;

/** 4 for a dotted quad, 6 for an address with colons, undefined for anything else. */
export function ipVersion(text: string): 4 | 6 | undefined {
  if (IPV4.test(text)) return 4;
  return text.includes(":") && isIpv6(text) ? 6 : undefined;
}

function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const counts = halves.map((half, index) => groupsOf(half, index === halves.length - 1));
  const groups = counts.reduce((sum, count) => sum + count, 0);
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

/** How many groups of 16 bits; more than any address has where one of them is none. */
function groupsOf(half: string, last: boolean): number {
  if (half === "") return 0;
  const groups = half.split(":");
  const quad = last && IPV4.test(groups.at(-1) ?? "") ? groups.pop() : undefined;
  if (!groups.every((group) => GROUP.test(group))) return 9;
  return groups.length + (quad === undefined ? 0 : 2);
}

/** What is wrong with addresses and networks. In: a field and its text. Out: field errors. Pure. */
import { type Ip, parseCidr, parseIp } from "../values/ip.ts";
import { type FieldError, invalid } from "./field-error.ts";

/** An address of either family. */
export function ipErrors(field: string, text: string): readonly FieldError[] {
  if (parseIp(text) !== undefined) return [];
  const words = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
  return [invalid(field, text, words)];
}

/** A network of either family. */
export function cidrErrors(field: string, text: string): readonly FieldError[] {
  if (parseCidr(text) !== undefined) return [];
  const words = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
  return [invalid(field, text, words)];
}

const V4_LOOPBACK = 127n;
const V4_LINK_LOCAL = 0xa9fen;
const V4_LINK_LOCAL_MULTICAST = 0xe00000n;

/** An address that traffic can be sent to from elsewhere. */
export function endpointIpErrors(field: string, text: string): readonly FieldError[] {
  const ip = parseIp(text);
  if (ip === undefined) return ipErrors(field, text);
  const why = specialProblem(ip, text);
  return why === undefined ? [] : [invalid(field, text, why)];
}

function specialProblem(ip: Ip, text: string): string | undefined {
  const { family, value } = ip;
  if (value === 0n) return `may not be unspecified (${text})`;
  const isLoopback = family === 4 ? value >> 24n === V4_LOOPBACK : value === 1n;
  if (isLoopback) return "may not be in the loopback range (127.0.0.0/8, ::1/128)";
  const isLinkLocal = family === 4 ? value >> 16n === V4_LINK_LOCAL : value >> 118n === 0x3fan;
  if (isLinkLocal) return "may not be in the link-local range (169.254.0.0/16, fe80::/10)";
  const isMulticast =
    family === 4
      ? value >> 8n === V4_LINK_LOCAL_MULTICAST
      : (value >> 112n) % 16n === 2n && value >> 120n === 0xffn;
  if (isMulticast) return "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)";
  return undefined;
}

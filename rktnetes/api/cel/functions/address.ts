/** `ip("…")`, `cidr("…")` and what they can do. Pure. */
import { isIP, isIPv4 } from "node:net";
import { CelError, type CelValue, Opaque } from "../values.ts";
import type { Library, PartialFunction } from "./library.ts";

const IP = "net.IP";
const CIDR = "net.CIDR";

interface Address {
  readonly bits: bigint;
  readonly width: 32 | 128;
}

interface Network extends Address {
  readonly prefix: number;
}

function bitsOf(text: string): Address | undefined {
  if (isIPv4(text)) {
    if (text.split(".").some((part) => part.length > 1 && part.startsWith("0"))) return undefined;
    const bits = text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
    return { bits, width: 32 };
  }
  if (isIP(text) !== 6 || text.includes("%") || text.includes(".")) return undefined;
  const [head = "", tail] = text.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const [left, right] = [groups(head), groups(tail ?? "")];
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const all = [...left, ...Array<string>(zeros).fill("0"), ...right];
  const bits = all.reduce((sum, part) => sum * 65536n + BigInt(`0x${part}`), 0n);
  const isMapped = bits >> 32n === 0xffffn; // an IPv4 address in other clothes
  return isMapped ? undefined : { bits, width: 128 };
}

function textOf({ bits, width }: Address): string {
  if (width === 32) {
    return [24n, 16n, 8n, 0n].map((by) => String((bits >> by) & 255n)).join(".");
  }
  const groups = Array.from({ length: 8 }, (_, at) => (bits >> BigInt(16 * (7 - at))) & 0xffffn);
  const text = groups.map((group) => group.toString(16)).join(":");
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].map((found) => found[0]);
  const longest = runs.sort((a, b) => b.length - a.length)[0];
  if (longest === undefined) return text;
  const short = text.replace(longest, "::");
  return short.replace(/:{3,}/, "::");
}

function parseIp(text: string): Opaque | undefined {
  const address = bitsOf(text);
  return address === undefined ? undefined : new Opaque(IP, address, textOf(address));
}

function parseCidr(text: string): Opaque | undefined {
  const [address = "", size = "", ...more] = text.split("/");
  const found = bitsOf(address);
  if (found === undefined || more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(size)) return undefined;
  if (Number(size) > found.width) return undefined;
  const network: Network = { ...found, prefix: Number(size) };
  return new Opaque(CIDR, network, `${textOf(found)}/${size}`);
}

function parsed(parse: (text: string) => Opaque | undefined, what: string): PartialFunction {
  return ([text]) => {
    if (typeof text !== "string") return undefined;
    const found = parse(text);
    if (found !== undefined) return found;
    throw new CelError(`${what} ${JSON.stringify(text)} parse error during conversion from string`);
  };
}

function isOne(parse: (text: string) => Opaque | undefined): PartialFunction {
  return ([text]) => (typeof text === "string" ? parse(text) !== undefined : undefined);
}

function onIp(run: (address: Address) => CelValue): PartialFunction {
  return ([value]) =>
    value instanceof Opaque && value.type === IP ? run(value.content as Address) : undefined;
}

function asNetwork(value: CelValue | undefined): Network | undefined {
  const whole = typeof value === "string" ? parseCidr(value) : value;
  return whole instanceof Opaque && whole.type === CIDR ? (whole.content as Network) : undefined;
}

function asAddress(value: CelValue | undefined): Address | undefined {
  const whole = typeof value === "string" ? parseIp(value) : value;
  return whole instanceof Opaque && whole.type === IP ? (whole.content as Address) : undefined;
}

function netmask({ bits, width, prefix }: Network): bigint {
  const host = BigInt(width - prefix);
  return (bits >> host) << host;
}

function onCidr(run: (network: Network, other: CelValue | undefined) => CelValue): PartialFunction {
  return ([value, other]) => {
    const isCidr = value instanceof Opaque && value.type === CIDR;
    return isCidr ? run(value.content as Network, other) : undefined;
  };
}

function containsAddress(network: Network, address: Address | undefined): boolean {
  if (address === undefined) throw new CelError("no such overload");
  if (address.width !== network.width) return false;
  return netmask({ ...network, bits: address.bits }) === netmask(network);
}

function startsWith({ bits, width }: Address, prefix: string): boolean {
  const network = asNetwork(prefix);
  return (
    network !== undefined && network.width === width && containsAddress(network, { bits, width })
  );
}

export const ADDRESS_FUNCTIONS: Library = {
  ip: (args) => {
    const [value] = args;
    if (value instanceof Opaque && value.type === CIDR) {
      const address = value.content as Network;
      return new Opaque(IP, { bits: address.bits, width: address.width }, textOf(address));
    }
    return parsed(parseIp, "IP Address")(args);
  },
  isIP: isOne(parseIp),
  "ip.isCanonical": ([text]) => {
    if (typeof text !== "string") return undefined;
    const found = parseIp(text);
    if (found === undefined) throw new CelError(`IP Address ${JSON.stringify(text)} parse error`);
    return found.text === text;
  },
  family: onIp(({ width }) => (width === 32 ? 4n : 6n)),
  isUnspecified: onIp(({ bits }) => bits === 0n),
  isLoopback: onIp(
    (address) => startsWith(address, "127.0.0.0/8") || startsWith(address, "::1/128"),
  ),
  isLinkLocalMulticast: onIp(
    (address) => startsWith(address, "224.0.0.0/24") || startsWith(address, "ff02::/16"),
  ),
  isLinkLocalUnicast: onIp(
    (address) => startsWith(address, "169.254.0.0/16") || startsWith(address, "fe80::/10"),
  ),
  isGlobalUnicast: onIp(
    (address) =>
      address.bits !== 0n &&
      !startsWith(address, "255.255.255.255/32") &&
      !["127.0.0.0/8", "::1/128", "224.0.0.0/4", "ff00::/8", "169.254.0.0/16", "fe80::/10"].some(
        (network) => startsWith(address, network),
      ),
  ),
  cidr: parsed(parseCidr, "CIDR"),
  isCIDR: isOne(parseCidr),
  containsIP: onCidr((network, other) => containsAddress(network, asAddress(other))),
  containsCIDR: onCidr((network, other) => {
    const inner = asNetwork(other);
    if (inner === undefined) throw new CelError("no such overload");
    return inner.prefix >= network.prefix && containsAddress(network, inner);
  }),
  masked: onCidr((network) => {
    const masked = { ...network, bits: netmask(network) };
    return new Opaque(CIDR, masked, `${textOf(masked)}/${network.prefix}`);
  }),
  prefixLength: onCidr(({ prefix }) => BigInt(prefix)),
};

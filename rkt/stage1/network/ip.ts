/**
 * IP addresses as numbers: counting in them, and the bytes that the kernel reads. Texts are those
 * of Go's net package, because they are names of files that the reference plugins read. Pure.
 */
import { ipVersion } from "@rkt/spec";
import { Fault, quote } from "@shared/base";

/** An address, 4 or 6 by its `version`. */
export interface Ip {
  readonly version: 4 | 6;
  readonly number: bigint;
}

/** A network, or an address with the length of its network's prefix. */
export interface Cidr extends Ip {
  readonly length: number;
}

export const bitsOf = (version: 4 | 6): number => (version === 4 ? 32 : 128);

/** @throws {Fault} "invalid" */
export function parseIp(text: string): Ip {
  const version = ipVersion(text);
  if (version === 4) return { version, number: quad(text) };
  if (version === undefined) throw new Fault("invalid", `${quote(text)} is not an IP address`);
  const number = groups(text);
  if (number >> 32n === 0xffffn) return { version: 4, number: number & 0xffff_ffffn }; // as Go does
  return { version, number };
}

const quad = (text: string): bigint =>
  text.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);

function groups(text: string): bigint {
  const plain = text.replace(/[0-9]+(?:\.[0-9]+){3}$/, (four) => {
    const number = quad(four);
    return `${(number >> 16n).toString(16)}:${(number & 0xffffn).toString(16)}`;
  });
  const halves = plain.split("::").map((half) => half.split(":").filter(Boolean));
  const [head = []] = halves;
  const tail = halves[1];
  const zeros = tail === undefined ? 0 : 8 - head.length - tail.length;
  const all = [...head, ...Array<string>(zeros).fill("0"), ...(tail ?? [])];
  return all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

/** @throws {Fault} "invalid" */
export function parseCidr(text: string): Cidr {
  const [address = "", length = ""] = text.split("/");
  const ip = parseIp(address);
  const bits = /^[0-9]{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (bits <= bitsOf(ip.version) && text === `${address}/${length}`) return { ...ip, length: bits };
  throw new Fault("invalid", `${quote(text)} is not a network`);
}

/** RFC 5952 for IPv6. */
export function printIp({ version, number }: Ip): string {
  if (version === 4) {
    return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 0xffn).join(".");
  }
  const words = Array.from({ length: 8 }, (_, index) =>
    Number((number >> BigInt(112 - index * 16)) & 0xffffn),
  );
  const run = longestZeros(words);
  const print = (part: readonly number[]): string =>
    part.map((word) => word.toString(16)).join(":");
  if (run.length < 2) return print(words);
  return `${print(words.slice(0, run.at))}::${print(words.slice(run.at + run.length))}`;
}

/** Where the first of the longest runs of zeros is. */
function longestZeros(words: readonly number[]): { at: number; length: number } {
  let best = { at: 0, length: 0 };
  for (let at = 0; at < words.length; at++) {
    const after = words.slice(at).findIndex((word) => word !== 0);
    const length = after === -1 ? words.length - at : after;
    if (length > best.length) best = { at, length };
  }
  return best;
}

export const printCidr = (cidr: Cidr): string => `${printIp(cidr)}/${cidr.length}`;

/** The network that an address lies in. */
export function networkOf(cidr: Cidr): Cidr {
  return { ...cidr, number: cidr.number & ~hostMask(cidr) };
}

/** The last address of a network. */
export function lastOf(cidr: Cidr): Ip {
  return { version: cidr.version, number: cidr.number | hostMask(cidr) };
}

const hostMask = ({ version, length }: Cidr): bigint =>
  (1n << BigInt(bitsOf(version) - length)) - 1n;

export const offset = ({ version, number }: Ip, by: bigint): Ip => ({
  version,
  number: number + by,
});

export const isSame = (a: Ip, b: Ip): boolean => a.version === b.version && a.number === b.number;

/** In the network's order. */
export function bytesOf({ version, number }: Ip): Uint8Array {
  return Uint8Array.from(
    Buffer.from(number.toString(16).padStart(bitsOf(version) / 4, "0"), "hex"),
  );
}

/** As the kernel's messages take it. */
export function wire(cidr: Cidr): { bytes: Uint8Array; length: number } {
  return { bytes: bytesOf(cidr), length: cidr.length };
}

/** An address as the network of itself alone. */
export const alone = (ip: Ip): Cidr => ({ ...ip, length: bitsOf(ip.version) });

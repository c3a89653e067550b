/**
 * Addresses and networks. In: text. Out: numbers to compare and count with, and the one spelling
 * that Kubernetes prefers. Never throws: what is no address is undefined. @see RFC 4291, RFC 5952
 */

/** An address as a number. */
export interface Ip {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A network: all addresses that begin with the same bits. */
export interface Cidr {
  readonly family: 4 | 6;
  /** As it was written; bits beyond the prefix may be set. */
  readonly value: bigint;
  readonly prefix: number;
}

/** Parts may have leading zeros, as old objects have them. */
export function parseIp(text: string): Ip | undefined {
  if (text.includes(":")) {
    const value = parseIp6(text);
    return value === undefined ? undefined : { family: 6, value };
  }
  const value = parseIp4(text);
  return value === undefined ? undefined : { family: 4, value };
}

function parseIp4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^\d{1,8}$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(Number(part));
  }
  return value;
}

function parseIp6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(parseGroups);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const zeros = Array.from({ length: missing }, () => 0n);
  const groups = [...head, ...zeros, ...(tail ?? [])];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

function parseGroups(text: string): bigint[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: bigint[] = [];
  for (const [at, part] of parts.entries()) {
    if (at === parts.length - 1 && part.includes(".")) {
      const last = parseIp4(part);
      if (last === undefined) return undefined;
      groups.push(last >> 16n, last & 0xffffn);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}

export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const ip = parseIp(text.slice(0, slash));
  const bits = text.slice(slash + 1);
  if (ip === undefined || !/^\d{1,3}$/.test(bits)) return undefined;
  const prefix = Number(bits);
  return prefix > bitsOf(ip) ? undefined : { ...ip, prefix };
}

function bitsOf({ family }: { readonly family: 4 | 6 }): number {
  return family === 4 ? 32 : 128;
}

/** The address with the shortest spelling. */
export function formatIp({ family, value }: Ip): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((by) => (value >> by) & 0xffn).join(".");
  const groups: string[] = [];
  for (let by = 112n; by >= 0n; by -= 16n) groups.push(((value >> by) & 0xffffn).toString(16));
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(":");
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + length).join(":")}`;
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [at, group] of groups.entries()) {
    if (group !== "0") start = at + 1;
    else if (at + 1 - start > best.length) best = { start, length: at + 1 - start };
  }
  return best;
}

/** The first address of a network. */
export function firstOf(cidr: Cidr): bigint {
  const rest = BigInt(bitsOf(cidr) - cidr.prefix);
  return (cidr.value >> rest) << rest;
}

/** How many addresses a network has. */
export function sizeOf(cidr: Cidr): bigint {
  return 1n << BigInt(bitsOf(cidr) - cidr.prefix);
}

/** The network with its first address and the shortest spelling. */
export function formatCidr(cidr: Cidr): string {
  return `${formatIp({ family: cidr.family, value: firstOf(cidr) })}/${cidr.prefix}`;
}

export function contains(cidr: Cidr, ip: Ip): boolean {
  if (cidr.family !== ip.family) return false;
  const first = firstOf(cidr);
  return ip.value >= first && ip.value < first + sizeOf(cidr);
}

/**
 * Tables, chains and rules of nftables as netlink messages: one transaction that happens as a whole
 * or not at all. Expressions are values; nothing here knows what they are for.
 *
 * @see nft(8); linux/netfilter/nf_tables.h
 */
import { Fault, quote } from "@shared/base";
import {
  type Attribute,
  be32,
  encodeAttributes,
  NETLINK_FLAG,
  type Netlink,
  type NetlinkMessage,
  openNetlink,
  readAttributes,
  textOf,
} from "./netlink.ts";

const SUBSYSTEM = 10 << 8;
const MESSAGE = {
  newTable: SUBSYSTEM | 0,
  getTable: SUBSYSTEM | 1,
  deleteTable: SUBSYSTEM | 2,
  newChain: SUBSYSTEM | 3,
  getChain: SUBSYSTEM | 4,
  newRule: SUBSYSTEM | 6,
  getRule: SUBSYSTEM | 7,
  deleteRule: SUBSYSTEM | 8,
} as const;
const POLICY_DROP = 0;
const BATCH_BEGIN = 0x10;
const BATCH_END = 0x11;

/** The families of tables that are used, by their usual words. */
export type TableFamily = "ip" | "ip6" | "inet";
const FAMILY = { inet: 1, ip: 2, ip6: 10 } as const;
const FAMILY_UNSPECIFIED = 0;

const HOOK = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;

/** Rules in order, and where packets meet them; chains of lower priority come first. */
export interface Chain {
  readonly name: string;
  readonly type: "nat" | "filter";
  readonly hook: keyof typeof HOOK;
  readonly priority: number;
  readonly rules: readonly Rule[];
}

/** Expressions from left to right, and a comment as `nft list` shows it. */
export interface Rule {
  readonly expressions: readonly Expression[];
  readonly comment: string;
}

/** A table that is made, with all that is in it, or removed, as a whole. */
export interface Table {
  readonly family: TableFamily;
  readonly name: string;
  readonly chains: readonly Chain[];
}

/** One step of a rule, with its attributes as the kernel reads them. */
export interface Expression {
  readonly name: string;
  readonly data: readonly Attribute[];
}

const REGISTER = 1;
const SECOND_REGISTER = 2;

const value = (bytes: Uint8Array): Attribute[] => [[1, bytes]];
const u8 = (number: number): Uint8Array => new Uint8Array([number]);

/** Compares what the expression before it loaded. */
function compare(bytes: Uint8Array, equal: boolean = true): Expression {
  return {
    name: "cmp",
    data: [
      [1, be32(REGISTER)],
      [2, be32(equal ? 0 : 1)],
      [3, value(bytes)],
    ],
  };
}

function payload(base: 1 | 2, offset: number, length: number): Expression {
  return {
    name: "payload",
    data: [
      [1, be32(REGISTER)],
      [2, be32(base)],
      [3, be32(offset)],
      [4, be32(length)],
    ],
  };
}

/** The source or destination address lies in the network, or does not. */
export function addressIs(
  side: "source" | "destination",
  network: { readonly bytes: Uint8Array; readonly length: number },
  inside: boolean = true,
): Expression[] {
  const size = network.bytes.length;
  const first = size === 4 ? 12 : 8;
  const mask = maskOf(size, network.length);
  const load = payload(1, side === "source" ? first : first + size, size);
  const prefix = network.bytes.map((byte, index) => byte & (mask[index] ?? 0));
  if (network.length === size * 8) return [load, compare(prefix, inside)];
  return [load, masked(mask), compare(prefix, inside)];
}

function maskOf(size: number, length: number): Uint8Array {
  const bitsIn = (index: number): number => Math.min(8, Math.max(0, length - index * 8));
  return Uint8Array.from({ length: size }, (_, index) => 0xff & (0xff00 >> bitsIn(index)));
}

const META_L4PROTO = 16;
const PROTOCOL = { tcp: 6, udp: 17, sctp: 132 } as const;

/** A transport protocol with ports. */
export type Transport = keyof typeof PROTOCOL;

/** The packet goes to this port. */
export function portIs(transport: Transport, port: number): Expression[] {
  const load: Expression = {
    name: "meta",
    data: [
      [1, be32(REGISTER)],
      [2, be32(META_L4PROTO)],
    ],
  };
  return [load, compare(u8(PROTOCOL[transport])), payload(2, 2, 2), compare(be16(port))];
}

const be16 = (number: number): Uint8Array => new Uint8Array([number >> 8, number & 0xff]);

/** The destination is an address of this machine. */
export function destinationIsLocal(): Expression[] {
  const local = new Uint8Array([2, 0, 0, 0]);
  const lookUp: Expression = {
    name: "fib",
    data: [
      [1, be32(REGISTER)],
      [2, be32(3)],
      [3, be32(2)],
    ],
  };
  return [lookUp, compare(local)];
}

const CT = { state: 0, status: 2 } as const;
const IPS_DST_NAT = 0x20;
const ESTABLISHED_OR_RELATED = 0x2 | 0x4;

/** The connection was sent here by `redirectTo`. */
export function isRedirected(): Expression[] {
  return connectionHas(CT.status, IPS_DST_NAT);
}

/** The packet belongs to a connection that was let through before. */
export function isAnswer(): Expression[] {
  return connectionHas(CT.state, ESTABLISHED_OR_RELATED);
}

function connectionHas(key: number, bits: number): Expression[] {
  const load: Expression = {
    name: "ct",
    data: [
      [1, be32(REGISTER)],
      [2, be32(key)],
    ],
  };
  return [load, masked(new Uint8Array([bits, 0, 0, 0])), compare(new Uint8Array(4), false)];
}

const META_NFPROTO = 15;

/** The packet is of IPv4, or of IPv6: a chain of the family inet sees both. */
export function familyIs(family: "ip" | "ip6"): Expression[] {
  const load: Expression = {
    name: "meta",
    data: [
      [1, be32(REGISTER)],
      [2, be32(META_NFPROTO)],
    ],
  };
  return [load, compare(u8(FAMILY[family]))];
}

/** Lets the packet through this chain. */
export function accept(): Expression[] {
  const verdict: Attribute = [2, [[1, be32(1)]]];
  return [
    {
      name: "immediate",
      data: [
        [1, be32(0)],
        [2, [verdict]],
      ],
    },
  ];
}

/** Keeps the bits of the mask of what was loaded. */
function masked(mask: Uint8Array): Expression {
  return {
    name: "bitwise",
    data: [
      [1, be32(REGISTER)],
      [2, be32(REGISTER)],
      [3, be32(mask.length)],
      [4, value(mask)],
      [5, value(new Uint8Array(mask.length))],
    ],
  };
}

/** Gives the packet the machine's own address. */
export function masquerade(): Expression[] {
  return [{ name: "masq", data: [] }];
}

/** Sends the packet to another address and port. */
export function redirectTo(address: Uint8Array, port: number): Expression[] {
  const load = (register: number, bytes: Uint8Array): Expression => ({
    name: "immediate",
    data: [
      [1, be32(register)],
      [2, value(bytes)],
    ],
  });
  const translate: Expression = {
    name: "nat",
    data: [
      [1, be32(1)],
      [2, be32(address.length === 4 ? FAMILY.ip : FAMILY.ip6)],
      [3, be32(REGISTER)],
      [5, be32(SECOND_REGISTER)],
    ],
  };
  return [load(REGISTER, address), load(SECOND_REGISTER, be16(port)), translate];
}

/** Makes the tables in one transaction. @throws {Fault} where one of them exists already */
export function addTables(tables: readonly Table[]): void {
  const messages = tables.flatMap(messagesOf);
  if (messages.length > 0) transact(messages);
}

/**
 * Removes the tables of that name, of every family, with all that is in them. They are looked up
 * first: a transaction that fails makes the kernel wait for those before it. So does the end of
 * the socket, which is left to the end of the process. Never lists all tables, of which there are
 * as many as pods.
 */
export function removeTables(name: string): void {
  const messages = familiesOf(name).map((family) => ({
    type: MESSAGE.deleteTable,
    flags: NETLINK_FLAG.ack,
    body: named(FAMILY[family], [[1, name]]),
    action: `remove the table ${quote(name)}`,
  }));
  if (messages.length > 0) transact(messages, { close: false });
}

/** True where this kernel has nftables for the calling process. */
export function hasNftables(): boolean {
  try {
    familiesOf("rkt");
    return true;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

/** The families, of IPv4 and IPv6, that have a table of that name. */
export function familiesOf(name: string): TableFamily[] {
  using netfilter = openNetlink("netfilter");
  return (["ip", "ip6"] as const).filter((family) => {
    const question: NetlinkMessage = {
      type: MESSAGE.getTable,
      flags: NETLINK_FLAG.ack,
      body: named(FAMILY[family], [[1, name]]),
      action: `look for the table ${quote(name)}`,
      mayFail: ["ENOENT"],
    };
    return netfilter.exchange([question]).length > 0;
  });
}

/** Every table of this network namespace, families of which nothing is known here left out. */
export function listTables(): Pick<Table, "family" | "name">[] {
  using netfilter = openNetlink("netfilter");
  const request: NetlinkMessage = {
    type: MESSAGE.getTable,
    flags: NETLINK_FLAG.dump,
    body: named(FAMILY_UNSPECIFIED, []),
    action: "list tables",
  };
  return netfilter.exchange([request]).flatMap(({ body }) => {
    const name = readAttributes(body.subarray(4)).get(1);
    const family = familyName(body.readUInt8(0));
    return name === undefined || family === undefined ? [] : [{ family, name: textOf(name) }];
  });
}

function familyName(number: number): TableFamily | undefined {
  return (["ip", "ip6", "inet"] as const).find((family) => FAMILY[family] === number);
}

/** A chain through which forwarded packets go, and that may refuse them. */
export interface ForwardChain {
  readonly family: TableFamily;
  readonly table: string;
  readonly name: string;
}

const CHAIN = { table: 1, name: 3, hook: 4, policy: 5, use: 6, type: 7 } as const;

/**
 * Chains of type filter at the hook "forward", whoever made them, that have rules or refuse what
 * no rule accepts. A packet must be accepted by each of them.
 */
export function listForwardChains(): ForwardChain[] {
  using netfilter = openNetlink("netfilter");
  const request: NetlinkMessage = {
    type: MESSAGE.getChain,
    flags: NETLINK_FLAG.dump,
    body: named(FAMILY_UNSPECIFIED, []),
    action: "list chains",
  };
  return netfilter.exchange([request]).flatMap(({ body }) => {
    const family = familyName(body.readUInt8(0));
    const chain = readAttributes(body.subarray(4));
    const hook = readAttributes(chain.get(CHAIN.hook) ?? Buffer.alloc(0))
      .get(1)
      ?.readUInt32BE(0);
    if (family === undefined || hook !== HOOK.forward) return [];
    const [table, name, type] = [CHAIN.table, CHAIN.name, CHAIN.type].map((attribute) =>
      textOf(chain.get(attribute) ?? Buffer.alloc(0)),
    ) as [string, string, string];
    const drops = chain.get(CHAIN.policy)?.readUInt32BE(0) === POLICY_DROP;
    const refuses = drops || (chain.get(CHAIN.use)?.readUInt32BE(0) ?? 0) > 0;
    return type === "filter" && refuses ? [{ family, table, name }] : [];
  });
}

/** Puts rules before all others of a chain; the first of them becomes the first. */
export function insertRules({ family, table, name }: ForwardChain, rules: readonly Rule[]): void {
  const messages = rules.toReversed().map((rule) => ({
    type: MESSAGE.newRule,
    flags: NETLINK_FLAG.ack | NETLINK_FLAG.create,
    body: named(FAMILY[family], [[1, table], ...ruleAttributes(name, rule)]),
    action: `insert rules into the chain ${quote(name)} of the table ${quote(table)}`,
  }));
  if (messages.length > 0) transact(messages);
}

const RULE = { handle: 3, comment: 7 } as const;

/** Removes the rules of a chain whose comment has the text; returns how many there were. */
export function removeCommented({ family, table, name }: ForwardChain, text: string): number {
  const handles = commentedRules({ family, table, name }).flatMap(({ handle, comment }) =>
    comment.includes(text) ? [handle] : [],
  );
  const messages = handles.map((handle) => ({
    type: MESSAGE.deleteRule,
    flags: NETLINK_FLAG.ack,
    body: named(FAMILY[family], [
      [1, table],
      [2, name],
      [RULE.handle, handle],
    ]),
    action: `remove rules from the chain ${quote(name)} of the table ${quote(table)}`,
  }));
  if (messages.length > 0) transact(messages);
  return messages.length;
}

/** The rules of a chain that have a comment. */
export function commentedRules({ family, table, name }: ForwardChain): {
  readonly handle: Uint8Array;
  readonly comment: string;
}[] {
  using netfilter = openNetlink("netfilter");
  const request: NetlinkMessage = {
    type: MESSAGE.getRule,
    flags: NETLINK_FLAG.dump,
    body: named(FAMILY[family], [
      [1, table],
      [2, name],
    ]),
    action: `list the rules of the chain ${quote(name)}`,
    mayFail: ["ENOENT"],
  };
  return netfilter.exchange([request]).flatMap(({ body }) => {
    const rule = readAttributes(body.subarray(4));
    const [handle, data] = [rule.get(RULE.handle), rule.get(RULE.comment)];
    if (handle === undefined || data === undefined) return [];
    return [{ handle, comment: textOf(data.subarray(2)) }];
  });
}

function messagesOf({ family, name, chains }: Table): NetlinkMessage[] {
  const number = FAMILY[family];
  const action = `make the table ${quote(name)}`;
  const create = NETLINK_FLAG.ack | NETLINK_FLAG.create;
  const table: NetlinkMessage = {
    type: MESSAGE.newTable,
    flags: create | NETLINK_FLAG.exclusive,
    body: named(number, [[1, name]]),
    action,
  };
  const add = (type: number, attributes: readonly Attribute[], flags: number): NetlinkMessage => ({
    type,
    flags,
    body: named(number, [[1, name], ...attributes]),
    action,
  });
  return [
    table,
    ...chains.map((chain) => add(MESSAGE.newChain, chainAttributes(chain), create)),
    ...chains.flatMap((chain) =>
      chain.rules.map((rule) =>
        add(MESSAGE.newRule, ruleAttributes(chain.name, rule), create | NETLINK_FLAG.append),
      ),
    ),
  ];
}

function chainAttributes({ name, type, hook, priority }: Chain): Attribute[] {
  const place: Attribute[] = [
    [1, be32(HOOK[hook])],
    [2, be32(priority)],
  ];
  return [
    [3, name],
    [4, place],
    [7, type],
  ];
}

function ruleAttributes(chain: string, { expressions, comment }: Rule): Attribute[] {
  const text = Buffer.from(`${comment}\0`);
  return [
    [2, chain],
    [
      4,
      expressions.map(({ name, data }) => [
        1,
        [
          [1, name],
          [2, data],
        ],
      ]),
    ],
    [7, Buffer.concat([new Uint8Array([0, text.length]), text])],
  ];
}

function transact(messages: readonly NetlinkMessage[], socket = { close: true }): void {
  const netfilter: Netlink = openNetlink("netfilter");
  using stack = new DisposableStack();
  if (socket.close) stack.use(netfilter);
  const action = messages[0]?.action ?? "change tables";
  const edge = (type: number): NetlinkMessage => ({
    type,
    flags: 0,
    body: Buffer.from([FAMILY_UNSPECIFIED, 0, 0, 10]),
    action,
  });
  netfilter.exchange([edge(BATCH_BEGIN), ...messages, edge(BATCH_END)]);
}

/** The header of every message: family, version, and a number that is not used. */
function named(family: number, attributes: readonly Attribute[]): Buffer {
  return Buffer.concat([Buffer.from([family, 0, 0, 0]), encodeAttributes(attributes)]);
}

/**
 * Links, addresses and routes as netlink messages, and the kernel's answers as records. Nothing is
 * sent here.
 *
 * @see rtnetlink(7)
 */
import { quote } from "@shared/base";
import {
  type Attribute,
  encodeAttributes,
  NETLINK_FLAG,
  type Netlink,
  type NetlinkMessage,
  readAttributes,
  textOf,
} from "./netlink.ts";

const RTM = {
  newLink: 16,
  deleteLink: 17,
  getLink: 18,
  newAddress: 20,
  deleteAddress: 21,
  getAddress: 22,
  newRoute: 24,
  deleteRoute: 25,
  getRoute: 26,
} as const;
const IFLA = {
  address: 1,
  name: 3,
  mtu: 4,
  master: 10,
  queueLength: 13,
  linkInfo: 18,
  alias: 20,
  namespaceFd: 28,
} as const;
const INFO_KIND = 1;
const INFO_DATA = 2;
const VETH_PEER = 1;
const INFO_SLAVE_DATA = 5;
const INFO_SLAVE_KIND = 4;
const BRIDGE_PORT_HAIRPIN = 4;
const IFF_UP = 0x1;
const IFF_PROMISCUOUS = 0x100;
const NEW = NETLINK_FLAG.ack | NETLINK_FLAG.create | NETLINK_FLAG.exclusive;

/** An address in the network's order, with its prefix length. */
export interface IpNetwork {
  /** 4 or 16 bytes. */
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** A network interface. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** As `aa:bb:cc:dd:ee:ff`; empty where it has none. */
  readonly mac: string;
  readonly mtu: number;
  readonly kind: string;
  /** Index of the bridge that it is a port of; 0 for none. */
  readonly master: number;
  readonly up: boolean;
  /** What somebody wrote on it; empty where nobody did. */
  readonly alias: string;
}

function linkHeader(index: number, flags: number = 0, change: number = flags): Buffer {
  const header = Buffer.alloc(16);
  header.writeInt32LE(index, 4);
  header.writeUInt32LE(flags, 8);
  header.writeUInt32LE(change, 12);
  return header;
}

const linkBody = (header: Buffer, attributes: readonly Attribute[]): Buffer =>
  Buffer.concat([header, encodeAttributes(attributes)]);

/** What a new link may be told. */
export interface VethPair {
  /** Of the end in the socket's namespace, which is set up at once. */
  readonly name: string;
  /** 0 leaves the kernel's. */
  readonly mtu: number;
  /** Index of a bridge, or 0. */
  readonly master: number;
  readonly peer: { readonly name: string; readonly namespaceFd: number };
}

/** A pair of links, one end in another namespace. */
export function newVeth({ name, mtu, master, peer }: VethPair): NetlinkMessage {
  const size: Attribute[] = [
    [IFLA.queueLength, 0],
    ...(mtu === 0 ? [] : [[IFLA.mtu, mtu] as const]),
  ];
  const other = linkBody(linkHeader(0), [
    [IFLA.name, peer.name],
    [IFLA.namespaceFd, peer.namespaceFd],
    ...size,
  ]);
  const info: Attribute[] = [
    [INFO_KIND, Buffer.from("veth")],
    [INFO_DATA, [[VETH_PEER, other]]],
  ];
  const attributes: Attribute[] = [[IFLA.name, name], ...size, [IFLA.linkInfo, info]];
  if (master !== 0) attributes.push([IFLA.master, master]);
  return {
    type: RTM.newLink,
    flags: NEW,
    body: linkBody(linkHeader(0, IFF_UP), attributes),
    action: `make the link ${quote(name)} to ${quote(peer.name)}`,
  };
}

/** A bridge, up at once. An existing one of that name stays as it is. */
export function newBridge(name: string, mtu: number): NetlinkMessage {
  const attributes: Attribute[] = [
    [IFLA.name, name],
    ...(mtu === 0 ? [] : [[IFLA.mtu, mtu] as const]),
    [IFLA.linkInfo, [[INFO_KIND, Buffer.from("bridge")]]],
  ];
  return {
    type: RTM.newLink,
    flags: NEW,
    body: linkBody(linkHeader(0), attributes),
    action: `make the bridge ${quote(name)}`,
    mayFail: ["EEXIST"],
  };
}

/** Writes on the link whose it is, where `ip link` shows it. */
export function labelLink(
  { index, name }: Pick<Link, "index" | "name">,
  alias: string,
): NetlinkMessage {
  return {
    type: RTM.newLink,
    flags: NETLINK_FLAG.ack,
    body: linkBody(linkHeader(index), [[IFLA.alias, Buffer.from(alias)]]),
    action: `label the link ${quote(name)}`,
  };
}

/** All links of the namespace. */
export function listLinks(route: Netlink): Link[] {
  const request = {
    type: RTM.getLink,
    flags: NETLINK_FLAG.dump,
    body: linkHeader(0),
    action: "list links",
  };
  return route.exchange([request]).map(({ body }) => readLink(body));
}

/** Sets up, or changes, what is given. */
export function changeLink(
  { index, name }: Pick<Link, "index" | "name">,
  change: { readonly mac?: string; readonly promiscuous?: boolean },
): NetlinkMessage {
  const flags = IFF_UP | (change.promiscuous === true ? IFF_PROMISCUOUS : 0);
  const mac = change.mac === undefined ? [] : [[IFLA.address, macBytes(change.mac)] as const];
  return {
    type: RTM.newLink,
    flags: NETLINK_FLAG.ack,
    body: linkBody(linkHeader(index, flags), mac),
    action: `set the link ${quote(name)} up`,
  };
}

/** Lets a port of a bridge send back what it received. */
export function setHairpin({ index, name }: Pick<Link, "index" | "name">): NetlinkMessage {
  const slave: Attribute[] = [
    [INFO_SLAVE_KIND, Buffer.from("bridge")],
    [INFO_SLAVE_DATA, [[BRIDGE_PORT_HAIRPIN, new Uint8Array([1])]]],
  ];
  return {
    type: RTM.newLink,
    flags: NETLINK_FLAG.ack,
    body: linkBody(linkHeader(index), [[IFLA.linkInfo, slave]]),
    action: `let the link ${quote(name)} send back`,
  };
}

/** Nothing happens where no link has the name. */
export function deleteLink(name: string): NetlinkMessage {
  return {
    type: RTM.deleteLink,
    flags: NETLINK_FLAG.ack,
    body: linkBody(linkHeader(0), [[IFLA.name, name]]),
    action: `remove the link ${quote(name)}`,
    mayFail: ["ENODEV"],
  };
}

/** The link of that name; undefined where there is none. */
export function findLink(route: Netlink, name: string): Link | undefined {
  const [answer] = route.exchange([
    {
      type: RTM.getLink,
      flags: NETLINK_FLAG.ack,
      body: linkBody(linkHeader(0), [[IFLA.name, name]]),
      action: `look at the link ${quote(name)}`,
      mayFail: ["ENODEV"],
    },
  ]);
  return answer === undefined ? undefined : readLink(answer.body);
}

function readLink(body: Buffer): Link {
  const attributes = readAttributes(body.subarray(16));
  const info = readAttributes(attributes.get(IFLA.linkInfo) ?? Buffer.alloc(0));
  const mac = attributes.get(IFLA.address)?.toString("hex") ?? "";
  return {
    index: body.readInt32LE(4),
    name: textOf(attributes.get(IFLA.name) ?? Buffer.alloc(0)),
    mac: mac.replace(/(..)(?=.)/g, "$1:"),
    mtu: attributes.get(IFLA.mtu)?.readUInt32LE(0) ?? 0,
    kind: textOf(info.get(INFO_KIND) ?? Buffer.alloc(0)),
    master: attributes.get(IFLA.master)?.readUInt32LE(0) ?? 0,
    up: (body.readUInt32LE(8) & IFF_UP) !== 0,
    alias: textOf(attributes.get(IFLA.alias) ?? Buffer.alloc(0)),
  };
}

const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(":", ""), "hex");

const AF_INET = 2;
const AF_INET6 = 10;
const IFA = { address: 1, local: 2, broadcast: 4 } as const;
const IFA_F_NODAD = 0x02;

const familyOf = (bytes: Uint8Array): number => (bytes.length === 4 ? AF_INET : AF_INET6);
const textOfNetwork = ({ bytes, length }: IpNetwork): string =>
  `${bytes.length === 4 ? [...bytes].join(".") : Buffer.from(bytes).toString("hex")}/${length}`;

/** An address of a link. IPv6 addresses are not probed first: whoever gave them knows them free. */
export function newAddress(link: number, address: IpNetwork): NetlinkMessage {
  return {
    type: RTM.newAddress,
    flags: NEW,
    body: addressBody(link, address),
    action: `add the address ${textOfNetwork(address)}`,
    mayFail: ["EEXIST"],
  };
}

/** Takes an address of a link away. */
export function deleteAddress(link: number, address: IpNetwork): NetlinkMessage {
  return {
    type: RTM.deleteAddress,
    flags: NETLINK_FLAG.ack,
    body: addressBody(link, address),
    action: `remove the address ${textOfNetwork(address)}`,
    mayFail: ["EADDRNOTAVAIL"],
  };
}

function addressBody(link: number, { bytes, length }: IpNetwork): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(familyOf(bytes), 0);
  header.writeUInt8(length, 1);
  header.writeUInt8(bytes.length === 4 ? 0 : IFA_F_NODAD, 2);
  header.writeInt32LE(link, 4);
  const attributes: Attribute[] = [
    [IFA.local, bytes],
    [IFA.address, bytes],
  ];
  if (bytes.length === 4 && length < 31) {
    const number = Buffer.from(bytes).readUInt32BE(0) | (0xffff_ffff >>> length);
    const broadcast = Buffer.alloc(4);
    broadcast.writeUInt32BE(number >>> 0);
    attributes.push([IFA.broadcast, broadcast]);
  }
  return Buffer.concat([header, encodeAttributes(attributes)]);
}

/** The addresses of a link, of both families, those of its scope "link" too. */
export function listAddresses(route: Netlink, link: number): IpNetwork[] {
  const body = Buffer.alloc(8);
  const request = {
    type: RTM.getAddress,
    flags: NETLINK_FLAG.dump,
    body,
    action: "list addresses",
  };
  return route.exchange([request]).flatMap(({ body: answer }) => {
    const bytes = readAttributes(answer.subarray(8)).get(IFA.address);
    if (bytes === undefined || answer.readInt32LE(4) !== link) return [];
    return [{ bytes, length: answer.readUInt8(1) }];
  });
}

const RTA = { destination: 1, outLink: 4, gateway: 5, source: 7 } as const;
const MAIN_TABLE = 254;
const PROTOCOL_BOOT = 3;
const UNICAST = 1;
const SCOPE = { universe: 0, link: 253, host: 254, nowhere: 255 } as const;

/** A route of the main table. */
export interface Route {
  readonly link: number;
  readonly destination: IpNetwork;
  readonly gateway?: Uint8Array;
  /** Preferred source address. */
  readonly source?: Uint8Array;
  readonly scope: keyof typeof SCOPE;
}

/** A route that is there already is no error: the first one wins. */
export function newRoute(route: Route): NetlinkMessage {
  return {
    type: RTM.newRoute,
    flags: NEW,
    body: routeBody(route, PROTOCOL_BOOT),
    action: `add a route to ${textOfNetwork(route.destination)}`,
    mayFail: ["EEXIST"],
  };
}

/** Takes a route of a link away; one that is not there is no error. */
export function deleteRoute(link: number, destination: IpNetwork): NetlinkMessage {
  return {
    type: RTM.deleteRoute,
    flags: NETLINK_FLAG.ack,
    body: routeBody({ link, destination, scope: "nowhere" }, 0),
    action: `remove the route to ${textOfNetwork(destination)}`,
    mayFail: ["ESRCH"],
  };
}

function routeBody({ link, destination, gateway, source, scope }: Route, protocol: number): Buffer {
  const family = familyOf(destination.bytes);
  const numbers = [family, destination.length, 0, 0, MAIN_TABLE, protocol, SCOPE[scope], UNICAST];
  const attributes: Attribute[] = [
    [RTA.destination, destination.bytes],
    [RTA.outLink, link],
  ];
  if (gateway !== undefined) attributes.push([RTA.gateway, gateway]);
  if (source !== undefined) attributes.push([RTA.source, source]);
  return Buffer.concat([Buffer.from([...numbers, 0, 0, 0, 0]), encodeAttributes(attributes)]);
}

/** The routes of the main table that lead over a link, those that the kernel made too. */
export function listRoutes(route: Netlink, link: number): Pick<Route, "destination" | "gateway">[] {
  const request = {
    type: RTM.getRoute,
    flags: NETLINK_FLAG.dump,
    body: Buffer.alloc(12),
    action: "list routes",
  };
  return route.exchange([request]).flatMap(({ body }) => {
    const attributes = readAttributes(body.subarray(12));
    if (attributes.get(RTA.outLink)?.readUInt32LE(0) !== link) return [];
    if (body.readUInt8(4) !== MAIN_TABLE) return [];
    const size = body.readUInt8(0) === AF_INET ? 4 : 16;
    const bytes = attributes.get(RTA.destination) ?? Buffer.alloc(size);
    const gateway = attributes.get(RTA.gateway);
    const destination = { bytes, length: body.readUInt8(1) };
    return [{ destination, ...(gateway !== undefined && { gateway }) }];
  });
}

/** Index of the link by which an address is reached; undefined where there is no way. */
export function linkTowards(route: Netlink, address: Uint8Array): number | undefined {
  const header = Buffer.from([familyOf(address), address.length * 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  const [answer] = route.exchange([
    {
      type: RTM.getRoute,
      flags: NETLINK_FLAG.ack,
      body: Buffer.concat([header, encodeAttributes([[RTA.destination, address]])]),
      action: "look for a route",
      mayFail: ["ENETUNREACH", "EHOSTUNREACH"],
    },
  ]);
  if (answer === undefined) return undefined;
  return readAttributes(answer.body.subarray(12)).get(RTA.outLink)?.readUInt32LE(0);
}

/** Name of a link by its index; undefined where there is none. */
export function nameOfLink(route: Netlink, index: number): string | undefined {
  const [answer] = route.exchange([
    {
      type: RTM.getLink,
      flags: NETLINK_FLAG.ack,
      body: linkHeader(index),
      action: `look at the link ${index}`,
      mayFail: ["ENODEV"],
    },
  ]);
  return answer === undefined ? undefined : readLink(answer.body).name;
}

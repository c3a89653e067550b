/**
 * Networks of the types ptp and bridge, made by this process: the same documents, links, addresses,
 * routes and leases as with the reference plugins, without starting a program.
 *
 * In: a configuration of which every field is understood, else undefined: the plugin does the rest.
 * @see CNI plugins 1.1, plugins/main/ptp and plugins/main/bridge
 */
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import type { CniDns, CniInterface, CniNetwork, CniResult, JsonObject } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import {
  changeLink,
  deleteAddress,
  deleteLink,
  deleteRoute,
  findLink,
  type Kernel,
  labelLink,
  type Link,
  linkTowards,
  listAddresses,
  type Netlink,
  type NetlinkMessage,
  nameOfLink,
  newAddress,
  newBridge,
  newRoute,
  newVeth,
  openNetlink,
  setHairpin,
} from "@shared/linux";
import {
  gatewayOf,
  heldBy,
  type HostLocal,
  type Lease,
  readHostLocal,
  releaseLeases,
  takeLeases,
} from "./host-local.ts";
import {
  alone,
  bytesOf,
  type Cidr,
  type Ip,
  isSame,
  networkOf,
  parseCidr,
  parseIp,
  printCidr,
  printIp,
  wire,
} from "./ip.ts";

/** All that is needed to make one network for one pod. */
export interface DirectNetwork {
  readonly type: "ptp" | "bridge";
  readonly cniVersion: string;
  readonly mtu: number;
  readonly ipam: HostLocal;
  readonly requested: Ip | undefined;
  readonly dns: CniDns | undefined;
  readonly bridge: BridgeOptions;
}

interface BridgeOptions {
  readonly name: string;
  readonly gateway: boolean;
  readonly defaultGateway: boolean;
  readonly forceAddress: boolean;
  readonly hairpin: boolean;
  readonly promiscuous: boolean;
}

/** Where it is made. */
export interface PodEnd {
  readonly uuid: string;
  /** Path of the pod's network namespace. */
  readonly namespace: string;
  readonly interfaceName: string;
}

const FIELDS = {
  ptp: { ipMasq: "boolean", mtu: "number" },
  bridge: {
    ipMasq: "boolean",
    mtu: "number",
    bridge: "string",
    isGateway: "boolean",
    isDefaultGateway: "boolean",
    forceAddress: "boolean",
    hairpinMode: "boolean",
    promiscMode: "boolean",
  },
} as const;
const COMMON: Readonly<Record<string, string>> = {
  cniVersion: "string",
  name: "string",
  type: "string",
  ipam: "object",
  dns: "object",
};

const VERSIONS = ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

/**
 * What the configuration and CNI_ARGS ask for; undefined where a field is not understood here.
 * @throws {Fault} "invalid" for what the plugin would refuse too
 */
export function readDirect(conf: CniNetwork, args: string): DirectNetwork | undefined {
  const { type, document } = conf;
  if ((type !== "ptp" && type !== "bridge") || conf.ipamType !== "host-local") return undefined;
  if (!VERSIONS.includes(conf.cniVersion)) return undefined; // the plugin has the words for this
  const fields: Readonly<Record<string, string>> = { ...COMMON, ...FIELDS[type] };
  const known = Object.entries(document).every(([name, value]) => typeof value === fields[name]);
  const requested = readArgs(args);
  if (!known || requested === "unknown") return undefined;
  const ipam = readHostLocal(conf.name, document["ipam"] as JsonObject);
  if (ipam === undefined) return undefined;
  const bridge = readBridge(document);
  const versions = ipam.sets.map(([range]) => range?.subnet.version);
  if (/^0\.[12]\./.test(conf.cniVersion) && new Set(versions).size < versions.length) {
    const problem = "does not support more than 1 address per family";
    throw new Fault("invalid", `CNI version ${conf.cniVersion} ${problem}`);
  }
  const { cniVersion, dns } = conf;
  return { type, cniVersion, mtu: Number(document["mtu"] ?? 0), ipam, requested, dns, bridge };
}

function readBridge(document: JsonObject): BridgeOptions {
  const is = (name: string): boolean => document[name] === true;
  const { bridge } = document;
  if (is("hairpinMode") && is("promiscMode")) {
    const problem = "cannot set hairpin mode and promiscuous mode at the same time";
    throw new Fault("invalid", problem);
  }
  return {
    name: typeof bridge === "string" && bridge !== "" ? bridge : "cni0",
    gateway: is("isGateway") || is("isDefaultGateway"),
    defaultGateway: is("isDefaultGateway"),
    forceAddress: is("forceAddress"),
    hairpin: is("hairpinMode"),
    promiscuous: is("promiscMode"),
  };
}

function readArgs(args: string): Ip | undefined | "unknown" {
  let ip: Ip | undefined;
  for (const pair of args.split(";").filter(Boolean)) {
    const [name, value = ""] = pair.split("=");
    if (name === "IP" && !value.includes("/") && !value.includes(",")) ip = parseIp(value);
    else if (name !== "IgnoreUnknown") return "unknown";
  }
  return ip;
}

/** The host's end of the pod's link: the same name each time, so that it is found without notes. */
export function hostLinkName(uuid: string, interfaceName: string): string {
  const hash = new Bun.CryptoHasher("sha256").update(`${uuid}/${interfaceName}`).digest("hex");
  return `veth${hash.slice(0, 8)}`;
}

const labelOf = ({ uuid, interfaceName }: Pick<PodEnd, "uuid" | "interfaceName">): string =>
  `rkt ${uuid} ${interfaceName}`;

/** The pod whose link has this label; undefined where it is not of our making. */
export function podOfLabel(alias: string): string | undefined {
  return /^rkt ([0-9a-f-]{36}) /.exec(alias)?.[1];
}

/** Makes the network. @throws {Fault} with what is there so far left for `removeDirect` */
export function addDirect(
  host: { readonly kernel: Kernel },
  network: DirectNetwork,
  pod: PodEnd,
): CniResult {
  const holder = { containerId: pod.uuid, interfaceName: pod.interfaceName };
  const leases = takeLeases(host, network.ipam, holder, network.requested);
  using outside = openNetlink("route");
  using inside = openNetlink("route", pod.namespace);
  const ends = { outside, inside, pod, kernel: host.kernel };
  return network.type === "ptp"
    ? addPointToPoint(ends, network, leases)
    : addToBridge(ends, network, leases);
}

/** Both sides of the pod's wall. */
interface Ends {
  readonly kernel: Kernel;
  readonly outside: Netlink;
  readonly inside: Netlink;
  readonly pod: PodEnd;
}

function addPointToPoint(ends: Ends, network: DirectNetwork, leases: readonly Lease[]): CniResult {
  const { outside, inside } = ends;
  enableForwarding(leases);
  const [hostEnd, podEnd] = makePair(ends, network.mtu, 0);
  const routes = routesOf(network, leases);
  const gateways = leases.map(({ gateway }) => gateway);
  inside.exchange([
    ...configure({ link: podEnd.index, leases, gateways, routes }),
    ...leases.flatMap((lease) => viaGateway(podEnd.index, lease)),
  ]);
  outside.exchange(leases.flatMap((lease) => towardsPod(hostEnd.index, lease)));
  const interfaces = [described(hostEnd), described(podEnd, ends.pod.namespace)];
  return resultOf(network, { interfaces, leases, gateways, routes, place: 1 });
}

/** Replaces the route that comes with an address: all of the network is behind the gateway. */
function viaGateway(link: number, { address, gateway }: Lease): NetlinkMessage[] {
  const source = bytesOf(address);
  const subnet = wire(networkOf(address));
  return [
    deleteRoute(link, subnet),
    newRoute({ link, destination: wire(alone(gateway)), scope: "link", source }),
    newRoute({ link, destination: subnet, gateway: bytesOf(gateway), scope: "universe", source }),
  ];
}

function towardsPod(link: number, { address, gateway }: Lease): NetlinkMessage[] {
  return [
    newAddress(link, wire(alone(gateway))),
    newRoute({ link, destination: wire(alone(address)), scope: "host" }),
  ];
}

function addToBridge(ends: Ends, network: DirectNetwork, leases: readonly Lease[]): CniResult {
  const { outside, inside, pod } = ends;
  const options = network.bridge;
  const bridge = ensureBridge(outside, options, network.mtu);
  const [hostEnd, podEnd] = makePair(ends, network.mtu, bridge.index);
  if (options.hairpin) outside.exchange([setHairpin(hostEnd)]);
  const gateways = leases.map(({ gateway }) => gateway);
  const routes = [...routesOf(network, leases)];
  if (options.defaultGateway) routes.push(...defaultRoutes(routes, gateways));
  inside.exchange(configure({ link: podEnd.index, leases, gateways, routes }));
  if (options.gateway) {
    for (const [index, { address }] of leases.entries()) {
      const gateway = { ...(gateways[index] ?? address), length: address.length };
      ensureAddress(outside, bridge, gateway, options.forceAddress);
    }
    enableForwarding(leases);
  }
  const now = findLink(outside, options.name) ?? bridge;
  const interfaces = [described(now), described(hostEnd), described(podEnd, pod.namespace)];
  return resultOf(network, { interfaces, leases, gateways, routes, place: 2 });
}

function ensureBridge(outside: Netlink, options: BridgeOptions, mtu: number): Link {
  outside.exchange([newBridge(options.name, mtu)]);
  const bridge = findLink(outside, options.name);
  if (bridge?.kind !== "bridge") {
    throw new Fault(
      "precondition",
      `use the bridge ${quote(options.name)}: it is there and is none`,
    );
  }
  setSysctl(`ipv6/conf/${bridge.name}/accept_ra`, "0");
  if (!bridge.up || options.promiscuous) outside.exchange([changeLink(bridge, options)]);
  return bridge;
}

/** The bridge keeps the address of its hardware once it has one of ours, whatever its ports are. */
function ensureAddress(outside: Netlink, bridge: Link, address: Cidr, force: boolean): void {
  const bytes = bytesOf(address);
  const sameFamily = listAddresses(outside, bridge.index).filter(
    (each) => each.bytes.length === bytes.length,
  );
  const text = Buffer.from(bytes).toString("hex");
  const isIt = (each: { bytes: Uint8Array; length: number }): boolean =>
    Buffer.from(each.bytes).toString("hex") === text && each.length === address.length;
  if (sameFamily.some(isIt)) return;
  const others = sameFamily.filter((each) => address.version === 4 || overlaps(each, address));
  if (others.length > 0 && !force) {
    const problem = `already has an IP address different from ${printCidr(address)}`;
    throw new Fault("precondition", `${quote(bridge.name)} ${problem}`);
  }
  outside.exchange([
    ...others.map((each) => deleteAddress(bridge.index, each)),
    newAddress(bridge.index, { bytes, length: address.length }),
    changeLink(bridge, { mac: bridge.mac }),
  ]);
}

function overlaps(each: { bytes: Uint8Array; length: number }, address: Cidr): boolean {
  const number = BigInt(`0x${Buffer.from(each.bytes).toString("hex")}`);
  const length = Math.min(each.length, address.length);
  const shorter = { version: address.version, length };
  const [one, other] = [number, address.number].map((each) => ({ ...shorter, number: each }));
  return one !== undefined && other !== undefined && isSame(networkOf(one), networkOf(other));
}

/** The two ends, both up. */
function makePair(ends: Ends, mtu: number, master: number): [Link, Link] {
  const { outside, inside, pod } = ends;
  const name = hostLinkName(pod.uuid, pod.interfaceName);
  const namespaceFd = openSync(pod.namespace, "r");
  try {
    const peer = { name: pod.interfaceName, namespaceFd };
    outside.exchange([newVeth({ name, mtu, master, peer })]);
  } finally {
    closeSync(namespaceFd);
  }
  setSysctl(`ipv6/conf/${name}/accept_ra`, "0");
  ends.kernel.inNamespace(pod.namespace, "net", () => {
    setSysctl(`ipv4/conf/${pod.interfaceName}/arp_notify`, "1");
    setSysctl(`ipv6/conf/${pod.interfaceName}/disable_ipv6`, "0");
  });
  const [hostEnd, podEnd] = [findLink(outside, name), findLink(inside, pod.interfaceName)];
  if (hostEnd !== undefined && podEnd !== undefined) {
    outside.exchange([labelLink(hostEnd, labelOf(pod))]);
    return [hostEnd, podEnd];
  }
  throw new Fault("internal", `make the link ${quote(name)}: it is gone again`);
}

/** A route as it is set. */
interface PlannedRoute {
  readonly destination: Cidr;
  readonly gateway: Ip | undefined;
  /**
   * The gateway is not the configuration's own but the network's, which the result does not say.
   */
  readonly usual?: true;
}

function routesOf(network: DirectNetwork, leases: readonly Lease[]): PlannedRoute[] {
  return network.ipam.routes.map((route) => {
    const destination = parseCidr(route.dst);
    const own = gatewayOf(route);
    const lease = leases.find(({ address }) => address.version === destination.version);
    if (own !== undefined) return { destination, gateway: own };
    return { destination, gateway: lease?.gateway, usual: true };
  });
}

/** One per family that has none yet. */
function defaultRoutes(routes: readonly PlannedRoute[], gateways: readonly Ip[]): PlannedRoute[] {
  return gateways.flatMap((gateway, index) => {
    const { version } = gateway;
    const isFirst = gateways.findIndex((each) => each.version === version) === index;
    const has = routes.some(
      ({ destination }) => destination.version === version && destination.length === 0,
    );
    if (has || !isFirst) return [];
    return [{ destination: { version, number: 0n, length: 0 }, gateway }];
  });
}

interface Configuration {
  readonly link: number;
  readonly leases: readonly Lease[];
  readonly gateways: readonly Ip[];
  readonly routes: readonly PlannedRoute[];
}

function configure({ link, leases, routes }: Configuration): NetlinkMessage[] {
  return [
    changeLink({ index: link, name: "eth" }, {}),
    ...leases.map(({ address }) => newAddress(link, wire(address))),
    ...routes.map(({ destination, gateway }) =>
      newRoute({
        link,
        destination: wire(destination),
        scope: "universe",
        ...(gateway !== undefined && { gateway: bytesOf(gateway) }),
      }),
    ),
  ];
}

const described = ({ name, mac }: Link, sandbox?: string): CniInterface => ({
  name,
  mac,
  ...(sandbox !== undefined && { sandbox }),
});

const NO_DNS: CniDns = { nameservers: [], search: [], options: [] };

function resultOf(
  network: DirectNetwork,
  made: Omit<Configuration, "link"> & { interfaces: CniInterface[]; place: number },
): CniResult {
  const { leases, gateways, routes, interfaces, place } = made;
  return {
    cniVersion: network.cniVersion,
    interfaces,
    ips: leases.map(({ address }, index) => ({
      version: address.version,
      address: printCidr(address),
      gateway: printIp(gateways[index] ?? address),
      interface: place,
    })),
    routes: routes.map(({ destination, gateway, usual }) => ({
      dst: printCidr(destination),
      ...(gateway !== undefined && usual !== true && { gw: printIp(gateway) }),
    })),
    dns: network.dns ?? network.ipam.dns ?? NO_DNS,
  };
}

function enableForwarding(leases: readonly Lease[]): void {
  const versions = new Set(leases.map(({ address }) => address.version));
  if (versions.has(4)) setSysctl("ipv4/ip_forward", "1");
  if (versions.has(6)) setSysctl("ipv6/conf/all/forwarding", "1");
}

/** Of the calling thread's network namespace. A kernel without IPv6 has none of its settings. */
function setSysctl(name: string, value: string): void {
  const path = `/proc/sys/net/${name}`;
  try {
    if (readFileSync(path, "utf8").trim() !== value) writeFileSync(path, value);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ENOENT") throw error;
  }
}

/** Lets connections from 127.0.0.1 leave by the link that leads to the address. */
export function routeLocalhost(address: Ip): void {
  using route = openNetlink("route");
  const index = linkTowards(route, bytesOf(address));
  const name = index === undefined ? undefined : nameOfLink(route, index);
  if (name !== undefined) setSysctl(`ipv4/conf/${name}/route_localnet`, "1");
}

/** What `addDirect` made, whole or in part. */
export interface DirectLeft {
  readonly type: DirectNetwork["type"];
  readonly uuid: string;
  readonly interfaceName: string;
  /** Directory of the leases. */
  readonly leases: string;
  /** True where the pod's namespace, and with it the link, ends by itself in a moment. */
  readonly ending: boolean;
  /** All its addresses; undefined where it was killed before they were written down. */
  readonly addresses: readonly Ip[] | undefined;
}

/**
 * Gives it back. The kernel takes many milliseconds for a link, so that of a namespace that ends is
 * left to it: without a route nobody reaches the addresses by it. Not so on a bridge, where it
 * would answer for them until then.
 */
export async function removeDirect(
  host: { readonly kernel: Kernel },
  left: DirectLeft,
): Promise<void> {
  const { uuid, interfaceName, leases, addresses } = left;
  const holder = { containerId: uuid, interfaceName };
  const name = hostLinkName(uuid, interfaceName);
  using outside = openNetlink("route");
  if (left.type === "ptp" && left.ending)
    removeRoutes(outside, name, addresses ?? heldBy(leases, holder));
  else await outside.exchangeAside([deleteLink(name)]);
  releaseLeases(host, leases, holder, addresses);
}

function removeRoutes(outside: Netlink, name: string, addresses: readonly Ip[]): void {
  const link = findLink(outside, name);
  if (link === undefined || addresses.length === 0) return;
  outside.exchange(addresses.map((address) => deleteRoute(link.index, wire(alone(address)))));
}

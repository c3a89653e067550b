/**
 * Addresses from a range, one file per lease: what the reference plugin host-local does, on the
 * same files under the same lock, so that both can serve one network at the same time.
 *
 * In: the `ipam` part of a configuration. Out: addresses, and files that name their holder.
 * @see CNI plugins 1.1, plugins/ipam/host-local
 */
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { type CniDns, type CniRoute, ipVersion, type JsonObject } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import type { Kernel } from "@shared/linux";
import {
  bitsOf,
  type Cidr,
  type Ip,
  isSame,
  lastOf,
  networkOf,
  offset,
  parseCidr,
  parseIp,
  printCidr,
  printIp,
} from "./ip.ts";

/** One range of addresses. */
export interface Range {
  readonly subnet: Cidr;
  readonly start: Ip;
  readonly end: Ip;
  readonly gateway: Ip;
}

/** What a configuration asks for. */
export interface HostLocal {
  readonly directory: string;
  /** One address is taken of each set. */
  readonly sets: readonly (readonly Range[])[];
  readonly routes: readonly CniRoute[];
  readonly dns: CniDns | undefined;
}

/** An address that is taken. */
export interface Lease {
  readonly address: Cidr;
  readonly gateway: Ip;
}

export interface Holder {
  readonly containerId: string;
  readonly interfaceName: string;
}

const KNOWN = ["type", "subnet", "rangeStart", "rangeEnd", "gateway", "routes", "ranges"];
const KNOWN_TOO = ["dataDir", "resolvConf"];
const RANGE_FIELDS = ["subnet", "rangeStart", "rangeEnd", "gateway"];

/**
 * The `ipam` part of a network's configuration; undefined where it holds what is not known here.
 */
export function readHostLocal(network: string, ipam: JsonObject): HostLocal | undefined {
  if (!onlyHas(ipam, [...KNOWN, ...KNOWN_TOO])) return undefined;
  const written = asList(ipam["ranges"]);
  const routes = asList(ipam["routes"]);
  if (written === undefined || routes?.every((route) => onlyHas(route, ["dst", "gw"])) !== true) {
    return undefined;
  }
  const legacy = ipam["subnet"] === undefined ? [] : [[ipam]];
  const sets: Range[][] = [];
  for (const set of [...legacy, ...written]) {
    const ranges = asList(set);
    if (ranges === undefined || ranges.length === 0) return undefined;
    if (set !== legacy[0] && !ranges.every((range) => onlyHas(range, RANGE_FIELDS))) {
      return undefined;
    }
    sets.push(ranges.map((range) => readRange(range as JsonObject)));
  }
  if (sets.length === 0) return undefined; // the plugin has the words for this
  const resolvConf = ipam["resolvConf"];
  return {
    directory: leaseDirectory(network, ipam),
    sets,
    routes: routes as unknown as CniRoute[],
    dns: typeof resolvConf === "string" && resolvConf !== "" ? readDns(resolvConf) : undefined,
  };
}

/** Where the leases of a network lie, also those that only the plugin understands. */
export function leaseDirectory(network: string, ipam: JsonObject): string {
  const { dataDir } = ipam;
  const root = typeof dataDir === "string" && dataDir !== "" ? dataDir : "/var/lib/cni/networks";
  return join(root, network);
}

function onlyHas(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.keys(value).every((name) => names.includes(name));
}

function asList(value: unknown): unknown[] | undefined {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : undefined;
}

function readRange(range: JsonObject): Range {
  const subnet = parseCidr(textOf(range["subnet"]));
  if (bitsOf(subnet.version) - subnet.length < 2) {
    throw new Fault("invalid", `network ${printCidr(subnet)} too small to allocate from`);
  }
  if (!isSame(networkOf(subnet), subnet)) {
    const right = `for a subnet mask of length ${subnet.length} the network address is`;
    const problem = `network has host bits set: ${right} ${printIp(networkOf(subnet))}`;
    throw new Fault("invalid", problem);
  }
  const inside = (name: string, otherwise: Ip): Ip => {
    const text = textOf(range[name]);
    if (text === "") return otherwise;
    const ip = parseIp(text);
    if (name === "gateway" || contains({ start: subnet, end: lastOf(subnet) }, ip)) return ip;
    throw new Fault("invalid", `${name} ${text} not in network ${printCidr(subnet)}`);
  };
  const first = offset(subnet, 1n);
  const last = offset(lastOf(subnet), subnet.version === 4 ? -1n : 0n);
  return {
    subnet,
    start: inside("rangeStart", first),
    end: inside("rangeEnd", last),
    gateway: inside("gateway", first),
  };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

const contains = ({ start, end }: Pick<Range, "start" | "end">, ip: Ip): boolean =>
  start.version === ip.version && start.number <= ip.number && ip.number <= end.number;

function readDns(path: string): CniDns {
  const words = readFileSync(path, "utf8")
    .split("\n")
    .map((line) => line.split(/\s+/).filter(Boolean));
  const all = (name: string): string[] =>
    words.flatMap(([first, ...rest]) => (first === name ? rest : []));
  const domain = all("domain").at(-1);
  return {
    nameservers: all("nameserver"),
    ...(domain !== undefined && { domain }),
    search: all("search"),
    options: all("options"),
  };
}

/**
 * Takes one address of each set.
 * @param requested an address that is asked for; undefined for any
 * @throws {Fault} "exhausted" when there is none left, "precondition" when it is not to be had;
 * then nothing is taken
 */
export function takeLeases(
  host: { readonly kernel: Kernel },
  config: HostLocal,
  holder: Holder,
  requested: Ip | undefined,
): Lease[] {
  return locked(host, config.directory, () => {
    // A holder comes once: whether it has a lease already is not asked of hundreds of files.
    const wanted = config.sets.map((set) =>
      requested !== undefined && set.some((range) => contains(range, requested))
        ? requested
        : undefined,
    );
    if (requested !== undefined && wanted.every((each) => each === undefined)) {
      const problem = `failed to allocate all requested IPs: ${printIp(requested)}`;
      throw new Fault("invalid", problem);
    }
    try {
      return config.sets.map((set, index) => {
        const place = { directory: config.directory, set, index };
        return takeOne(place, holder, wanted[index]);
      });
    } catch (error) {
      for (const path of findLeases(config.directory, holder)) rmSync(path, { force: true });
      throw error;
    }
  });
}

interface Place {
  readonly directory: string;
  readonly set: readonly Range[];
  readonly index: number;
}

function takeOne(place: Place, holder: Holder, wanted: Ip | undefined): Lease {
  const { directory, set, index } = place;
  const words = set.map(({ start, end }) => `${printIp(start)}-${printIp(end)}`).join(",");
  const draft = join(directory, `.${holder.containerId}-${holder.interfaceName}`);
  writeFileSync(draft, contentOf(holder), { mode: 0o600 });
  try {
    const last = join(directory, `last_reserved_ip.${index}`);
    for (const { ip, range } of wanted === undefined
      ? candidates(set, readLast(last))
      : only(set, wanted)) {
      if (isSame(ip, range.gateway)) {
        throw new Fault("invalid", `requested ip ${printIp(ip)} is subnet's gateway`);
      }
      if (!linked(draft, join(directory, printIp(ip)))) continue;
      writeFileSync(last, printIp(ip), { mode: 0o600 });
      return { address: { ...ip, length: range.subnet.length }, gateway: range.gateway };
    }
  } finally {
    rmSync(draft, { force: true });
  }
  if (wanted !== undefined) {
    const problem = `requested IP address ${printIp(wanted)} is not available in range set`;
    throw new Fault("precondition", `${problem} ${words}`);
  }
  throw new Fault("exhausted", `no IP addresses available in range set: ${words}`, {
    hint: "end pods of this network, or give back what ended ones hold: rkt gc",
  });
}

interface Candidate {
  readonly ip: Ip;
  readonly range: Range;
}

function only(set: readonly Range[], ip: Ip): Candidate[] {
  return set.filter((range) => contains(range, ip)).map((range) => ({ ip, range }));
}

/** Every address once, from the one after the last that was given, gateways left out. */
export function* candidates(set: readonly Range[], last: Ip | undefined): Generator<Candidate> {
  const begin = last === undefined ? -1 : set.findIndex((range) => contains(range, last));
  const count = set.length;
  const after = begin === -1 || last === undefined ? undefined : offset(last, 1n);
  const from = Math.max(begin, 0);
  for (let step = 0; step <= count; step++) {
    const range = set[(from + step) % count];
    if (range === undefined) return;
    const first = step === 0 && after !== undefined ? after : range.start;
    const end = step === count ? (after === undefined ? undefined : offset(after, -1n)) : range.end;
    if (end === undefined) return;
    for (let ip = first; ip.number <= end.number; ip = offset(ip, 1n)) {
      if (!isSame(ip, range.gateway)) yield { ip, range };
    }
  }
}

function readLast(path: string): Ip | undefined {
  try {
    return parseIp(readFileSync(path, "utf8").trim());
  } catch {
    return undefined; // never written, or not by a plugin: begin at the beginning, as it does
  }
}

/** False where the name is taken. The file has its content from its first moment on. */
function linked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Gives back whatever the holder has; nothing where it has nothing.
 * @param known its addresses, all of them: the leases of everybody else are not read then
 */
export function releaseLeases(
  host: { readonly kernel: Kernel },
  directory: string,
  holder: Holder,
  known?: readonly Ip[],
): void {
  locked(host, directory, () => {
    const names = known?.map(printIp) ?? readdirSync(directory);
    for (const path of leasesOf(directory, names, holder)) rmSync(path, { force: true });
  });
}

/** Gives back one lease, if the pod still has it. */
export function releaseUnowned(
  host: { readonly kernel: Kernel },
  path: string,
  containerId: string,
): void {
  locked(host, dirname(path), () => {
    const holder = readLease(path)?.trim();
    if (holder?.split(/\s/)[0] === containerId) rmSync(path, { force: true });
  });
}

/** The addresses that the holder has. */
export function heldBy(directory: string, holder: Holder): Ip[] {
  if (!existsSync(directory)) return [];
  return findLeases(directory, holder)
    .map((path) => basename(path))
    .filter((name) => ipVersion(name) !== undefined) // a draft of a lease names its holder too
    .map(parseIp);
}

const contentOf = ({ containerId, interfaceName }: Holder): string =>
  `${containerId}\r\n${interfaceName}`;

/** Files that name the holder; what an old plugin wrote names the container only. */
function findLeases(directory: string, holder: Holder): string[] {
  return leasesOf(directory, readdirSync(directory), holder);
}

function leasesOf(directory: string, names: readonly string[], holder: Holder): string[] {
  const content = contentOf(holder);
  return names
    .filter((name) => name !== "lock" && !name.startsWith("last_reserved_ip."))
    .map((name) => join(directory, name))
    .filter((path) => {
      const text = readLease(path)?.trim();
      return text === content || text === holder.containerId;
    });
}

/** Undefined where somebody gave it back meanwhile: not everybody who looks holds the lock. */
function readLease(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw error;
  }
}

function locked<T>(host: { readonly kernel: Kernel }, directory: string, action: () => T): T {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const fd = openSync(join(directory, "lock"), "a", 0o600);
  try {
    host.kernel.flock(fd, "exclusive", { wait: true });
    return action();
  } finally {
    closeSync(fd);
  }
}

/** @throws {Fault} where a route or name server cannot be used; quoting is the caller's */
export function gatewayOf(route: CniRoute): Ip | undefined {
  if (route.gw === undefined || route.gw === "") return undefined;
  try {
    return parseIp(route.gw);
  } catch (error) {
    throw new Fault("invalid", `read the route to ${quote(route.dst)}`, { cause: error });
  }
}

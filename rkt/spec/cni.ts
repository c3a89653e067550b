/**
 * The documents of the Container Network Interface: network configurations, results of every
 * version, errors. Texts flow in, typed values flow out; all shapes of results become one. Runs no
 * plugin.
 *
 * @see CNI specification 0.1.0 to 1.1.0
 */
import { Fault, quote } from "@shared/base";
import {
  given,
  type JsonObject,
  parseDocument,
  readBoolean,
  readInteger,
  readList,
  readObject,
  readText,
  readTexts,
} from "./document.ts";
import { ipVersion } from "./ip-address.ts";

/** Name resolution, as a configuration or a result states it. */
export interface CniDns {
  readonly nameservers: readonly string[];
  readonly domain?: string;
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** A network: what rkt reads of it, and the whole document for the plugin. */
export interface CniNetwork {
  readonly name: string;
  /** The plugin's file name. */
  readonly type: string;
  readonly cniVersion: string;
  /** Whether the plugin masquerades; rkt then forwards ports to this network first. */
  readonly ipMasq: boolean;
  /** The plugin for addresses; undefined where the configuration names none. */
  readonly ipamType?: string;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly dns?: CniDns;
  /** The configuration as written, with fields that only the plugin knows. */
  readonly document: JsonObject;
}

/** An interface that a plugin made, in the pod or on the host. */
export interface CniInterface {
  readonly name: string;
  readonly mac?: string;
  /** Path of the network namespace; absent for an interface of the host. */
  readonly sandbox?: string;
  /** These three since CNI 1.1. */
  readonly mtu?: number;
  readonly socketPath?: string;
  readonly pciID?: string;
}

/** An address that a plugin gave to an interface. */
export interface CniAddress {
  readonly version: 4 | 6;
  /** With its prefix length: `10.1.2.3/24`. */
  readonly address: string;
  readonly gateway?: string;
  /** Index into the interfaces. */
  readonly interface?: number;
}

/** A route that a plugin set in the pod. */
export interface CniRoute {
  /** With its prefix length. */
  readonly dst: string;
  readonly gw?: string;
  /** These five since CNI 1.1. */
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
}

/** What a plugin did, the same for every version of CNI. Lists are in the order printed. */
export interface CniResult {
  readonly cniVersion: string;
  readonly interfaces: readonly CniInterface[];
  readonly ips: readonly CniAddress[];
  readonly routes: readonly CniRoute[];
  readonly dns: CniDns;
}

/** What a failed plugin says. @see CNI specification 1.1.0, "Error" */
export interface CniError {
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/** What rkt's own networks speak, and what a configuration speaks that does not say. */
const DEFAULT_CNI_VERSION = "0.1.0";

const U32 = { min: 0, max: 0xffff_ffff };

const NETWORK_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const PLUGIN_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.+-]*$/;

/**
 * A network configuration, as a file in net.d holds it. Faults: invalid; never names the file, the
 * caller does.
 */
export function parseNetwork(text: string): CniNetwork {
  const document = parseDocument(text, { what: "network configuration" });
  const ipam = document["ipam"] ?? undefined;
  const args = document["args"] ?? undefined;
  const dns = document["dns"] ?? undefined;
  const ipamType =
    ipam === undefined ? "" : (readText(readObject(ipam, "ipam")["type"], "ipam.type") ?? "");
  if (ipamType !== "") checkName(ipamType, PLUGIN_NAME, "ipam.type");
  return given<CniNetwork>({
    name: checkName(readText(document["name"], "name") ?? "", NETWORK_NAME, "name"),
    type: checkName(readText(document["type"], "type") ?? "", PLUGIN_NAME, "type"),
    cniVersion: readText(document["cniVersion"], "cniVersion") || DEFAULT_CNI_VERSION,
    ipMasq: readBoolean(document["ipMasq"], "ipMasq") ?? false,
    ipamType: ipamType === "" ? undefined : ipamType,
    args: args === undefined ? undefined : readObject(args, "args"),
    dns: dns === undefined ? undefined : readDns(dns, "dns"),
    document,
  });
}

/**
 * What a plugin printed after ADD, of any version; the empty text is a result without addresses, as
 * `{}` is. Faults: invalid.
 */
export function parseCniResult(text: string): CniResult {
  const document: JsonObject =
    text.trim() === "" ? {} : parseDocument(text, { what: "CNI result" });
  const old = [readOldAddress(document["ip4"], "ip4"), readOldAddress(document["ip6"], "ip6")];
  const routes = readList(document["routes"], "routes", readRoute) ?? [];
  const dns = document["dns"] ?? undefined;
  return {
    cniVersion: readText(document["cniVersion"], "cniVersion") || DEFAULT_CNI_VERSION,
    interfaces: readList(document["interfaces"], "interfaces", readInterface) ?? [],
    ips: [...(readList(document["ips"], "ips", readAddress) ?? []), ...old.flatMap((o) => o.ips)],
    routes: [...routes, ...old.flatMap((o) => o.routes)],
    dns: dns === undefined ? readDns({}, "dns") : readDns(dns, "dns"),
  };
}

/** What a plugin printed before it failed; undefined where that is no CNI error. */
export function parseCniError(text: string): CniError | undefined {
  let document: JsonObject;
  try {
    document = parseDocument(text, { what: "CNI error" });
    const whole = { min: 0, max: Number.MAX_SAFE_INTEGER };
    const code = readInteger(document["code"], "code", whole);
    const msg = readText(document["msg"], "msg");
    if (code === undefined || msg === undefined) return undefined;
    return given<CniError>({
      code,
      msg,
      details: readText(document["details"], "details") || undefined,
    });
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.kind === "invalid") return undefined;
    throw thrown;
  }
}

function readDns(value: unknown, place: string): CniDns {
  const dns = readObject(value, place);
  const nameservers = readTexts(dns["nameservers"], `${place}.nameservers`) ?? [];
  for (const address of nameservers) {
    if (ipVersion(address) === undefined) throw badAddress(address, `${place}.nameservers`);
  }
  return given<CniDns>({
    nameservers,
    domain: readText(dns["domain"], `${place}.domain`) || undefined,
    search: readTexts(dns["search"], `${place}.search`) ?? [],
    options: readTexts(dns["options"], `${place}.options`) ?? [],
  });
}

/** `ip4` and `ip6` of versions 0.1.0 and 0.2.0. */
function readOldAddress(value: unknown, place: string): Pick<CniResult, "ips" | "routes"> {
  if (value === undefined || value === null) return { ips: [], routes: [] };
  const old = readObject(value, place);
  const address = readNetworkAddress(old["ip"], `${place}.ip`);
  const gateway = readHostAddress(old["gateway"], `${place}.gateway`);
  return {
    ips: [given<CniAddress>({ version: versionOf(address), address, gateway })],
    routes: readList(old["routes"], `${place}.routes`, readRoute) ?? [],
  };
}

/** An item of `ips` since version 0.3.0; 1.0.0 dropped its "version". */
function readAddress(value: unknown, place: string): CniAddress {
  const item = readObject(value, place);
  const address = readNetworkAddress(item["address"], `${place}.address`);
  return given<CniAddress>({
    version: versionOf(address),
    address,
    gateway: readHostAddress(item["gateway"], `${place}.gateway`),
    interface: readInteger(item["interface"], `${place}.interface`, { min: 0, max: 0xffff }),
  });
}

function readInterface(value: unknown, place: string): CniInterface {
  const item = readObject(value, place);
  return given<CniInterface>({
    name: readText(item["name"], `${place}.name`) ?? "",
    mac: readText(item["mac"], `${place}.mac`) || undefined,
    sandbox: readText(item["sandbox"], `${place}.sandbox`) || undefined,
    mtu: readInteger(item["mtu"], `${place}.mtu`, U32),
    socketPath: readText(item["socketPath"], `${place}.socketPath`) || undefined,
    pciID: readText(item["pciID"], `${place}.pciID`) || undefined,
  });
}

function readRoute(value: unknown, place: string): CniRoute {
  const route = readObject(value, place);
  return given<CniRoute>({
    dst: readNetworkAddress(route["dst"], `${place}.dst`),
    gw: readHostAddress(route["gw"], `${place}.gw`),
    mtu: readInteger(route["mtu"], `${place}.mtu`, U32),
    advmss: readInteger(route["advmss"], `${place}.advmss`, U32),
    priority: readInteger(route["priority"], `${place}.priority`, U32),
    table: readInteger(route["table"], `${place}.table`, U32),
    scope: readInteger(route["scope"], `${place}.scope`, U32),
  });
}

function readNetworkAddress(value: unknown, place: string): string {
  const text = readText(value, place) ?? "";
  const [address = "", prefix = ""] = text.split("/");
  const version = ipVersion(address);
  const wellFormed = /^[0-9]{1,3}$/.test(prefix) && text === `${address}/${prefix}`;
  if (version === undefined || !wellFormed || Number(prefix) > (version === 4 ? 32 : 128)) {
    throw badAddress(text, place);
  }
  return text;
}

function readHostAddress(value: unknown, place: string): string | undefined {
  const text = readText(value, place) ?? "";
  if (text === "") return undefined;
  if (ipVersion(text) === undefined) throw badAddress(text, place);
  return text;
}

function badAddress(text: string, place: string): Fault {
  return new Fault("invalid", `read ${quote(place)}: ${quote(text)} is no IP address`);
}

function versionOf(address: string): 4 | 6 {
  return address.includes(":") ? 6 : 4;
}

/** Names become paths of plugins and of their state: no separators, no leading dot. */
function checkName(text: string, rule: RegExp, place: string): string {
  if (text === "") throw new Fault("invalid", `parse network configuration: no ${quote(place)}`);
  if (rule.test(text) && text.length <= 255) return text;
  const problem = `${quote(place)} is not a valid name: ${quote(text)}`;
  throw new Fault("invalid", `parse network configuration: ${problem}`);
}

/**
 * Whether what was set up for a pod is still there: what was recorded flows in, what is wrong with
 * it flows out, in words. Looks at links, addresses, routes, leases and rules itself; plugins are
 * asked with CHECK. Changes nothing.
 *
 * @see CNI specification 1.0, section 2 "CHECK"
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeFault, Fault } from "@shared/base";
import {
  familiesOf,
  findLink,
  type IpNetwork,
  type Link,
  listAddresses,
  listRoutes,
  type Netlink,
  openNetlink,
} from "@shared/linux";
import { hostLinkName } from "./direct.ts";
import { heldBy } from "./host-local.ts";
import { alone, type Cidr, isSame, networkOf, parseCidr, printCidr, wire } from "./ip.ts";
import { callPlugin, pluginDirectories, toCall, withResult } from "./plugin.ts";
import {
  type Attachment,
  type DirectAttachment,
  type PluginAttachment,
  readAttachments,
  readResults,
  type RecordedResult,
} from "./recorded.ts";
import { tableName } from "./rules.ts";

/** A pod that runs. */
export interface CheckedPod {
  readonly pod: string;
  readonly uuid: string;
  /** Path of its network namespace. */
  readonly namespace: string;
  readonly localConfig: string;
}

/** One thing that was set up, and what is wrong with it now; empty where nothing is. */
export interface Checked {
  /** Empty for what all networks of the pod share. */
  readonly network: string;
  readonly type: string;
  readonly interfaceName: string;
  readonly problems: readonly string[];
}

/** Looks at everything that was set up for a pod, in the order in which it was. */
export async function checkPod(pod: CheckedPod): Promise<Checked[]> {
  const results = readResults(pod.pod);
  const checked: Checked[] = [];
  for (const attachment of readAttachments(pod.pod)) {
    checked.push(await checkOne(pod, attachment, results));
  }
  return checked;
}

async function checkOne(
  pod: CheckedPod,
  attachment: Attachment,
  results: readonly RecordedResult[],
): Promise<Checked> {
  if ("leases" in attachment) {
    const { network, type, interfaceName } = attachment;
    const problems = checkDirect(pod, attachment, results);
    return { network, type, interfaceName, problems };
  }
  if ("plugin" in attachment) {
    const { network, plugin, interfaceName } = attachment;
    const problems = await checkPlugin(pod, attachment, results);
    return { network, type: plugin.replace(/.*\//, ""), interfaceName, problems };
  }
  const missing = attachment.rules === "nftables" && familiesOf(tableName(pod.uuid)).length === 0;
  const problems = missing ? [`the table "${tableName(pod.uuid)}" is gone`] : [];
  return { network: "", type: `rules in ${attachment.rules}`, interfaceName: "", problems };
}

/** A plugin of a version before 0.4.0 has no CHECK, and a network may say that it wants none. */
async function checkPlugin(
  pod: CheckedPod,
  attachment: PluginAttachment,
  results: readonly RecordedResult[],
): Promise<string[]> {
  const configuration = withResult(attachment, results);
  const { cniVersion = "0.1.0" } = JSON.parse(configuration) as { readonly cniVersion?: string };
  if (/^0\.[123]\./.test(cniVersion) || checksAreOff(pod.pod, attachment.network)) return [];
  const { uuid, namespace } = pod;
  const directories = pluginDirectories(pod.localConfig);
  try {
    const where = { uuid, namespace, directories };
    await callPlugin(toCall("CHECK", { ...attachment, configuration }, where));
    return [];
  } catch (error) {
    return [describeFault(Fault.from(error))];
  }
}

/** `disableCheck` of the list as it was when the pod began. */
function checksAreOff(pod: string, network: string): boolean {
  const statuses = JSON.parse(readFileSync(join(pod, "net-info.json"), "utf8")) as readonly {
    readonly netName: string;
    readonly netConf: string;
  }[];
  const status = statuses.find(({ netName }) => netName === network);
  if (status === undefined) return false;
  const text = readFileSync(join(pod, status.netConf), "utf8");
  return (JSON.parse(text) as { readonly disableCheck?: unknown }).disableCheck === true;
}

function checkDirect(
  { uuid, namespace }: CheckedPod,
  attachment: DirectAttachment,
  results: readonly RecordedResult[],
): string[] {
  const { network, interfaceName, type, leases } = attachment;
  const result = results.find((each) => each.network === network)?.result;
  const addresses = (result?.ips ?? []).map(({ address }) => parseCidr(address));
  const routes = (result?.routes ?? []).map(({ dst }) => networkOf(parseCidr(dst)));
  using outside = openNetlink("route");
  using inside = openNetlink("route", namespace);
  const hostName = hostLinkName(uuid, interfaceName);
  const [hostEnd, podEnd] = [findLink(outside, hostName), findLink(inside, interfaceName)];
  const bridge = type === "bridge" ? result?.interfaces[0]?.name : undefined;
  return [
    ...stateOf(hostEnd, `the host's link "${hostName}"`),
    ...stateOf(podEnd, `the pod's link "${interfaceName}"`),
    ...(bridge === undefined ? [] : portProblems(outside, bridge, hostEnd)),
    ...(podEnd === undefined ? [] : missingIn(inside, podEnd, { addresses, routes })),
    ...(hostEnd === undefined || bridge !== undefined
      ? []
      : unreached(outside, hostEnd, addresses)),
    ...unleased(leases, { containerId: uuid, interfaceName }, addresses),
  ];
}

function stateOf(link: Link | undefined, name: string): string[] {
  if (link === undefined) return [`${name} is gone`];
  return link.up ? [] : [`${name} is down`];
}

function portProblems(outside: Netlink, name: string, port: Link | undefined): string[] {
  const bridge = findLink(outside, name);
  if (bridge === undefined) return [`the bridge "${name}" is gone`];
  const down = bridge.up ? [] : [`the bridge "${name}" is down`];
  if (port === undefined || port.master === bridge.index) return down;
  return [...down, `the host's link "${port.name}" is no port of the bridge "${name}"`];
}

function missingIn(
  inside: Netlink,
  link: Link,
  { addresses, routes }: { readonly addresses: readonly Cidr[]; readonly routes: readonly Cidr[] },
): string[] {
  const found = new Set(listAddresses(inside, link.index).map(textOfNetwork));
  const ways = new Set(
    listRoutes(inside, link.index).map(({ destination }) => textOfNetwork(destination)),
  );
  const lost = addresses.filter((address) => !found.has(textOfNetwork(wire(address))));
  const closed = routes.filter((route) => !ways.has(textOfNetwork(wire(route))));
  return [
    ...lost.map((address) => `the address ${printCidr(address)} is gone from "${link.name}"`),
    ...closed.map((route) => `the route to ${printCidr(route)} is gone from "${link.name}"`),
  ];
}

/** A pod at the end of a link of its own is reached by a route of the host to it alone. */
function unreached(outside: Netlink, link: Link, addresses: readonly Cidr[]): string[] {
  const ways = new Set(
    listRoutes(outside, link.index).map(({ destination }) => textOfNetwork(destination)),
  );
  return addresses
    .map(alone)
    .filter((address) => !ways.has(textOfNetwork(wire(address))))
    .map((address) => `the host's route to ${printCidr(address)} is gone`);
}

function unleased(
  directory: string,
  holder: { readonly containerId: string; readonly interfaceName: string },
  addresses: readonly Cidr[],
): string[] {
  const held = heldBy(directory, holder);
  return addresses
    .filter((address) => !held.some((each) => isSame(each, address)))
    .map((address) => `the lease of ${printCidr(address)} is gone from ${directory}`);
}

const textOfNetwork = ({ bytes, length }: IpNetwork): string =>
  `${Buffer.from(bytes).toString("hex")}/${length}`;

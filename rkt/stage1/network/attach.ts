/**
 * The networks of one pod, set up and given back: a list of attachments in the pod directory says
 * at every moment what there is to give back, so that a later process can do it when this one was
 * killed. What is understood is done here, the rest by plugins.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { App, CniNetwork, CniResult, ExposedPort } from "@rkt/spec";
import { crashPoint, Fault, writeFileAtomic } from "@shared/base";
import { addTables, hasNftables, type Kernel } from "@shared/linux";
import { type NetworkStatus, podPaths } from "../contract.ts";
import { addDirect, readDirect, removeDirect, routeLocalhost } from "./direct.ts";
import { closeFirewall, openFirewalls } from "./firewall.ts";
import { parseCidr } from "./ip.ts";
import type { Network } from "./load.ts";
import { addMasquerading, masqueradesFor, removeIptablesRules } from "./masquerade.ts";
import {
  callPlugin,
  findPlugin,
  pluginDirectories,
  printResult,
  toCall,
  withResult,
} from "./plugin.ts";
import { forwardsOf, holdPorts, portmapConfiguration, portNetwork } from "./ports.ts";
import {
  type Attachment,
  keepAttachments,
  type PluginAttachment,
  readAttachments,
  readResults,
  type RecordedResult,
  startRecord,
  writeResults,
} from "./recorded.ts";
import { type PodRules, removeRules, tablesOf } from "./rules.ts";

export interface PodNetwork {
  readonly pod: string;
  readonly uuid: string;
  readonly localConfig: string;
}

export interface NetworkHost {
  readonly kernel: Kernel;
  /** One line for the person who runs the pod. */
  readonly note: (line: string) => void;
}

/** What a pod is attached to. */
export interface AttachRequest {
  /** Path of the pod's network namespace. */
  readonly namespace: string;
  readonly networks: readonly Network[];
  readonly ports: readonly ExposedPort[];
  /** Apps whose images name ports. */
  readonly apps: readonly Pick<App, "ports">[];
}

/** Everything that the steps of one attachment share. */
interface Work extends AttachRequest {
  readonly host: NetworkHost;
  readonly target: PodNetwork;
  readonly directories: readonly string[];
  /** Notes what is about to be done. */
  readonly record: (attachment: Attachment) => void;
}

/**
 * Attaches the pod to the networks, in order, then sets its rules.
 * @returns the results, one per network
 * @throws {Fault} the first failure; what was set up until then stays recorded for `detachNetworks`
 */
export async function attachNetworks(
  host: NetworkHost,
  target: PodNetwork,
  request: AttachRequest,
): Promise<CniResult[]> {
  const { pod } = target;
  const record = startRecord(pod);
  const directories = pluginDirectories(target.localConfig);
  const work: Work = { ...request, host, target, directories, record };
  const recorded: RecordedResult[] = [];
  const statuses: NetworkStatus[] = [];
  for (const [index, network] of request.networks.entries()) {
    const interfaceName = `eth${index}`;
    const { plugin, result } = await attachOne(work, network, interfaceName);
    recorded.push({ network: network.conf.name, interfaceName, result });
    statuses.push(statusOf(network, { plugin, interfaceName, result }));
    crashPoint("stage1-network");
  }
  const results = recorded.map(({ result }) => result);
  await setRules(work, results);
  writeResults(pod, recorded);
  for (const { document, file } of request.networks) {
    writeFileSync(join(pod, "net", file), JSON.stringify(document));
  }
  writeFileAtomic(podPaths.netInfo(pod), JSON.stringify(statuses), { durable: false });
  return results;
}

interface Attached {
  /** Path of the plugin, or its type where none was called. */
  readonly plugin: string;
  readonly result: CniResult;
}

async function attachOne(work: Work, network: Network, interfaceName: string): Promise<Attached> {
  const { target, namespace } = work;
  const direct = readDirect(network.conf, network.args);
  let attached: Attached;
  if (direct === undefined) {
    attached = await add(work, { network, conf: network.conf, interfaceName, result: undefined });
  } else {
    const leases = direct.ipam.directory;
    work.record({ network: network.conf.name, type: direct.type, interfaceName, leases });
    const result = addDirect(work.host, direct, { uuid: target.uuid, namespace, interfaceName });
    attached = { plugin: direct.type, result };
  }
  let { result } = attached;
  for (const conf of network.chained) {
    if (!isPortmap(conf)) ({ result } = await add(work, { network, conf, interfaceName, result }));
  }
  return { plugin: attached.plugin, result };
}

/** Published ports are our own work, whoever asks for them. */
const isPortmap = ({ type }: CniNetwork): boolean => type === "portmap";

interface PluginStep {
  readonly network: Network;
  readonly conf: CniNetwork;
  readonly interfaceName: string;
  /** Of the plugin before it in the chain. */
  readonly result: CniResult | undefined;
}

async function add(work: Work, step: PluginStep): Promise<Attached> {
  const { network, conf, interfaceName, result: before } = step;
  const { document } = conf;
  const plugin = findPlugin(conf.type, work.directories);
  const configuration = JSON.stringify({
    ...document,
    ...(masqueradesFor(conf) && { ipMasq: false }),
    ...(before !== undefined && { prevResult: printResult(before, conf.cniVersion) }),
  });
  const { name } = network.conf;
  const attachment = { network: name, plugin, interfaceName, args: network.args, configuration };
  return { plugin, result: await callAdd(work, attachment) };
}

async function callAdd(work: Work, attachment: PluginAttachment): Promise<CniResult> {
  work.record(attachment);
  const { directories, namespace, target } = work;
  const { uuid } = target;
  const result = await callPlugin(toCall("ADD", attachment, { uuid, namespace, directories }));
  if (result === undefined) throw new Fault("internal", "attach network: no result");
  return result;
}

/** Masquerading, published ports, and a way through the machine's firewall. */
async function setRules(work: Work, results: readonly CniResult[]): Promise<void> {
  const { networks, target } = work;
  const { uuid } = target;
  const masqueraded = networks.flatMap(({ conf }, index) =>
    masqueradesFor(conf)
      ? (results[index]?.ips ?? []).map((address) => ({ network: conf.name, address }))
      : [],
  );
  const place = portNetwork(networks);
  const portResult = place === undefined ? undefined : results[place];
  const asked = portResult === undefined ? [] : forwardsOf(work.ports, work.apps);
  const forwards = portResult === undefined ? [] : await holdPorts(asked, portResult);
  const targets = portResult?.ips ?? [];
  for (const [index, { hostPort, podPort, transport }] of forwards.entries()) {
    if (asked[index]?.hostPort !== 0) continue;
    work.host.note(`networking: host port ${hostPort}/${transport} leads to port ${podPort}`);
  }
  if (hasNftables()) setTables(work, { uuid, masqueraded, targets, forwards });
  else {
    await setIptables(work, results);
    const network = networks[place ?? -1];
    if (forwards.length > 0 && network !== undefined && portResult !== undefined) {
      await callAdd(work, {
        network: network.conf.name,
        plugin: findPlugin("portmap", work.directories),
        interfaceName: `eth${place}`,
        args: "",
        configuration: JSON.stringify(portmapConfiguration(network, portResult, forwards)),
      });
    }
  }
  await admit(work, results);
}

function setTables(work: Work, rules: PodRules): void {
  const tables = tablesOf(rules);
  if (tables.length === 0) return;
  work.record({ rules: "nftables" });
  addTables(tables);
  const target = rules.targets.find(({ version }) => version === 4);
  if (rules.forwards.length > 0 && target !== undefined) routeLocalhost(parseCidr(target.address));
}

async function setIptables(work: Work, results: readonly CniResult[]): Promise<void> {
  for (const [index, { conf }] of work.networks.entries()) {
    if (!masqueradesFor(conf)) continue;
    work.record({ rules: "nat" });
    const addresses = results[index]?.ips ?? [];
    await addMasquerading({ network: conf.name, uuid: work.target.uuid, addresses });
  }
}

/** Whatever firewall this machine has, the pod is let through. */
async function admit(work: Work, results: readonly CniResult[]): Promise<void> {
  const { host, target, networks, record } = work;
  const admitted = networks.map(({ conf }, index) => ({
    network: conf.name,
    addresses: results[index]?.ips ?? [],
  }));
  await openFirewalls(host, { uuid: target.uuid, admitted }, record);
}

function statusOf(
  network: Network,
  facts: { plugin: string; interfaceName: string; result: CniResult },
): NetworkStatus {
  const [address = "", length = "32"] = (facts.result.ips[0]?.address ?? "").split("/");
  return {
    netName: network.conf.name,
    netConf: join("net", network.file),
    pluginPath: facts.plugin,
    ifName: facts.interfaceName,
    ip: address,
    args: network.args,
    mask: address.includes(":") ? length : netmask(Number(length)),
  };
}

/** 24 → `255.255.255.0`. */
function netmask(length: number): string {
  const bits = length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join(".");
}

/**
 * Gives back what `attachNetworks` recorded, last first, and forgets it. One failure does not stop
 * the others.
 * @param namespace path of the pod's network namespace; undefined when it is gone, with its last
 * process
 * @returns the failures, if any; what failed stays recorded
 */
export async function detachNetworks(
  host: Pick<NetworkHost, "kernel">,
  target: PodNetwork,
  namespace: string | undefined,
): Promise<Fault[]> {
  const attachments = readAttachments(target.pod);
  if (attachments.length === 0) return [];
  const directories = pluginDirectories(target.localConfig);
  const results = readResults(target.pod);
  const failures: Fault[] = [];
  const left: Attachment[] = [];
  for (const attachment of attachments.toReversed()) {
    try {
      const where = { uuid: target.uuid, namespace: namespace ?? "", directories, results };
      await undo(host, attachment, where);
    } catch (error) {
      failures.push(Fault.from(error));
      left.unshift(attachment);
    }
  }
  keepAttachments(target.pod, left);
  return failures;
}

interface Undoing {
  readonly uuid: string;
  /** Empty where it is gone. */
  readonly namespace: string;
  readonly directories: readonly string[];
  readonly results: readonly RecordedResult[];
}

async function undo(
  host: Pick<NetworkHost, "kernel">,
  attachment: Attachment,
  where: Undoing,
): Promise<void> {
  const { uuid } = where;
  const ending = where.namespace !== "";
  if ("leases" in attachment) {
    const { network } = attachment;
    const found = where.results.find((each) => each.network === network)?.result.ips ?? [];
    // A plugin of the chain that told no addresses on does not hide ours.
    const addresses =
      found.length === 0 ? undefined : found.map(({ address }) => parseCidr(address));
    await removeDirect(host, { ...attachment, uuid, ending, addresses });
  } else if ("plugin" in attachment) await callDelete(attachment, where);
  else if (attachment.rules === "nftables") removeRules(uuid);
  else if (attachment.rules === "nat") await removeIptablesRules(uuid, "nat");
  else await closeFirewall(uuid, attachment);
}

/** A plugin that does not know the version did nothing when it was asked to add, either. */
async function callDelete(attachment: PluginAttachment, where: Undoing): Promise<void> {
  const configuration = withResult(attachment, where.results);
  try {
    await callPlugin(toCall("DEL", { ...attachment, configuration }, where));
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== "unsupported") throw error;
  }
}

/**
 * The networks of one pod, set up and given back: a list of attachments in the pod directory says
 * at every moment what there is to give back, so that a later process can do it when this one was
 * killed.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CniResult, ExposedPort } from "@rkt/spec";
import { crashPoint, Fault, writeFileAtomic } from "@shared/base";
import { type NetworkStatus, podPaths } from "../contract.ts";
import type { Network } from "./load.ts";
import { addMasquerading, masqueradesFor, removeMasquerading } from "./masquerade.ts";
import { callPlugin, findPlugin, type PluginCall, pluginDirectories } from "./plugin.ts";
import { portMappings } from "./ports.ts";

/** One plugin's ADD, with all that its DEL needs. */
interface Attachment {
  readonly network: string;
  readonly plugin: string;
  readonly interfaceName: string;
  readonly args: string;
  readonly configuration: string;
}

export interface PodNetwork {
  readonly pod: string;
  readonly uuid: string;
  readonly localConfig: string;
}

const attachmentsPath = (pod: string): string => join(pod, "net", "attachments.json");

/**
 * Attaches the pod to `networks`, in order.
 * @param namespace path of the pod's network namespace
 * @returns the results, one per network
 * @throws {Fault} the first failure; what was set up until then stays recorded for `detachNetworks`
 */
export async function attachNetworks(
  target: PodNetwork,
  namespace: string,
  networks: readonly Network[],
  ports: readonly ExposedPort[],
): Promise<CniResult[]> {
  const { pod, uuid } = target;
  mkdirSync(join(pod, "net"), { recursive: true, mode: 0o750 });
  const directories = pluginDirectories(target.localConfig);
  const attachments: Attachment[] = [];
  const add = async (attachment: Attachment): Promise<CniResult> => {
    attachments.push(attachment);
    writeFileAtomic(attachmentsPath(pod), JSON.stringify(attachments), { durable: false });
    const result = await callPlugin(toCall("ADD", attachment, { uuid, namespace, directories }));
    if (result === undefined) throw new Fault("internal", "attach network: no result");
    return result;
  };
  const results: CniResult[] = [];
  const statuses: NetworkStatus[] = [];
  for (const [index, network] of networks.entries()) {
    const interfaceName = `eth${index}`;
    const plugin = findPlugin(network.conf.type, directories);
    const masquerades = masqueradesFor(network.conf);
    const { document } = network.conf;
    const configuration = JSON.stringify(masquerades ? { ...document, ipMasq: false } : document);
    const base = { network: network.conf.name, interfaceName, args: network.args };
    const result = await add({ ...base, plugin, configuration });
    if (masquerades) {
      await addMasquerading({ network: network.conf.name, uuid, addresses: result.ips });
    }
    results.push(result);
    statuses.push(statusOf(network, { plugin, interfaceName, result }));
    crashPoint("stage1-network");
  }
  const portmap = portMappings(ports, networks, results);
  if (portmap !== undefined) {
    await add({
      network: portmap.network,
      plugin: findPlugin("portmap", directories),
      interfaceName: portmap.interfaceName,
      args: "",
      configuration: JSON.stringify(portmap.configuration),
    });
  }
  for (const { conf, file } of networks) {
    writeFileSync(join(pod, "net", file), JSON.stringify(conf.document));
  }
  writeFileAtomic(podPaths.netInfo(pod), JSON.stringify(statuses), { durable: false });
  return results;
}

function toCall(
  command: "ADD" | "DEL",
  attachment: Attachment,
  where: { uuid: string; namespace: string; directories: readonly string[] },
): PluginCall {
  return {
    command,
    plugin: attachment.plugin,
    pluginDirectories: where.directories,
    containerId: where.uuid,
    namespace: where.namespace,
    interfaceName: attachment.interfaceName,
    args: attachment.args,
    configuration: attachment.configuration,
  };
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
    mask: netmask(Number(length)),
  };
}

/** 24 → `255.255.255.0`. */
function netmask(length: number): string {
  const bits = length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join(".");
}

/**
 * Gives back what `attachNetworks` recorded, last first, and forgets it. A plugin's failure does
 * not stop the others.
 * @param namespace path of the pod's network namespace; undefined when it is gone, with its last
 * process
 * @returns the failures, if any; what failed stays recorded
 */
export async function detachNetworks(
  target: PodNetwork,
  namespace: string | undefined,
): Promise<Fault[]> {
  const { uuid } = target;
  const attachments = readAttachments(target.pod);
  if (attachments.length === 0) return [];
  const directories = pluginDirectories(target.localConfig);
  const failures: Fault[] = [];
  const left: Attachment[] = [];
  for (const attachment of attachments.toReversed()) {
    try {
      await callPlugin(
        toCall("DEL", attachment, { uuid, namespace: namespace ?? "", directories }),
      );
    } catch (error) {
      failures.push(Fault.from(error));
      left.unshift(attachment);
    }
  }
  await removeMasquerading(uuid);
  if (left.length === 0) rmSync(attachmentsPath(target.pod), { force: true });
  else writeFileAtomic(attachmentsPath(target.pod), JSON.stringify(left), { durable: false });
  return failures;
}

function readAttachments(pod: string): Attachment[] {
  try {
    return JSON.parse(readFileSync(attachmentsPath(pod), "utf8")) as Attachment[];
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return [];
    throw error;
  }
}

/**
 * What networks hold for pods that are not there any more: leases, tables, rules and links flow
 * out, each with its pod, and can be taken away. A pod is there when its directory is, or when a
 * process works in such a directory, of whatever data directory. Leases of other runtimes are not
 * looked at.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { ipVersion, type JsonObject } from "@rkt/spec";
import { describeFault, Fault } from "@shared/base";
import {
  deleteLink,
  hasNftables,
  type Kernel,
  listLinks,
  listTables,
  openNetlink,
} from "@shared/linux";
import { podOfLabel, readDirect } from "./direct.ts";
import { closeFirewall, podsInFirewalls } from "./firewall.ts";
import { leaseDirectory, releaseUnowned } from "./host-local.ts";
import type { Network } from "./load.ts";
import { removeIptablesRules } from "./masquerade.ts";
import { callPlugin, findPlugin, pluginDirectories } from "./plugin.ts";
import { removeRules, tableName } from "./rules.ts";

/** Something that nobody has any more. */
export interface Leftover {
  readonly kind: "lease" | "table" | "rules" | "link";
  /** Path of a lease, name of a table or link, empty for rules. */
  readonly name: string;
  readonly uuid: string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const LEASES = "/var/lib/cni/networks";

/**
 * All leftovers of this machine.
 * @param known UUIDs of the pods of a data directory, in whatever state
 */
export async function findLeftovers(
  networks: readonly Network[],
  known: ReadonlySet<string>,
): Promise<Leftover[]> {
  const found = [
    ...leaseDirectories(networks).flatMap(leasesIn),
    ...(hasNftables() ? tables() : []),
    ...(await podsInFirewalls()).map((uuid) => ({ kind: "rules", name: "", uuid }) as const),
    ...links(),
  ];
  const running = runningElsewhere();
  const isLeft = ({ uuid }: Leftover): boolean => !known.has(uuid) && !running.has(uuid);
  return found.filter(isLeft);
}

function leaseDirectories(networks: readonly Network[]): string[] {
  const directories = networks.flatMap(({ conf }) => {
    if (conf.ipamType !== "host-local") return [];
    return [leaseDirectory(conf.name, conf.document["ipam"] as JsonObject)];
  });
  const usual = existsSync(LEASES) ? readdirSync(LEASES).map((name) => join(LEASES, name)) : [];
  return [...new Set([...directories, ...usual])].filter((path) => existsSync(path));
}

function leasesIn(directory: string): Leftover[] {
  return readdirSync(directory)
    .filter((name) => ipVersion(name) !== undefined)
    .flatMap((name) => {
      const uuid = holderOf(join(directory, name));
      if (uuid === undefined) return [];
      return [{ kind: "lease", name: join(directory, name), uuid }] as const;
    });
}

/** The pod of a lease; undefined where it is somebody else's or gone. */
function holderOf(path: string): string | undefined {
  try {
    const [holder = ""] = readFileSync(path, "utf8").split(/\s/);
    return UUID.test(holder) ? holder : undefined;
  } catch {
    return undefined; // given back since it was listed
  }
}

function tables(): Leftover[] {
  const names = new Set(listTables().map(({ name }) => name));
  return [...names].flatMap((name) => {
    const uuid = name.startsWith(tableName("")) ? name.slice(tableName("").length) : "";
    return UUID.test(uuid) ? [{ kind: "table", name, uuid }] : [];
  });
}

function links(): Leftover[] {
  using route = openNetlink("route");
  return listLinks(route).flatMap(({ name, alias }) => {
    const uuid = podOfLabel(alias);
    return uuid === undefined ? [] : [{ kind: "link", name, uuid }];
  });
}

/** A supervisor works in its pod's directory, wherever that lies. */
function runningElsewhere(): Set<string> {
  const directories = readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .map((pid) => workingDirectory(pid));
  return new Set(directories.map((path) => /\/pods\/[a-z-]+\/([^/]+)$/.exec(path)?.[1] ?? ""));
}

function workingDirectory(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return ""; // it has ended since it was listed
  }
}

/** Takes it away. @throws {Fault} of the first that could not be, after the others */
export async function removeLeftover(
  host: { readonly kernel: Kernel },
  { kind, name, uuid }: Leftover,
): Promise<void> {
  if (kind === "lease") releaseUnowned(host, name, uuid);
  else if (kind === "table") removeRules(uuid);
  else if (kind === "link") {
    using route = openNetlink("route");
    route.exchange([deleteLink(name)]);
  } else {
    await removeIptablesRules(uuid, "nat");
    await closeFirewall(uuid, { rules: "filter" });
    if (hasNftables()) await closeFirewall(uuid, { rules: "forward" });
  }
}

/** One attachment that is in use, as plugins are told. */
export interface ValidAttachment {
  readonly containerID: string;
  readonly ifname: string;
}

/**
 * Tells the plugins of a network which attachments are in use, so that they forget all others.
 * @returns what went wrong; empty for networks before CNI 1.1, which do not know this
 * @see CNI specification 1.1, section 2 "GC"
 */
export async function collectNetwork(
  network: Network,
  attachments: readonly ValidAttachment[],
  localConfig: string,
): Promise<string[]> {
  if (network.document["disableGC"] === true) return [];
  const extra = { "cni.dev/valid-attachments": attachments };
  return await ask("GC", network, { localConfig, extra });
}

/**
 * Asks the plugins of a network whether they are ready.
 * @returns what they say against it; empty for networks before CNI 1.1
 * @see CNI specification 1.1, section 2 "STATUS"
 */
export async function statusOfNetwork(network: Network, localConfig: string): Promise<string[]> {
  return await ask("STATUS", network, { localConfig, extra: {} });
}

async function ask(
  command: "GC" | "STATUS",
  network: Network,
  { localConfig, extra }: { readonly localConfig: string; readonly extra: JsonObject },
): Promise<string[]> {
  if (/^(0|1\.0)\./.test(network.conf.cniVersion)) return [];
  const directories = pluginDirectories(localConfig);
  const isOurs = readDirect(network.conf, "") !== undefined;
  const plugins = [...(isOurs ? [] : [network.conf]), ...network.chained].filter(
    ({ type }) => type !== "portmap",
  );
  const problems: string[] = [];
  for (const conf of plugins) {
    try {
      await callPlugin({
        command,
        plugin: findPlugin(conf.type, directories),
        pluginDirectories: directories,
        containerId: "",
        namespace: "",
        interfaceName: "",
        args: "",
        configuration: JSON.stringify({ ...conf.document, ...extra }),
      });
    } catch (error) {
      problems.push(`plugin "${conf.type}": ${describeFault(Fault.from(error))}`);
    }
  }
  return problems;
}

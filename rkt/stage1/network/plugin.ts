/**
 * One call of a CNI plugin: configuration on standard input, result on standard output.
 *
 * @see CNI specification 1.0, section 2 "Execution protocol"
 */
import { join } from "node:path";
import { type CniResult, parseCniError, parseCniResult } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { isExecutable } from "../programs.ts";
import type { PluginAttachment, RecordedResult } from "./recorded.ts";

export interface PluginCall {
  readonly command: "ADD" | "DEL" | "CHECK" | "STATUS" | "GC";
  /** Absolute path of the plugin. */
  readonly plugin: string;
  readonly pluginDirectories: readonly string[];
  /** Empty for STATUS and GC, which concern no pod. */
  readonly containerId: string;
  /** Path of the network namespace; empty on DEL when it is gone. */
  readonly namespace: string;
  readonly interfaceName: string;
  readonly args: string;
  /** The network configuration as JSON. */
  readonly configuration: string;
}

/** The plugin refused before it did anything. @see CNI 1.0, "Error", code 1 */
const INCOMPATIBLE_VERSION = 1;

/** Calls the plugin. Only ADD has a result. @throws {Fault} with the plugin's own message */
export async function callPlugin(call: PluginCall): Promise<CniResult | undefined> {
  const child = Bun.spawn([call.plugin], {
    stdin: Buffer.from(call.configuration),
    stdout: "pipe",
    stderr: "pipe",
    cwd: "/",
    env: {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      CNI_COMMAND: call.command,
      ...(call.containerId !== "" && {
        CNI_CONTAINERID: call.containerId,
        CNI_NETNS: call.namespace,
        CNI_IFNAME: call.interfaceName,
        CNI_ARGS: call.args,
      }),
      CNI_PATH: call.pluginDirectories.join(":"),
    },
  });
  const [output, errors, status] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  if (status === 0) return call.command === "ADD" ? parseCniResult(output) : undefined;
  const said = parseCniError(output);
  const reason = said?.msg ?? (errors.trim() || `exit status ${status}`);
  throw new Fault(said?.code === INCOMPATIBLE_VERSION ? "unsupported" : "unavailable", reason);
}

/** The call that concerns one pod's attachment. Pure. */
export function toCall(
  command: "ADD" | "DEL" | "CHECK",
  attachment: PluginAttachment,
  where: {
    readonly uuid: string;
    readonly namespace: string;
    readonly directories: readonly string[];
  },
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

/**
 * The attachment's configuration with what its whole network came to, as CHECK and DEL are told.
 * Plugins before 0.4.0 were not; where the network was never whole, what ADD was told remains.
 * Pure.
 * @see CNI specification 1.0, section 2 "DEL" and "CHECK"
 */
export function withResult(
  { network, interfaceName, configuration }: PluginAttachment,
  results: readonly RecordedResult[],
): string {
  const found = results.find(
    (each) => each.network === network && each.interfaceName === interfaceName,
  );
  const document = JSON.parse(configuration) as { readonly cniVersion?: string };
  const { cniVersion = "0.1.0" } = document;
  if (found === undefined || /^0\.[123]\./.test(cniVersion)) return configuration;
  return JSON.stringify({ ...document, prevResult: printResult(found.result, cniVersion) });
}

/** A result as the plugins of `cniVersion` print and read it; empty lists are left out. Pure. */
export function printResult(result: CniResult, cniVersion: string): unknown {
  const { interfaces, routes, dns } = result;
  const old = cniVersion.startsWith("0.");
  const ips = result.ips.map(({ version, ...ip }) => (old ? { version: `${version}`, ...ip } : ip));
  const lists = Object.entries({ interfaces, ips, routes });
  return {
    cniVersion,
    ...Object.fromEntries(lists.filter(([, list]) => list.length > 0)),
    dns: {
      ...(dns.nameservers.length > 0 && { nameservers: dns.nameservers }),
      ...(dns.domain !== undefined && { domain: dns.domain }),
      ...(dns.search.length > 0 && { search: dns.search }),
      ...(dns.options.length > 0 && { options: dns.options }),
    },
  };
}

/** Where plugins are looked for, in order. */
export function pluginDirectories(localConfig: string): string[] {
  return [join(localConfig, "net.d"), "/usr/lib/rkt/plugins/net", "/usr/lib/cni", "/opt/cni/bin"];
}

/** @throws {Fault} "missing-program" naming the plugin and the directories */
export function findPlugin(type: string, directories: readonly string[]): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(type)) {
    throw new Fault("invalid", `find network plugin ${quote(type)}: not the name of a program`);
  }
  const found = directories.map((directory) => join(directory, type)).find(isExecutable);
  if (found !== undefined) return found;
  const where = `[${directories.join(" ")}]`;
  throw new Fault("missing-program", `failed to find plugin ${quote(type)} in path ${where}`, {
    hint: "install the CNI plugins: apt-get install containernetworking-plugins",
  });
}

/**
 * Which networks a pod gets: the configuration files of the machine and the built-in ones, then the
 * choice of `--net`.
 *
 * In: directories and the text after `--net=`. Out: networks in interface order (eth0, eth1, …).
 * Starts nothing.
 * @see rkt Documentation/networking/overview.md
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import {
  BUILT_IN_NETWORKS,
  type CniNetwork,
  type JsonObject,
  type NetworkSelection,
  parseNetwork,
} from "@rkt/spec";
import { Fault, quote } from "@shared/base";

export interface Network {
  /** The first plugin's, which makes the interface. */
  readonly conf: CniNetwork;
  /** The plugins that come after it, in order; none for a `.conf`. */
  readonly chained: readonly CniNetwork[];
  /** The file as it was read. */
  readonly document: JsonObject;
  /** Base name of its file; built-in networks have one too, so that all sort together. */
  readonly file: string;
  /** CNI_ARGS, as `K=V;K2=V2`. */
  readonly args: string;
}

/**
 * Networks of `<localConfig>/net.d` and the built-in ones that they do not override, sorted by file
 * name.
 */
export function loadNetworks(localConfig: string, note: (line: string) => void): Network[] {
  const directory = join(localConfig, "net.d");
  note(`networking: loading networks from ${directory}`);
  const networks = new Map<string, Network>();
  for (const file of configurationFiles(directory)) {
    const read = readNetwork(join(directory, file));
    const { name } = read.conf;
    if (networks.has(name)) {
      note(`networking: "${name}" network already defined, ignoring ${file}`);
    } else networks.set(name, { ...read, file, args: "" });
  }
  for (const conf of BUILT_IN_NETWORKS) {
    if (networks.has(conf.name)) {
      note(`networking: overriding "${conf.name}" network with one from ${directory}`);
    } else {
      const file = `99-${conf.name}.conf`;
      networks.set(conf.name, { conf, chained: [], document: conf.document, file, args: "" });
    }
  }
  return [...networks.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
}

function readNetwork(path: string): Pick<Network, "conf" | "chained" | "document"> {
  try {
    const text = readFileSync(path, "utf8");
    if (path.endsWith(".conflist")) return readList(text);
    const conf = parseNetwork(text);
    return { conf, chained: [], document: conf.document };
  } catch (error) {
    throw new Fault("invalid", `read network configuration ${quote(path)}`, { cause: error });
  }
}

/** Every plugin of a list is told the list's name and version. @see CNI 1.0, section 1 */
function readList(text: string): Pick<Network, "conf" | "chained" | "document"> {
  const document = JSON.parse(text) as JsonObject;
  const { name, cniVersion, plugins } = document;
  if (!Array.isArray(plugins) || plugins.length === 0) {
    throw new Fault("invalid", 'parse network configuration: no "plugins"');
  }
  const version = cniVersion === undefined ? {} : { cniVersion };
  const [conf, ...chained] = plugins.map((plugin) =>
    parseNetwork(JSON.stringify({ ...(plugin as JsonObject), name, ...version })),
  ) as [CniNetwork, ...CniNetwork[]];
  return { conf, chained, document };
}

function configurationFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(".conf") || name.endsWith(".conflist"))
      .map((name) => basename(name))
      .sort();
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return [];
    throw error;
  }
}

/**
 * The networks that `--net` asks for. @throws {Fault} "not-found" naming those that do not exist
 */
export function chooseNetworks(
  networks: readonly Network[],
  selection: NetworkSelection,
): Network[] {
  const asked = selection.networks;
  if (asked.some(({ name }) => name === "all")) return [...networks];
  const missing = asked.filter(({ name }) => networks.every(({ conf }) => conf.name !== name));
  if (missing.length > 0) {
    throw new Fault(
      "not-found",
      `networks not found: ${missing.map(({ name }) => name).join(", ")}`,
    );
  }
  return networks.flatMap((network) => {
    const choice = asked.find(({ name }) => name === network.conf.name);
    return choice === undefined ? [] : [{ ...network, args: choice.args }];
  });
}

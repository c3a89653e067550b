/**
 * Which networks a pod gets: the configuration files of the machine and the built-in ones, then the
 * choice of `--net`.
 *
 * In: directories and the text after `--net=`. Out: networks in interface order (eth0, eth1, …).
 * Starts nothing.
 * @see rkt Documentation/networking/overview.md
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import {
  BUILT_IN_NETWORKS,
  type CniNetwork,
  type JsonObject,
  type NetworkSelection,
  parseNetwork,
} from "@rkt/spec";
import { Fault, quote } from "@shared/base";

/** One network that a pod can join, as its file describes it. */
export interface Network {
  /** The first plugin's, which makes the interface. */
  readonly conf: CniNetwork;
  /** The plugins that come after it, in order; none for a `.conf`. */
  readonly chained: readonly CniNetwork[];
  /** The file as it was read. */
  readonly document: JsonObject;
  /** Base name of its file; built-in networks have one too, so that all sort together. */
  readonly file: string;
  /** Where that file lies; empty for a built-in network. */
  readonly directory: string;
  /** CNI_ARGS, as `K=V;K2=V2`. */
  readonly args: string;
}

/** Where packages put networks; the administrator's of the same name take their place. */
const SYSTEM_DIRECTORY = "/usr/lib/rkt/net.d";

/**
 * Networks of `<localConfig>/net.d`, those of the system's directory and the built-in ones that
 * they do not override, sorted by file name.
 */
export function loadNetworks(
  localConfig: string,
  note: (line: string) => void,
  systemDirectory: string = SYSTEM_DIRECTORY,
): Network[] {
  const networks = new Map<string, Network>();
  const local = join(localConfig, "net.d");
  note(`networking: loading networks from ${local}`);
  for (const network of networksIn(local, note)) networks.set(network.conf.name, network);
  const others = [...networksIn(systemDirectory, note), ...builtIn()];
  for (const network of others) {
    const { name } = network.conf;
    const over = networks.get(name);
    if (over === undefined) networks.set(name, network);
    else note(`networking: overriding "${name}" network with one from ${over.directory}`);
  }
  return [...networks.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Of two files with one name of a network the first counts. */
function networksIn(directory: string, note: (line: string) => void): Network[] {
  const networks = new Map<string, Network>();
  for (const file of configurationFiles(directory)) {
    const read = readNetwork(join(directory, file));
    const { name } = read.conf;
    if (networks.has(name)) {
      note(`networking: "${name}" network already defined, ignoring ${file}`);
    } else networks.set(name, { ...read, file, directory, args: "" });
  }
  return [...networks.values()];
}

function builtIn(): Network[] {
  return BUILT_IN_NETWORKS.map((conf) => {
    const file = `99-${conf.name}.conf`;
    return { conf, chained: [], document: conf.document, file, directory: "", args: "" };
  });
}

type Written = Pick<Network, "conf" | "chained" | "document">;

function readNetwork(path: string): Written {
  try {
    const text = readFileSync(path, "utf8");
    if (path.endsWith(".conflist")) return readList(text, dirname(path));
    const conf = parseNetwork(text);
    return { conf, chained: [], document: conf.document };
  } catch (error) {
    throw new Fault("invalid", `read network configuration ${quote(path)}`, { cause: error });
  }
}

/**
 * Every plugin of a list is told the list's name and version. Plugins of a directory with the name
 * of the network come after those of the list, unless it says that it is whole.
 * @see CNI 1.1, section 1
 */
function readList(text: string, directory: string): Written {
  const document = JSON.parse(text) as JsonObject;
  const { name, plugins = [], loadOnlyInlinedPlugins } = document;
  const alone = loadOnlyInlinedPlugins === true || !isPlainName(name);
  const further = alone ? [] : pluginsOfDirectory(join(directory, name));
  const all = Array.isArray(plugins) ? [...(plugins as unknown[]), ...further] : [];
  if (all.length === 0) {
    throw new Fault("invalid", 'parse network configuration: no "plugins"');
  }
  const version = versionOf(document);
  const [conf, ...chained] = all.map((plugin) =>
    parseNetwork(JSON.stringify({ ...(plugin as JsonObject), name, ...version })),
  ) as [CniNetwork, ...CniNetwork[]];
  return { conf, chained, document };
}

const isPlainName = (name: unknown): name is string =>
  typeof name === "string" && /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name);

function pluginsOfDirectory(directory: string): unknown[] {
  return configurationFiles(directory)
    .filter((file) => file.endsWith(".conf"))
    .map((file) => JSON.parse(readFileSync(join(directory, file), "utf8")) as unknown);
}

const NEWEST = "1.1.0";

/** The newest of `cniVersions` that is known here, else `cniVersion`. */
function versionOf({ cniVersion, cniVersions }: JsonObject): { readonly cniVersion?: unknown } {
  const offered = Array.isArray(cniVersions) ? (cniVersions as unknown[]) : [];
  const known = [cniVersion, ...offered]
    .filter((version) => typeof version === "string")
    .filter((version) => Bun.semver.order(version, NEWEST) <= 0);
  const [newest] = known.sort(Bun.semver.order).reverse();
  const version = newest ?? cniVersion;
  return version === undefined ? {} : { cniVersion: version };
}

function configurationFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(".conf") || name.endsWith(".conflist"))
      .map((name) => basename(name))
      .sort();
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (code === "ENOENT" || code === "ENOTDIR") return [];
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

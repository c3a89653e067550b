/** `rkt net list`: the networks that `--net` can name, in the order of their interfaces. */
import { loadNetworks, type Network } from "@rkt/stage1/network";
import { formatFlag, noLegend, TABLE_FORMAT_USAGE } from "../flags/format.ts";
import { localConfig } from "../flags/global.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { formatColumns } from "../output/columns.ts";
import { formatJson } from "../output/json.ts";

const format = formatFlag(TABLE_FORMAT_USAGE);

export const netList: Command = {
  usage: "net list",
  description: [
    "Prints a table of the networks that pods can join: those of net.d in the configuration",
    "directory, those of /usr/lib/rkt/net.d, and the built-in ones.",
  ],
  flags: [format, noLegend],
  grammar: "anywhere",
  run: printNetworks,
};

function printNetworks(host: Host, call: Call): number {
  const { flags } = call;
  const networks = loadNetworks(flags.get(localConfig), () => {});
  const form = flags.get(format);
  if (form !== "") host.print(formatJson(networks.map(documentOf), form));
  else {
    const legend = flags.get(noLegend) ? [] : [LEGEND];
    host.print(formatColumns([...legend, ...networks.map(rowOf)]));
  }
  return 0;
}

const LEGEND = ["NAME", "TYPE", "PLUGINS", "CNI", "SUBNETS", "FILE"];

function rowOf(network: Network): string[] {
  const { conf, chained, directory, file } = network;
  return [
    conf.name,
    conf.type,
    chained.map(({ type }) => type).join(",") || "-",
    conf.cniVersion,
    subnetsOf(network).join(",") || "-",
    directory === "" ? "built in" : `${directory}/${file}`,
  ];
}

function documentOf(network: Network): object {
  const { conf, chained, directory, file } = network;
  return {
    name: conf.name,
    type: conf.type,
    plugins: chained.map(({ type }) => type),
    cniVersion: conf.cniVersion,
    ipMasq: conf.ipMasq,
    ipam: conf.ipamType ?? null,
    subnets: subnetsOf(network),
    file: directory === "" ? null : `${directory}/${file}`,
  };
}

/** What host-local and its like give addresses from. */
function subnetsOf({ conf }: Network): string[] {
  const ipam = conf.document["ipam"] as { subnet?: unknown; ranges?: unknown } | undefined;
  const sets = Array.isArray(ipam?.ranges) ? (ipam.ranges as unknown[]).flat() : [];
  const ranges = [ipam, ...sets] as ({ readonly subnet?: unknown } | undefined)[];
  return ranges.map((range) => range?.subnet).filter((subnet) => typeof subnet === "string");
}
